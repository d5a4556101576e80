/** Verbs that look at what runs: status, watch, logs. They read the ledger; only advance and workers need the server. */
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openLedgerReader } from '../../orchestrator/ledger/open-ledger.ts';
import { textTable } from '../../orchestrator/results/tables.ts';
import type { StudyAdvance, WorkerInfo } from '../../shared/contracts/commands.ts';
import { codeOf } from '../../shared/errors.ts';
import { findServer, type ServerChoice } from '../client.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { requireRun, requireStudy, withReader } from '../lookup.ts';
import { print, printJson, say } from '../output.ts';
import { duration } from '../progress.ts';

interface ObserveOptions extends ServerChoice {
  readonly json: boolean;
}

/** Advance and workers as the orchestrator tells them; nothing when none answers. */
async function liveOf(
  options: ServerChoice,
): Promise<{ readonly advance: readonly StudyAdvance[]; readonly workers: readonly WorkerInfo[] } | undefined> {
  try {
    const client = await findServer(options);
    if (client === undefined) return undefined;
    const { studies } = (await client.get('/api/v1/studies')) as unknown as { studies: readonly { advance: StudyAdvance | null }[] };
    const { workers } = (await client.get('/api/v1/workers')) as unknown as { workers: readonly WorkerInfo[] };
    return { advance: studies.flatMap(({ advance }) => advance ?? []), workers };
  } catch (thrown) {
    if (codeOf(thrown) !== 'MARINADE_EXECUTION_SERVER') throw thrown;
    return undefined;
  }
}

export async function status(options: ObserveOptions): Promise<void> {
  const live = await liveOf(options);
  const studies = await withReader(options.results, (ledger) => ledger.studies());
  const rows = studies.map(({ source, ...study }) => ({
    ...study,
    advance: live?.advance.find(({ studyKey }) => studyKey === study.studyKey) ?? null,
  }));
  if (options.json) return printJson({ schema: 1, orchestrator: live !== undefined, workers: live?.workers.length ?? null, studies: rows });
  say(
    live === undefined
      ? 'no orchestrator is running'
      : `orchestrator running${live.workers.length > 0 ? `, ${live.workers.length} workers` : ''}`,
  );
  print(
    textTable({
      head: ['study', 'key', 'priority', 'queued', 'running', 'finished', 'left'],
      rows: rows.map(({ name, studyKey, priority, paused, withdrawn, states, advance }) => [
        name,
        studyKey,
        String(priority),
        String(states['queued'] ?? 0),
        String(states['running'] ?? 0),
        String(states['finished'] ?? 0),
        withdrawn
          ? 'cancelled'
          : paused
            ? 'paused'
            : advance?.secondsLeft == null
              ? '–'
              : advance.secondsLeft === 0
                ? 'done'
                : duration(advance.secondsLeft),
      ]),
      right: [false, false, true, true, true, true, true],
    }),
  );
}

const POLL_MS = 500;

/** Follows a study to its end: exit 0, 3 when runs failed, 6 when the wait was too long. Ctrl-C leaves it running. */
export async function watch(name: string, options: ObserveOptions & { readonly timeout?: number }): Promise<void> {
  const interrupt = listenForInterrupt(() => say('watching ends; the study goes on'));
  const deadline = options.timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + 1000 * options.timeout;
  const ledger = await openLedgerReader(resolve(options.results));
  try {
    const { studyKey } = await requireStudy(ledger, name);
    let shown = '';
    for (;;) {
      const rollup = await ledger.rollup(studyKey);
      const text = `${rollup.finished}/${rollup.total} runs${rollup.failed > 0 ? `, ${rollup.failed} failed` : ''}`;
      if (options.json) {
        const line = JSON.stringify({ schema: 1, studyKey, ...rollup });
        if (line !== shown) print(line);
        shown = line;
      } else if (text !== shown) {
        say(text);
        shown = text;
      }
      if (rollup.finished >= rollup.total) {
        process.exitCode = rollup.failed > 0 ? 3 : 0;
        return;
      }
      if (performance.now() >= deadline) {
        process.exitCode = 6;
        return say(`not finished within ${options.timeout} s; the study goes on`);
      }
      await pause(POLL_MS, undefined, { signal: interrupt.signal });
    }
  } catch (thrown) {
    if (!interrupt.signal.aborted) throw thrown;
    process.exitCode = interrupt.exitCode() ?? 130;
  } finally {
    interrupt.dispose();
    await ledger.close();
  }
}

/** What happened to a run, or to everything: the ledger's journal as lines. Ctrl-C leaves the run alone. */
export async function logs(name: string | undefined, options: ObserveOptions & { readonly follow: boolean }): Promise<void> {
  const interrupt = listenForInterrupt(() => {});
  const ledger = await openLedgerReader(resolve(options.results));
  try {
    const runKey = name === undefined ? undefined : (await requireRun(ledger, name)).runKey;
    let after = 0;
    while (!interrupt.signal.aborted) {
      const events = await ledger.events(after);
      for (const event of events) {
        after = event.seq;
        if (runKey !== undefined && event.run !== runKey) continue;
        if (options.json) print(JSON.stringify({ schema: 1, ...event }));
        else print(`${event.at} ${event.kind}${event.run === null ? '' : ` ${event.run.slice(0, 12)}`} ${JSON.stringify(event.data)}`);
      }
      if (events.length > 0) continue;
      if (!options.follow) return;
      await pause(POLL_MS, undefined, { signal: interrupt.signal }).catch(() => {});
    }
  } finally {
    interrupt.dispose();
    await ledger.close();
  }
}
