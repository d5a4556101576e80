/**
 * A round job on the queue: small JSON beside bytes. The JSON names the run, the round and the frozen experiment; the
 * checkpoint travels as bytes under a key of its own, the result as bytes in a stream.
 *
 * Whoever can write to the queue can write anything, so a worker takes nothing on trust: the JSON is parsed by a strict
 * schema, the run key compared with the one that experiment, data and the worker's own strategies have.
 */
import { z } from 'zod';
import { MarinadeError } from '../errors.ts';
import { numericsVersion, type RoundJob } from './round-job.ts';

/** Raised when jobs, results or keys change shape: workers of another version do not see the queue at all. */
export const queueVersion = 1;

/** Longest job data in bytes; a longer experiment travels beside the checkpoint. */
export const MAX_JOB_BYTES = 8192;

const key = z.string().regex(/^[0-9a-f]{8,64}$/);
const round = z.int().min(-1);

const queuedJobSchema = z.strictObject({
  runKey: key,
  epoch: z.int().min(0),
  fromRound: round,
  rounds: z.int().min(0),
  budgetMs: z.number().positive().nullable(),
  /** Canonical JSON of the experiment; null when it is too long for a job and lies beside it. */
  experiment: z.string().nullable(),
  dataSha256: z.string().regex(/^[0-9a-f]{0,64}$/),
  optimum: z.number().nullable(),
  checkpoint: z.boolean(),
  isolated: z.boolean(),
});

export type QueuedJob = z.output<typeof queuedJobSchema>;

/** The name of the queue's jobs: one per delivery of a round job. No colon, not all digits. */
export function jobIdOf({ runKey, epoch, fromRound }: Pick<RoundJob, 'runKey' | 'epoch' | 'fromRound'>, delivery: number): string {
  return `r-${runKey}-${epoch}-${fromRound}-${delivery}`;
}

/** The field of what lies beside a run at a round. */
export function besideField(name: string, round: number | string): string {
  return `${name}-${round}`;
}

/** Names and values, in turn, of what lies beside a run at a round. */
export function besideFields(round: number, beside: Readonly<Record<string, Uint8Array | string | undefined>>): (string | Buffer)[] {
  return Object.entries(beside).flatMap(([name, value]) =>
    value === undefined ? [] : [besideField(name, round), typeof value === 'string' ? value : bufferOf(value)],
  );
}

/** The same bytes as a Buffer, as clients of Redis want them. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** What goes into the queue for a job, and what lies beside it. */
export function toQueued(
  job: RoundJob,
  isolated: boolean,
): { readonly data: QueuedJob; readonly beside: Readonly<Record<string, Uint8Array | string>> } {
  const { checkpoint, experiment, ...rest } = job;
  const data: QueuedJob = { ...rest, experiment, checkpoint: checkpoint !== null, isolated };
  const short = Buffer.byteLength(JSON.stringify(data)) <= MAX_JOB_BYTES;
  return {
    data: short ? data : { ...data, experiment: null },
    beside: { ...(short ? {} : { experiment }), ...(checkpoint === null ? {} : { checkpoint }) },
  };
}

/**
 * The round job that job data and what lies beside it describe.
 *
 * @throws MARINADE_PROTOCOL_MALFORMED when the data do not fit the schema, MARINADE_PROTOCOL_LOST when what lay beside is gone
 */
export function fromQueued(
  data: unknown,
  beside: { readonly experiment: Uint8Array | null; readonly checkpoint: Uint8Array | null },
): {
  readonly job: RoundJob;
  readonly isolated: boolean;
} {
  const parsed = queuedJobSchema.safeParse(data);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new MarinadeError('MARINADE_PROTOCOL_MALFORMED', `a job of the queue does not fit its schema: ${message} at '${path.join('.')}'`);
  }
  const { checkpoint, isolated, experiment, ...rest } = parsed.data;
  const text = experiment ?? (beside.experiment === null ? null : new TextDecoder().decode(beside.experiment));
  if (text === null || (checkpoint && beside.checkpoint === null)) {
    throw new MarinadeError(
      'MARINADE_PROTOCOL_LOST',
      `what belongs to a job of run ${rest.runKey.slice(0, 12)} is no longer in the queue's memory; it is sent again`,
    );
  }
  return { job: { ...rest, experiment: text, checkpoint: checkpoint ? beside.checkpoint : null }, isolated };
}

/** What both ends must agree on. */
export const spoken = JSON.stringify({ queueVersion, numericsVersion });

/** Names of everything marinade keeps in Redis for one queue. Workers of other versions look elsewhere. */
export function queueKeys(queue: string) {
  const name = `${queue}-q${queueVersion}-n${numericsVersion}`;
  const base = `marinade:{${name}}`;
  return {
    /** The BullMQ queue and its prefix: the hash tag keeps all keys of a queue in one slot of a cluster. */
    name,
    prefix: `bull:{marinade}`,
    results: `${base}:results`,
    control: `${base}:control`,
    /** Hash: job id -> worker that began it. */
    claims: `${base}:claims`,
    /** What lies beside a run's outstanding job. */
    beside: (runKey: string) => `${base}:run:${runKey}`,
    /** Set of worker ids ever seen; a worker lives while its own key does. */
    workers: `${base}:workers`,
    worker: (id: string) => `${base}:worker:${id}`,
    /** What the orchestrator speaks: the one key that workers of every version read. */
    speaks: `marinade:{${queue}}:speaks`,
    /** Who orchestrates this queue. */
    owner: `${base}:owner`,
  } as const;
}

export type QueueKeys = ReturnType<typeof queueKeys>;
