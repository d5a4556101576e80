/**
 * The stream in which workers leave results and failures, read from its beginning: what an orchestrator before this one
 * did not hear is heard now. Entries that were heard are deleted a moment later, many at once: who comes after a death hears
 * them again, which changes nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { RedisOptions } from '../../shared/config/redis.ts';
import { errorCodes, MarinadeError, type PlainFailure } from '../../shared/errors.ts';
import { decodeResult } from '../../shared/messages/result-codec.ts';
import type { RoundJobResult } from '../../shared/messages/round-job.ts';

export type StreamMessage = ReadonlyMap<string, Buffer>;

export interface ResultStreamOptions {
  /** A client whose commands wait for the connection. */
  readonly waiting: RedisOptions;
  readonly key: string;
  /** Is called with one entry after another; an entry it throws for is heard again. */
  hear(message: StreamMessage): Promise<void>;
  onWarning(message: string): void;
}

const BLOCK_MS = 2000;
const RETRY_MS = 500;
const LOOK_MS = 10;
const DELETE_AFTER_MS = 20;
/** Longest time that the end waits for the last deletion. */
const CLOSE_MS = 500;

export class ResultStream {
  readonly #options: ResultStreamOptions;
  readonly #reader: Redis;
  readonly #deleter: Redis;
  readonly #listening: Promise<void>;
  #heard: Buffer[] = [];
  #deletion: NodeJS.Timeout | undefined;
  #lastId = '0';
  #silences = 0;
  #closed = false;

  constructor(options: ResultStreamOptions) {
    this.#options = options;
    this.#reader = new Redis(options.waiting);
    this.#deleter = new Redis(options.waiting);
    for (const source of [this.#reader, this.#deleter]) source.on('error', () => {});
    this.#listening = this.#listen();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#reader.disconnect();
    await this.#listening;
    clearTimeout(this.#deletion);
    await Promise.race([this.#deleteHeard(), pause(CLOSE_MS, undefined, { ref: false })]);
    this.#deleter.disconnect();
  }

  /** Resolves when all was heard that is in the stream now, or nothing is heard any more. */
  async caughtUp(): Promise<void> {
    const [newest] = await this.#deleter.xrevrange(this.#options.key, '+', '-', 'COUNT', 1);
    if (newest === undefined) return;
    // A silence is the end of the stream, too; what was heard last is not known after it.
    for (const before = this.#silences; before === this.#silences && isBefore(this.#lastId, newest[0]) && !this.#closed; )
      await pause(LOOK_MS);
  }

  async #listen(): Promise<void> {
    const { key, hear, onWarning } = this.#options;
    while (!this.#closed) {
      try {
        const answer = await this.#reader.xreadBuffer('COUNT', 64, 'BLOCK', BLOCK_MS, 'STREAMS', key, this.#lastId);
        const entries = (answer?.[0]?.[1] ?? []) as [Buffer, Buffer[]][];
        for (const [id, fields] of entries) {
          if (this.#closed) return;
          await hear(fieldsOf(fields));
          this.#lastId = id.toString();
          this.#heard.push(id);
          this.#deletion ??= setTimeout(() => void this.#deleteHeard(), DELETE_AFTER_MS).unref();
        }
        // After a silence from the beginning: a Redis that lost everything and whose clock went back counts from lower ids.
        if (entries.length > 0) continue;
        this.#lastId = '0';
        this.#silences++;
      } catch (thrown) {
        if (this.#closed) return;
        onWarning(`results cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
        await pause(RETRY_MS);
      }
    }
  }

  async #deleteHeard(): Promise<void> {
    this.#deletion = undefined;
    const heard = this.#heard;
    this.#heard = [];
    if (heard.length > 0) await this.#deleter.xdel(this.#options.key, ...heard).catch(() => {});
  }
}

/** Whether an id of an entry, `milliseconds-number`, comes before another. */
function isBefore(one: string, other: string): boolean {
  const [[ms = 0, n = 0], [otherMs = 0, otherN = 0]] = [one.split('-').map(Number), other.split('-').map(Number)];
  return ms < otherMs || (ms === otherMs && n < otherN);
}

function fieldsOf(fields: readonly Buffer[]): StreamMessage {
  const map = new Map<string, Buffer>();
  for (let i = 0; i + 1 < fields.length; i += 2) map.set(fields[i]!.toString('utf8'), fields[i + 1]!);
  return map;
}

/**
 * The result that a message brings, with its checkpoint: from the message, or from beside the run.
 *
 * @throws MARINADE_PROTOCOL_LOST without a checkpoint, MARINADE_PROTOCOL_MALFORMED for what is no result
 */
export function resultOf(message: StreamMessage, checkpoint: Buffer | null, runKey: string): RoundJobResult {
  if (checkpoint === null) throw new MarinadeError('MARINADE_PROTOCOL_LOST', 'the checkpoint of a result is gone from Redis');
  return decodeResult(message.get('result') ?? Buffer.alloc(0), checkpoint, runKey);
}

/**
 * The failure that a message tells of.
 *
 * @throws MARINADE_PROTOCOL_MALFORMED for anything that is no failure
 */
export function plainFailureOf(text: string): PlainFailure {
  try {
    const { code, message, details } = JSON.parse(text) as PlainFailure;
    if (Object.hasOwn(errorCodes, code) && typeof message === 'string') return { code, message, details: { ...details } };
  } catch {}
  throw new MarinadeError('MARINADE_PROTOCOL_MALFORMED', 'a failure of a round job cannot be read');
}
