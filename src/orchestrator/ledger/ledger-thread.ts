/**
 * Thread entry: owns (or reads) the synchronous ledger, so that no sync to disk and no heavy query stalls the process.
 *
 * Commits are grouped without timers: while one transaction is written others arrive, and all writing calls that wait
 * when the thread looks again go into the next transaction together. Each is answered after its COMMIT.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { RunCurves } from '../../shared/contracts/ledger.ts';
import { toPlain } from '../../shared/errors.ts';
import { groupedMethods, type LedgerAnswer, type LedgerCall, type LedgerThreadData, type SynchronousDashboard } from './ledger-protocol.ts';
import { type Settled, SqliteLedger, type SynchronousLedger } from './sqlite-ledger.ts';
import { openSqliteReader } from './sqlite-reader.ts';

/** So many calls share a transaction at most: the first of them should not wait for a thousand others. */
const groupLimit = 128;

type AnyCall = (...parameters: unknown[]) => unknown;

function serve(
  port: MessagePort,
  ledger: Partial<SynchronousLedger & SynchronousDashboard>,
  group: (calls: (() => unknown)[]) => Settled[],
): void {
  const invoke = ({ method, parameters }: LedgerCall): unknown => (ledger[method] as AnyCall).apply(ledger, parameters as unknown[]);
  const single = (call: LedgerCall): Settled => {
    try {
      return { value: invoke(call) };
    } catch (error) {
      return { error };
    }
  };
  const flush = (waiting: LedgerCall[]): void => {
    if (waiting.length === 0) return;
    const settled = group(waiting.map((call) => () => invoke(call)));
    waiting.forEach((call, i) => {
      answer(port, call, settled[i]!);
    });
    waiting.length = 0;
  };

  port.on('message', (first: LedgerCall) => {
    const waiting: LedgerCall[] = [];
    for (
      let call: LedgerCall | undefined = first;
      call !== undefined;
      call = receiveMessageOnPort(port)?.message as LedgerCall | undefined
    ) {
      if (groupedMethods.has(call.method)) {
        waiting.push(call);
        if (waiting.length === groupLimit) flush(waiting);
        continue;
      }
      flush(waiting);
      answer(port, call, single(call));
      if (call.method === 'close') return port.close();
    }
    flush(waiting);
  });
}

function answer(port: MessagePort, { id, method }: Pick<LedgerCall, 'id' | 'method'>, settled: Settled): void {
  if ('error' in settled) {
    post(port, { id, failure: toPlain(settled.error) });
  } else {
    const { value, transfer } = movable(method, settled.value);
    post(port, { id, value }, transfer);
  }
}

function post(port: MessagePort, message: LedgerAnswer, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

/** Vectors leave this thread without being copied. */
function movable(method: LedgerCall['method'], value: unknown): { readonly value: unknown; readonly transfer: ArrayBuffer[] } {
  if (method === 'curves') {
    const { rounds, columns } = value as RunCurves;
    return { value, transfer: [rounds, ...Object.values(columns)].map(({ buffer }) => buffer as ArrayBuffer) };
  }
  if (method === 'checkpoint' && value !== undefined) {
    const { bytes } = value as { readonly bytes: Uint8Array };
    const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
    return { value: { ...value, bytes: whole }, transfer: [whole.buffer as ArrayBuffer] };
  }
  return { value, transfer: [] };
}

async function start(port: MessagePort, { folder, owner, sendEvents, filesFrom, forDashboard }: LedgerThreadData): Promise<void> {
  try {
    if (owner === null) {
      const reader = openSqliteReader(folder);
      // What a dashboard asks needs statistics, which nobody else should have to load.
      const further = forDashboard ? (await import('./dashboard-queries.ts')).openDashboardQueries(folder) : {};
      serve(port, { ...reader, ...further }, () => []);
    } else {
      const ledger = SqliteLedger.open(folder, {
        owner,
        ...(filesFrom === undefined ? {} : { filesFrom }),
        ...(sendEvents ? { onEvent: (event) => post(port, { event }) } : {}),
      });
      serve(port, ledger, (calls) => ledger.group(calls));
    }
    post(port, { id: 0, value: null });
  } catch (thrown) {
    post(port, { id: 0, failure: toPlain(thrown) });
    port.close();
  }
}

if (parentPort !== null) void start(parentPort, workerData as LedgerThreadData);
