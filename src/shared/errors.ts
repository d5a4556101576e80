/**
 * Errors as data. A code says which family an error belongs to, whether a retry can help and which exit status it
 * means; class and fields do not survive a thread or a queue, so a failure travels as a plain object and its code
 * leads its message. Handling compares codes, never `instanceof` across a boundary.
 */

type Family = 'config' | 'precondition' | 'shape' | 'protocol' | 'execution' | 'storage' | 'data' | 'access' | 'invariant';

interface CodeFacts {
  readonly family: Family;
  readonly exit: number;
  readonly retry: boolean;
  /** Whether what executed a job died, rather than the job failed. */
  readonly death: boolean;
  /** What it means and what to do: the row of its reference page. */
  readonly help: string;
}

const final = { retry: false, death: false } as const;
const config = (help: string): CodeFacts => ({ family: 'config', exit: 2, ...final, help });
const precondition = (help: string): CodeFacts => ({ family: 'precondition', exit: 2, ...final, help });
const shape = (help: string): CodeFacts => ({ family: 'shape', exit: 1, ...final, help });
const protocol = (help: string): CodeFacts => ({ family: 'protocol', exit: 1, ...final, help });
const execution = (help: string, facts: Partial<CodeFacts> = {}): CodeFacts => ({
  family: 'execution',
  exit: 1,
  retry: true,
  death: false,
  ...facts,
  help,
});
const storage = (help: string, exit = 1): CodeFacts => ({ family: 'storage', exit, ...final, help });
const data = (help: string): CodeFacts => ({ family: 'data', exit: 7, ...final, help });
const access = (help: string, exit = 4): CodeFacts => ({ family: 'access', exit, ...final, help });
const invariant = (help: string): CodeFacts => ({ family: 'invariant', exit: 1, ...final, help });

/** Every code there is. The reference page, the retry policy and the exit status follow from this table. */
export const errorCodes = {
  MARINADE_CONFIG_INVALID: config('A study or an experiment does not fit its schema. The message names the place.'),
  MARINADE_CONFIG_USAGE: config('A command was called with arguments it does not take. See its --help.'),
  MARINADE_CONFIG_UNKNOWN_STRATEGY: config('A name is in no registry. The message lists the names there are.'),
  MARINADE_CONFIG_DUPLICATE_STRATEGY: config('Two strategies of one kind have the same name. Rename yours.'),
  MARINADE_CONFIG_STRATEGY_MODULE: config('A module named by --strategies cannot be loaded or exports no strategy.'),
  MARINADE_CONFIG_EMPTY_STUDY: config('No run is left after exclude and where. Loosen one of them.'),
  MARINADE_CONFIG_TOO_MANY_RUNS: config('The study plans more runs than limits.runs. Raise it on purpose, or vary less.'),
  MARINADE_CONFIG_FOLDER: config('The results folder cannot be written. Choose another with --results.'),
  MARINADE_CONFIG_NODE_VERSION: config('This Node cannot run marinade. Install the packages of the lock file, or a newer Node.'),
  MARINADE_PRECONDITION_TOO_MANY_BYZANTINE: precondition(
    'The rule cannot be computed with so many tolerated byzantine clients. Lower f, send more rows, or set whenInfeasible: largest.',
  ),
  MARINADE_PRECONDITION_ASSUMPTION: precondition(
    'A method was given something its definition excludes. Change it, or set assumptions: waive.',
  ),
  MARINADE_PRECONDITION_KNOWLEDGE: precondition('An attack needs something it was not given.'),
  MARINADE_PRECONDITION_UNKNOWN_CONSTANT: precondition('A constant (a smoothness, an optimum) is not known for this problem.'),
  MARINADE_PRECONDITION_UNSUPPORTED: precondition('Two choices cannot go together. The message says which and why.'),
  MARINADE_PRECONDITION_MEMORY: precondition(
    'The data or the state do not fit into the 4 GiB of shared memory. The message has the numbers.',
  ),
  MARINADE_SHAPE_DIMENSION: shape('A vector has the wrong length.'),
  MARINADE_SHAPE_NON_FINITE: shape('A message is NaN or infinite where the rule refuses that.'),
  MARINADE_PROTOCOL_VERSION: protocol('A checkpoint or a message was written by another version.'),
  MARINADE_PROTOCOL_MALFORMED: protocol(
    'A job or a result of the queue does not have the shape this version writes. It is not carried out.',
  ),
  MARINADE_PROTOCOL_LOST: protocol('What belongs to a job is gone from Redis. The orchestrator sends it again.'),
  MARINADE_PROTOCOL_UNKNOWN_PHASE: protocol('A phase is named that the method does not have.'),
  MARINADE_EXECUTION_WORKER_LOST: execution('A worker ended while it carried out a round job.', { death: true }),
  MARINADE_EXECUTION_OUT_OF_MEMORY: execution('A worker ran out of memory. Fewer threads or a smaller experiment helps.', { death: true }),
  MARINADE_EXECUTION_QUEUE: execution(
    'Redis cannot be reached, refuses the log-in, or is not fit to hold a queue. The message says what it needs.',
    { exit: 5 },
  ),
  MARINADE_EXECUTION_QUEUE_OWNED: execution(
    'Another orchestrator owns this queue. The message names it. Choose another name with --queue, or stop it.',
    { exit: 5, retry: false },
  ),
  MARINADE_EXECUTION_SERVER: execution('No orchestrator answers. Start one with `marinade serve`, or name it with --server.', { exit: 5 }),
  MARINADE_EXECUTION_INTERRUPTED: execution('The process was asked to stop. Submit again to go on.'),
  MARINADE_EXECUTION_FAILED: execution('A round job threw. The message has the cause.', { retry: false }),
  MARINADE_STORAGE_OWNED: storage('Another process owns this results folder. The message names it.', 5),
  MARINADE_STORAGE_FULL: storage('No space is left. Free some and run the same command again: nothing committed was lost.'),
  MARINADE_STORAGE_LEDGER: storage('The ledger cannot be read or written. Run `marinade doctor`.'),
  MARINADE_STORAGE_CHECKPOINT: storage('A checkpoint is damaged or belongs to another run. An older one is used.'),
  MARINADE_STORAGE_NOT_FOUND: storage('No such study, run or file in this results folder.', 2),
  MARINADE_STORAGE_DETERMINISM: storage('Two executions of one experiment disagree. Keep both and report it: this must never happen.'),
  MARINADE_DATA_MISSING: data('A data set was not found. The message names the file, its hash and where to put it.'),
  MARINADE_DATA_CHECKSUM: data('A data file is not the registered one.'),
  MARINADE_DATA_MALFORMED: data('A data file cannot be parsed. The message has the file and the offset.'),
  MARINADE_DATA_TOO_LARGE: data('A data file exceeds a limit that protects memory.'),
  MARINADE_DATA_DOWNLOAD: data('A data set could not be downloaded from any mirror.'),
  MARINADE_ACCESS_TOKEN: access('The orchestrator wants the token it printed; owner.json of the results folder holds it for this user.'),
  MARINADE_ACCESS_ROLE: access('The token that was shown lets look on. Acting needs the token of the operator.'),
  MARINADE_ACCESS_HOST: access('The server was reached under a name it does not know. Name it with --host or --allow-host.'),
  MARINADE_ACCESS_ORIGIN: access('A page of another origin asked. Only pages of the server itself may.'),
  MARINADE_ACCESS_LIMIT: access('Too many refused requests from one address. Wait a minute.'),
  MARINADE_ACCESS_REQUEST: access('A request the server cannot read. The message says why.', 2),
  MARINADE_ACCESS_ROUTE: access('The server has no such route; client and server may be of different versions.', 2),
  MARINADE_INVARIANT_BROKEN: invariant('A bug in marinade. Please report it with the message.'),
} satisfies Record<string, CodeFacts>;

export type ErrorCode = keyof typeof errorCodes;

/** Whether a code says that what executed a job died, rather than that the job failed. */
export function isDeath(code: ErrorCode): boolean {
  return errorCodes[code].death;
}

/** A failure as plain data: what crosses threads, processes and the ledger. */
export interface PlainFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly stack?: string;
  readonly cause?: string;
}

/** The one error class: a code of the table above, a message for people, details for programs. */
export class MarinadeError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(`[${code}] ${message}`, cause === undefined ? undefined : { cause });
    this.name = 'MarinadeError';
    this.code = code;
    this.details = details;
  }

  /** The message without its code. */
  get text(): string {
    return withoutCode(this.message);
  }
}

const leadingCode = /^\[(MARINADE_[A-Z_]+)\] /;

function withoutCode(message: string): string {
  return message.replace(leadingCode, '');
}

/** The code of any thrown value; what is not ours is MARINADE_EXECUTION_FAILED. */
export function codeOf(thrown: unknown): ErrorCode {
  if (thrown instanceof MarinadeError) return thrown.code;
  const { code, message = '' } = (thrown ?? {}) as { code?: string; message?: string };
  const candidate = leadingCode.exec(String(message))?.[1] ?? code;
  if (candidate !== undefined && Object.hasOwn(errorCodes, candidate)) return candidate as ErrorCode;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'MARINADE_STORAGE_FULL';
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return 'MARINADE_EXECUTION_OUT_OF_MEMORY';
  return 'MARINADE_EXECUTION_FAILED';
}

/** Characters of a message, a stack or a cause that are kept. */
const KEPT = 4000;

/** Any thrown value as plain data. */
export function toPlain(thrown: unknown): PlainFailure {
  try {
    return described(thrown);
  } catch {
    // A proxy, a getter or a toString that throws itself.
    return { code: 'MARINADE_EXECUTION_FAILED', message: 'a value that cannot be described was thrown', details: {} };
  }
}

function described(thrown: unknown): PlainFailure {
  const code = codeOf(thrown);
  if (!(thrown instanceof Error)) return { code, message: shortened(String(thrown)), details: {} };
  return {
    code,
    message: shortened(withoutCode(thrown.message)),
    details: thrown instanceof MarinadeError ? thrown.details : {},
    ...(thrown.stack === undefined ? {} : { stack: shortened(thrown.stack) }),
    ...(thrown.cause === undefined ? {} : { cause: shortened(String(thrown.cause)) }),
  };
}

/** Text that was shortened before stays as it is. */
function shortened(text: string): string {
  return text.length <= KEPT + 100 ? text : `${text.slice(0, KEPT)} (${text.length - KEPT} more characters)`;
}

/** The error a plain failure describes, with what is known here (run, round, client) added to its details. */
export function fromPlain(failure: PlainFailure, context: Readonly<Record<string, unknown>> = {}): MarinadeError {
  const error = new MarinadeError(failure.code, failure.message, { ...failure.details, ...context }, failure.cause);
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}
