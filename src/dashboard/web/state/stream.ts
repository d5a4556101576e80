/**
 * The one stream of changes. The browser's tabs share it: the tab that holds a lock reads it and tells the others, so
 * that six open tabs do not use up the connections a browser has for one server. It resumes behind the last event seen.
 */
import { signal } from '@preact/signals';
import type { JournalEntry } from '../../../shared/contracts/dashboard.ts';
import { refreshAbout } from './api.ts';

export interface Change {
  readonly seq: number;
  readonly runs: readonly string[] | null;
  readonly rounds: number;
  readonly computeMs: number;
  readonly notable: readonly JournalEntry[];
}

type Heard = { readonly kind: 'change'; readonly change: Change } | { readonly kind: 'resync'; readonly seq: number };
type Told = Heard | { readonly kind: 'state'; readonly state: 'connecting' | 'live' | 'waiting' } | { readonly kind: 'ask' };

/** How the page hears of changes now. */
export const connection = signal<'connecting' | 'live' | 'waiting'>('connecting');
/** Last event heard of. */
export const seen = signal(0);

type Listener = (heard: Heard) => void;
const listeners = new Set<Listener>();

/** Hears of every change from now on. Returns how to stop. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function take(told: Exclude<Told, { kind: 'ask' }>): void {
  if (told.kind === 'state') {
    connection.value = told.state;
    return;
  }
  seen.value = told.kind === 'change' ? told.change.seq : told.seq;
  connection.value = 'live';
  for (const listener of listeners) listener(told);
}

const RETRY_MS = 1500;
let stop: (() => void) | undefined;

/** Begins to listen; calling again does nothing. */
export function listen(): void {
  if (stop !== undefined) return;
  const others = new BroadcastChannel('marinade-stream');
  let reads = false;
  others.onmessage = ({ data }: MessageEvent<Told>) => {
    if (data.kind !== 'ask') take(data);
    else if (reads) others.postMessage({ kind: 'state', state: connection.value } satisfies Told);
  };
  others.postMessage({ kind: 'ask' } satisfies Told);
  const leaving = new AbortController();
  stop = () => {
    leaving.abort();
    others.close();
    stop = undefined;
  };
  const read = (): Promise<void> =>
    new Promise((resolve) => {
      reads = true;
      leaving.signal.addEventListener('abort', () => resolve());
      openStream((told) => {
        take(told);
        others.postMessage(told);
      }, leaving.signal);
    });
  // Where there are no locks (a page over plain http by a name that is not loopback), every tab reads for itself.
  if (navigator.locks === undefined) void read();
  else navigator.locks.request('marinade-stream', { signal: leaving.signal }, read).catch(() => {});
}

export function stopListening(): void {
  stop?.();
  connection.value = 'connecting';
}

function openStream(tell: (told: Exclude<Told, { kind: 'ask' }>) => void, leaving: AbortSignal): void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  const open = (): void => {
    source = new EventSource(seen.value > 0 ? `/api/v1/stream?after=${seen.value}` : '/api/v1/stream');
    source.addEventListener('hello', (event) => {
      if (seen.value === 0) seen.value = Number(event.lastEventId);
      tell({ kind: 'state', state: 'live' });
    });
    source.addEventListener('change', ({ data }) => tell({ kind: 'change', change: JSON.parse(data) as Change }));
    source.addEventListener('resync', ({ data }) => tell({ kind: 'resync', seq: (JSON.parse(data) as { seq: number }).seq }));
    source.addEventListener('error', () => {
      tell({ kind: 'state', state: 'waiting' });
      source?.close();
      timer = setTimeout(open, RETRY_MS);
      // Says so when it is the log-in that is missing.
      refreshAbout().catch(() => {});
    });
  };
  leaving.addEventListener('abort', () => {
    clearTimeout(timer);
    source?.close();
  });
  open();
}
