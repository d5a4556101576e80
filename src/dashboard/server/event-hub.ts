/**
 * One stream of server-sent events for each browser: what changed in the ledger since the last event it saw, put
 * together a few times a second. The number of an event is that of the ledger's journal, so whoever comes back gets
 * what it missed, or is told to load everything anew (`resync`) when that is too much.
 *
 *   connected -> catching up (pages of the journal) -> live <-> lagging (its socket is full: nothing is sent)
 *
 * A lagging reader hears `resync` once its socket is empty again: the memory a reader costs is bounded.
 */
import type { ServerResponse } from 'node:http';
import type { JournalEntry } from '../../shared/contracts/dashboard.ts';

export interface HubJournal {
  events(after: number, limit?: number): Promise<readonly JournalEntry[]>;
  lastEvent(): Promise<number>;
}

/** What a browser hears of a stretch of the journal. */
export interface Change {
  readonly seq: number;
  /** Runs that changed; null when they are too many to be named. */
  readonly runs: readonly string[] | null;
  readonly rounds: number;
  readonly computeMs: number;
  /** Events worth a line, newest last. */
  readonly notable: readonly JournalEntry[];
}

const TICK_MS = 250;
const HEARTBEAT_MS = 15_000;
const PAGE = 1000;
/** A reader farther behind than this loads everything anew. */
const LONGEST_GAP = 20_000;
const MOST_NAMED_RUNS = 500;
const MOST_NOTABLE = 40;
const MOST_BUFFERED_BYTES = 262_144;
const MOST_READERS = 200;

const quiet: ReadonlySet<string> = new Set(['round-job:commit', 'round-job:repeat', 'attempt:begin', 'attempt:end']);

interface Reader {
  readonly response: ServerResponse;
  state: 'catching-up' | 'live' | 'lagging';
}

export class EventHub {
  readonly #journal: HubJournal;
  readonly #readers = new Set<Reader>();
  #seen = -1;
  #timer: NodeJS.Timeout | undefined;
  #beat = 0;
  #ticking = false;

  constructor(journal: HubJournal) {
    this.#journal = journal;
  }

  get isFull(): boolean {
    return this.#readers.size >= MOST_READERS;
  }

  /** Serves a reader that saw events up to `after`. */
  async connect(response: ServerResponse, after: number | undefined): Promise<void> {
    const reader: Reader = { response, state: 'catching-up' };
    this.#readers.add(reader);
    response.on('close', () => {
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#rest();
    });
    response.on('drain', () => {
      if (reader.state === 'lagging') this.#resync(reader);
    });
    if (this.#seen < 0) this.#seen = await this.#journal.lastEvent();
    this.#timer ??= setInterval(() => void this.#tick(), TICK_MS);
    await this.#catchUp(reader, after);
  }

  close(): void {
    this.#rest();
    for (const { response } of this.#readers) response.destroy();
    this.#readers.clear();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#seen = -1;
  }

  async #catchUp(reader: Reader, after: number | undefined): Promise<void> {
    const from = after ?? this.#seen;
    if (from > this.#seen || this.#seen - from > LONGEST_GAP) return this.#resync(reader);
    this.#write(reader, frame('hello', from, { seq: from }));
    let at = from;
    // The last look and the change of state happen without a pause between them: no event falls into a gap.
    while (at < this.#seen && reader.state === 'catching-up') {
      const events = await this.#journal.events(at, Math.min(PAGE, this.#seen - at));
      if (events.length === 0) break;
      at = events.at(-1)!.seq;
      this.#write(reader, frame('change', at, changeOf(events)));
    }
    if (reader.state === 'catching-up') reader.state = 'live';
  }

  async #tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    try {
      for (;;) {
        const events = await this.#journal.events(this.#seen, PAGE);
        if (this.#timer === undefined || events.length === 0) break;
        this.#seen = events.at(-1)!.seq;
        this.#send(frame('change', this.#seen, changeOf(events)));
        if (events.length < PAGE) break;
      }
      this.#beat += TICK_MS;
      if (this.#beat >= HEARTBEAT_MS) {
        this.#beat = 0;
        this.#send(': alive\n\n');
      }
    } catch {
      // A folder that cannot be read now: the next look tries again, and pages say what their own questions meet.
    } finally {
      this.#ticking = false;
    }
  }

  #send(text: string): void {
    for (const reader of this.#readers) if (reader.state === 'live') this.#write(reader, text);
  }

  #write(reader: Reader, text: string): void {
    reader.response.write(text);
    if (reader.response.writableLength > MOST_BUFFERED_BYTES) reader.state = 'lagging';
  }

  #resync(reader: Reader): void {
    reader.state = 'live';
    this.#write(reader, frame('resync', this.#seen, { seq: this.#seen }));
  }
}

function frame(event: 'hello' | 'change' | 'resync', id: number, data: object): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

export function changeOf(events: readonly JournalEntry[]): Change {
  const runs = new Set<string>();
  let [rounds, computeMs] = [0, 0];
  const notable: JournalEntry[] = [];
  for (const event of events) {
    if (event.run !== null) runs.add(event.run);
    if (!quiet.has(event.kind)) notable.push(event);
    if (event.kind !== 'round-job:commit') continue;
    rounds += Number(event.data['toRound']) - Math.max(0, Number(event.data['fromRound']));
    computeMs += Number(event.data['computeMs']);
  }
  return {
    seq: events.at(-1)!.seq,
    runs: runs.size > MOST_NAMED_RUNS ? null : [...runs],
    rounds,
    computeMs,
    notable: notable.slice(-MOST_NOTABLE),
  };
}
