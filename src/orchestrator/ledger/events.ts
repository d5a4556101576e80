/**
 * The ledger's journal: one row per change of state, numbered without gaps in the order of commits. Listeners hear an
 * event only after it is durable; whoever missed some asks for those after the last number it saw.
 */
import type { Connection } from './connection.ts';

export const ledgerEventKinds = [
  'action',
  'ledger:unclean',
  'study:submit',
  'study:set',
  'study:cancel',
  'run:continue',
  'run:resume',
  'run:finish',
  'run:death',
  'attempt:begin',
  'attempt:end',
  'round-job:commit',
  'round-job:repeat',
  'round-job:fence',
  'round-job:disagree',
  'checkpoint:damaged',
] as const;

export type LedgerEventKind = (typeof ledgerEventKinds)[number];

export interface LedgerEvent {
  readonly seq: number;
  readonly at: string;
  /** Run key, or null for what concerns the whole ledger. */
  readonly run: string | null;
  readonly kind: LedgerEventKind;
  readonly data: Readonly<Record<string, unknown>>;
}

export class EventLog {
  readonly #connection: Connection;
  readonly #listener: ((event: LedgerEvent) => void) | undefined;

  constructor(connection: Connection, listener?: (event: LedgerEvent) => void) {
    this.#connection = connection;
    this.#listener = listener;
  }

  /** Appends an event to the transaction around this call; returns its number. */
  append(kind: LedgerEventKind, run: string | null, data: Readonly<Record<string, unknown>> = {}): number {
    const at = new Date().toISOString();
    const { id } = this.#connection.run('INSERT INTO event (at, run, kind, data) VALUES (?, ?, ?, ?)', at, run, kind, JSON.stringify(data));
    const listener = this.#listener;
    if (listener !== undefined) this.#connection.afterCommit(() => listener({ seq: id, at, run, kind, data }));
    return id;
  }
}

/** Events after `seq` in their order, at most `limit`. */
export function eventsAfter(connection: Connection, seq: number, limit: number): LedgerEvent[] {
  return connection
    .all<Omit<LedgerEvent, 'data'> & { readonly data: string }>(
      'SELECT seq, at, run, kind, data FROM event WHERE seq > ? ORDER BY seq LIMIT ?',
      seq,
      limit,
    )
    .map((row) => ({ ...row, data: JSON.parse(row.data) as Record<string, unknown> }));
}
