/** `marinade serve`: the orchestrator as a service, over a queue or computing itself, with an HTTP face. */

import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { createServer } from '../../dashboard/server/server.ts';
import { inProcessDispatcher } from '../../orchestrator/dispatchers/in-process.ts';
import { type OwnedLedger, openDashboardReader } from '../../orchestrator/ledger/open-ledger.ts';
import { Orchestrator } from '../../orchestrator/orchestrator.ts';
import type { KernelsName } from '../../shared/contracts/kernels.ts';
import { codeOf, MarinadeError } from '../../shared/errors.ts';
import { registeredContent } from '../../worker/data/registered-content.ts';
import { IsolatedExecutor } from '../../worker/isolated.ts';
import type { WorkerPool } from '../../worker/pool.ts';
import { hashStrategyModules, loadCatalog } from '../../worker/strategy-modules.ts';
import { tokenOf } from '../client.ts';
import { builtPage, invitation, listen, namesOf } from '../dashboard.ts';
import { listenForInterrupt, unlessInterrupted, whenInterrupted } from '../interrupt.ts';
import { type Log, openLog } from '../log.ts';
import { print } from '../output.ts';
import { ownPool, remembering } from '../own-pool.ts';
import { createPool, type DataChoice, dataOptionsOf, defaultThreads, modulesOf } from '../pool.ts';
import { boardQueue, drainWorker, type OpenedQueue, openQueue, type QueueOptions } from '../queue.ts';
import { createCommands } from '../service.ts';
import { createMetrics } from '../service-metrics.ts';
import { version } from '../version.ts';
import { dataOf, ownLedger } from '../wire.ts';

export interface ServeOptions extends DataChoice, Partial<QueueOptions> {
  readonly results: string;
  readonly host: string;
  readonly port: number;
  readonly allowHost: readonly string[];
  readonly tokenFile?: string;
  readonly threads?: number;
  readonly kernels: KernelsName;
  readonly strategies: readonly string[];
  readonly workers?: number;
  readonly roundsPerJob: number | 'auto';
}

const MIN_TOKEN = 16;

/** The token others show: of a file or the environment where several machines share it, else the one of this ledger's owner. */
async function sharedToken({ host, tokenFile }: ServeOptions): Promise<string | undefined> {
  const token = tokenFile === undefined ? process.env['MARINADE_TOKEN'] : await tokenOf(tokenFile);
  if (token !== undefined && token.length < MIN_TOKEN) {
    const name = tokenFile ?? 'MARINADE_TOKEN';
    throw new MarinadeError('MARINADE_CONFIG_USAGE', `${name} must have at least ${MIN_TOKEN} characters; it has ${token.length}`);
  }
  if (token === undefined && !['127.0.0.1', '::1', 'localhost'].includes(host)) {
    throw new MarinadeError(
      'MARINADE_CONFIG_USAGE',
      `--host ${host} can be reached by others: set MARINADE_TOKEN to a secret of your own first, or name a file with --token-file`,
    );
  }
  return token;
}

export async function serve(given: ServeOptions): Promise<void> {
  const token = await sharedToken(given);
  const threads = given.threads ?? defaultThreads();
  const log = openLog('serve');
  const interrupt = listenForInterrupt((signal) => log.note(`${signal}: finishing the rounds under way; once more to stop at once`));
  const pool = createPool({ ...given, threads, parallel: 'runs' });
  const isolated = new IsolatedExecutor({ kernels: given.kernels, data: dataOptionsOf(given), strategyModules: modulesOf(given) });
  let ledger: OwnedLedger | undefined;
  let queue: Awaited<ReturnType<typeof openQueue>> | undefined;
  try {
    ledger = await ownLedger(given.results, token);
    if (given.redis !== undefined) {
      const opening = openQueue(
        { ...given, redis: given.redis, queue: given.queue ?? 'marinade', threads, dataDir: given.dataDir },
        log.warn,
      );
      queue = await unlessInterrupted(opening, interrupt.signal, 'connecting');
    }
    await serveStudies({ given, log, threads, ledger, pool, queue, isolated, isShared: token !== undefined, signal: interrupt.signal });
    process.exitCode = interrupt.exitCode() ?? 0;
  } catch (thrown) {
    if (interrupt.exitCode() === undefined || codeOf(thrown) !== 'MARINADE_EXECUTION_INTERRUPTED') throw thrown;
    process.exitCode = interrupt.exitCode()!;
  } finally {
    await queue?.dispatcher.close();
    await queue?.workers.stop();
    await ledger?.close();
    await Promise.all([pool.close(), isolated.close()]);
    interrupt.dispose();
  }
}

interface Service {
  readonly given: ServeOptions;
  readonly log: Log;
  readonly threads: number;
  readonly ledger: OwnedLedger;
  readonly pool: WorkerPool;
  readonly isolated: IsolatedExecutor;
  /** Undefined when this process computes itself. */
  readonly queue: OpenedQueue | undefined;
  /** Whether the token is one that somebody set. */
  readonly isShared: boolean;
  readonly signal: AbortSignal;
}

/** Goes on with what is unfinished and takes commands, until told to stop. Rejects when the ledger is lost. */
async function serveStudies({ given, log, threads, ledger, pool, isolated, queue, isShared, signal }: Service): Promise<void> {
  const running = new Set<string>();
  const orchestrator = new Orchestrator({
    ledger,
    dispatcher: queue?.dispatcher ?? remembering(inProcessDispatcher(pool, isolated), running),
    worker: queue === undefined ? `${hostname()}/${process.pid} runs x${threads} ${given.kernels}` : `queue '${given.queue ?? 'marinade'}'`,
    roundsPerJob: given.roundsPerJob,
    solveOptimum: async (experiment) => {
      const { value, ...certificate } = await pool.solveOptimum(experiment);
      return { value, certificate };
    },
    onWarning: log.warn,
  });
  // What pages ask is read beside the owner: no question of theirs holds up a commit.
  const reader = await openDashboardReader(resolve(given.results));
  const commands = createCommands({
    orchestrator,
    catalog: await loadCatalog(modulesOf(given)),
    strategyHashes: hashStrategyModules(modulesOf(given)),
    data: dataOf(pool, given, { signal, say: log.note }),
    ledger: reader,
    queue: queue?.dispatcher,
    drainWorker: async (id) => drainWorker(queue!.connection, id),
    ...ownPool({ reader, pool, given, threads, isQueue: queue !== undefined, orchestrator, running }),
  });
  for (const { studyKey, withdrawn, states } of await ledger.studies()) {
    const open = (states['queued'] ?? 0) + (states['running'] ?? 0);
    if (!withdrawn && open > 0) await orchestrator.adopt(studyKey);
  }
  const { token } = await ledger.owner();
  const board = queue === undefined ? undefined : boardQueue(queue.connection);
  const server = createServer(
    {
      ledger: reader,
      commands,
      web: await builtPage(log.note),
      board,
      about: { version, folder: resolve(given.results), queue: queue !== undefined, owner: () => hostname() },
      metrics: createMetrics(ledger, commands, orchestrator),
      audit: (run, action) => ledger.recordAction(run, action),
      unready: async () => (queue !== undefined && !queue.dispatcher.reachable ? 'Redis cannot be reached' : undefined),
      dataFile: (sha256) => registeredContent(sha256, dataOptionsOf(given)),
    },
    { token, hosts: namesOf(given) },
  );
  try {
    const address = await listen(server, given);
    await ledger.announce(address);
    print(address);
    log.note(`serving ${given.results} at ${address}; the token is in ${given.results}/owner.json`);
    log.note(invitation(address, token, isShared));
    const lost = await Promise.race([orchestrator.failure.then((reason) => ({ reason })), whenInterrupted(signal)]);
    if (lost !== undefined) throw lost.reason;
  } finally {
    await server.close();
    await board?.close();
    await reader.close();
    await orchestrator.stop();
  }
}
