/**
 * Opens a ledger: over its own thread, which is how it is used, or on the calling thread, which is the reference.
 * Either way every call is a promise and a failed one rejects with a MarinadeError.
 */
import { Worker } from 'node:worker_threads';
import type { DashboardReader } from '../../shared/contracts/dashboard.ts';
import type { Ledger, LedgerReader, PlannedStudy } from '../../shared/contracts/ledger.ts';
import { fromPlain, MarinadeError } from '../../shared/errors.ts';
import type { RecordedPoints, RoundJobResult } from '../../shared/messages/round-job.ts';
import { entryUrl } from '../../shared/program.ts';
import type { LedgerEvent } from './events.ts';
import { ledgerPaths } from './folder.ts';
import {
  dashboardMethodNames,
  type LedgerAnswer,
  type LedgerCall,
  type LedgerMethod,
  type LedgerThreadData,
  ledgerMethodNames,
  readerMethodNames,
} from './ledger-protocol.ts';
import { type OwnerRecord, readOwner } from './owner.ts';
import { type LedgerOptions, SqliteLedger } from './sqlite-ledger.ts';

/** The journal of a ledger: for whoever missed events. */
export interface LedgerJournal {
  /** Events after number `after`, at most `limit` (1000) of them. */
  events(after: number, limit?: number): Promise<readonly LedgerEvent[]>;
}

/** A ledger this process owns. */
export interface OwnedLedger extends Ledger, LedgerJournal {
  owner(): Promise<OwnerRecord>;
  /** Writes where this process takes commands into `owner.json`. */
  announce(address: string | null): Promise<void>;
}

/** Opens the folder as its one owner, creating it where needed. The ledger works on a thread of its own. */
export function openLedger(folder: string, { owner = {}, onEvent, filesFrom }: LedgerOptions = {}): Promise<OwnedLedger> {
  return overThread<OwnedLedger>({ folder, owner, filesFrom, sendEvents: onEvent !== undefined }, ledgerMethodNames, onEvent);
}

/** Opens the folder as its one owner, working on the calling thread. */
export async function openLedgerInline(folder: string, options: LedgerOptions = {}): Promise<OwnedLedger> {
  const ledger = SqliteLedger.open(folder, options);
  const call = async ({ method, parameters }: Omit<LedgerCall, 'id'>): Promise<unknown> =>
    (ledger[method as keyof SqliteLedger] as (...parameters: unknown[]) => unknown).apply(ledger, parameters as unknown[]);
  return facade<OwnedLedger>(ledgerMethodNames, call);
}

/** Opens a folder for reading, whoever owns it. */
export function openLedgerReader(folder: string): Promise<LedgerReader & LedgerJournal> {
  return overThread<LedgerReader & LedgerJournal>({ folder, owner: null, sendEvents: false }, readerMethodNames);
}

/** Opens a folder for reading by a dashboard: on a thread of its own, so that no question of a page holds up a commit. */
export function openDashboardReader(folder: string): Promise<LedgerReader & LedgerJournal & DashboardReader> {
  return overThread<LedgerReader & LedgerJournal & DashboardReader>({ folder, owner: null, sendEvents: false, forDashboard: true }, [
    ...readerMethodNames,
    ...dashboardMethodNames,
  ]);
}

/** What the owner of a folder left about itself; undefined without an owner. May be stale after a crash. */
export function ownerOf(folder: string): OwnerRecord | undefined {
  return readOwner(ledgerPaths(folder));
}

function facade<Face>(names: readonly LedgerMethod[], call: (call: Omit<LedgerCall, 'id'>) => Promise<unknown>): Face {
  return Object.fromEntries(names.map((method) => [method, (...parameters: unknown[]) => call({ method, parameters })])) as Face;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

async function overThread<Face>(
  workerData: LedgerThreadData,
  names: readonly LedgerMethod[],
  onEvent?: (event: LedgerEvent) => void,
): Promise<Face> {
  const thread = new Worker(entryUrl('orchestrator/ledger/ledger-thread'), { name: 'ledger', workerData, execArgv: [] });
  const waiting = new Map<number, Waiting>();
  let lost: MarinadeError | undefined;
  let calls = 0;

  const expect = (id: number): Promise<unknown> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    waiting.set(id, { resolve, reject });
    thread.ref();
    return promise;
  };
  const settle = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) thread.unref(); // an idle ledger keeps no process alive
    return found;
  };
  const lose = (cause: unknown): void => {
    lost ??= threadLost(workerData.folder, cause);
    for (const { reject } of waiting.values()) reject(lost);
    waiting.clear();
  };

  thread.on('message', (answer: LedgerAnswer) => {
    if ('event' in answer) return onEvent?.(answer.event);
    const call = settle(answer.id);
    if ('failure' in answer) call?.reject(fromPlain(answer.failure));
    else call?.resolve(answer.value);
  });
  thread.on('error', lose);
  const exited = new Promise<void>((resolve) => {
    thread.on('exit', (code) => {
      lose(`exit code ${code}`);
      resolve();
    });
  });

  try {
    await expect(0);
  } catch (thrown) {
    thread.ref();
    await exited;
    throw thrown;
  }
  return facade<Face>(names, async ({ method, parameters }) => {
    if (lost !== undefined) throw lost;
    const id = ++calls;
    const answered = expect(id);
    const { sent, transfer } = owned(method, parameters);
    thread.postMessage({ id, method, parameters: sent } satisfies LedgerCall, transfer);
    if (method !== 'close') return answered;
    try {
      return await answered;
    } finally {
      thread.ref();
      await exited;
    }
  });
}

/**
 * Parameters that may be moved to the thread. The vectors of a result are copied once, tightly: the caller goes on
 * using them, and they may be views of a whole shared memory.
 */
function owned(
  method: LedgerMethod,
  parameters: readonly unknown[],
): { readonly sent: readonly unknown[]; readonly transfer: ArrayBuffer[] } {
  if (method === 'submit') {
    // A plan has more than the ledger keeps, and all of it would be copied.
    const [{ studyKey, name, source, runs }] = parameters as [PlannedStudy];
    return { sent: [{ studyKey, name, source, runs }], transfer: [] };
  }
  if (method !== 'commitRoundJob') return { sent: parameters, transfer: [] };
  const [fence, result] = parameters as [number, RoundJobResult];
  const columns = Object.fromEntries(Object.entries(result.points.columns).map(([name, column]) => [name, new Float64Array(column)]));
  const points: RecordedPoints = { ...result.points, columns };
  const checkpoint = new Uint8Array(result.checkpoint);
  const x = result.x === null ? null : new Float64Array(result.x);
  const transfer = [checkpoint, ...(x === null ? [] : [x]), ...Object.values(columns)].map(({ buffer }) => buffer as ArrayBuffer);
  return { sent: [fence, { ...result, points, checkpoint, x }], transfer };
}

function threadLost(folder: string, cause: unknown): MarinadeError {
  return new MarinadeError(
    'MARINADE_STORAGE_LEDGER',
    `the thread that keeps the ledger of ${folder} ended (${String(cause)}). What was confirmed is stored; run the same command again to go on`,
    { folder },
    cause,
  );
}
