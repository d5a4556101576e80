/** Options that several verbs share, and how their values are read. */
import { type Command, Option } from 'commander';
import { kernelNames } from '../shared/contracts/kernels.ts';
import { MarinadeError } from '../shared/errors.ts';

export const DEFAULT_RESULTS = 'marinade-results';

/** Threads and processes beyond what any machine has: a slip of the finger, which would take the machine down. */
export const MOST_THREADS = 1024;

export const integer =
  (name: string, least = 1, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const range = most < Number.MAX_SAFE_INTEGER ? `an integer from ${least} to ${most}` : `an integer from ${least} on`;
    const expected = least === 1 && most === Number.MAX_SAFE_INTEGER ? 'a positive integer' : range;
    throw new MarinadeError('MARINADE_CONFIG_USAGE', `${name} expects ${expected}; got '${text}'`);
  };

export const seconds =
  (name: string) =>
  (text: string): number => {
    const value = Number(text);
    if (!(value >= 1 && value <= 86_400))
      throw new MarinadeError('MARINADE_CONFIG_USAGE', `${name} expects seconds from 1 to 86400; got '${text}'`);
    return value;
  };

export const autoOrInteger =
  (name: string) =>
  (text: string): number | 'auto' => {
    try {
      return text === 'auto' ? text : integer(name)(text);
    } catch {
      throw new MarinadeError('MARINADE_CONFIG_USAGE', `${name} expects auto or a positive integer; got '${text}'`);
    }
  };

export const collect = (text: string, previous: readonly string[]): string[] => [...previous, text];

/** Options of commands that touch data. */
export function withData(command: Command): Command {
  return command
    .option('--data-dir <folder>', 'folder with data files (file or file.gz), before MARINADE_DATA_DIR and the cache')
    .option('--offline', 'never touch the network', false);
}

export function withStrategies(command: Command): Command {
  return command.option('--strategies <module>', 'a module with strategies of your own (repeatable)', collect, []);
}

/** Options of commands that read a study file. */
export function withStudy(command: Command): Command {
  return withStrategies(
    withData(command).option('--set <path=value>', 'override one value of the base experiment (repeatable)', collect, []),
  );
}

export function withResults(command: Command): Command {
  return command.option('--results <folder>', 'results folder', DEFAULT_RESULTS);
}

export function withThreads(command: Command): Command {
  return command.option(
    '--threads <n>',
    'threads to compute on (default: the cores this process may use)',
    integer('--threads', 1, MOST_THREADS),
  );
}

/** Options of commands that meet a queue. */
export function withQueue(command: Command, required: boolean): Command {
  const redis = new Option(
    '--redis <url>',
    'redis:// or rediss:// URL of the queue; the password better by file or MARINADE_REDIS_PASSWORD',
  );
  return command
    .addOption(required ? redis.makeOptionMandatory() : redis)
    .option('--queue <name>', 'name of the queue, where one Redis serves several', 'marinade')
    .option('--redis-password-file <file>', 'file with the password')
    .option('--redis-ca <file>', 'certificate authority of rediss://');
}

/** Options of commands that talk to a running orchestrator. */
export function withServer(command: Command): Command {
  return withResults(command)
    .option('--server <url>', 'the orchestrator, where it does not own the results folder of this machine')
    .option('--token-file <file>', 'file with its token (else MARINADE_TOKEN, else owner.json of the results folder)');
}

export const parallel = (): Option =>
  new Option('--parallel <plan>', 'a thread per run, all threads on one run, or this thread (debugging)')
    .choices(['auto', 'runs', 'clients', 'inline'])
    .default('auto');

/** Never chosen by itself: what computes is what was asked for, and is recorded. */
export const kernels = (): Option =>
  new Option('--kernels <set>', 'WebAssembly kernels, or their plain reference with the same results to the bit')
    .choices(kernelNames)
    .default('wasm');

export function withQuiet(command: Command, what: string): Command {
  return command.option('-q, --quiet', what, false);
}

export const json = (): Option => new Option('--json', 'one JSON object on standard output').default(false);
