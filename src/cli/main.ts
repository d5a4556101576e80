/** The command line: what there is to type. Each verb lives in a file of its own and is loaded when it is called. */
import { Command, CommanderError, Option } from 'commander';
import { codeOf, errorCodes, MarinadeError } from '../shared/errors.ts';
import { watchLauncher } from './launcher-link.ts';
import { version } from './version.ts';

watchLauncher();

const program = new Command('marinade')
  .description('Byzantine-robust distributed optimization, simulated exactly: one YAML study, thousands of runs.')
  .version(version)
  .option('--no-color', 'plain text')
  .showHelpAfterError('(see --help)')
  .exitOverride();

const integer =
  (name: string) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1)
      throw new MarinadeError('MARINADE_CONFIG_USAGE', `${name} expects a positive integer; got '${text}'`);
    return value;
  };
const seconds =
  (name: string) =>
  (text: string): number => {
    const value = Number(text);
    if (!(value >= 1 && value <= 86_400))
      throw new MarinadeError('MARINADE_CONFIG_USAGE', `${name} expects seconds from 1 to 86400; got '${text}'`);
    return value;
  };
const collect = (text: string, previous: readonly string[]): string[] => [...previous, text];

/** Options of commands that touch data. */
function withData(command: Command): Command {
  return command
    .option('--data-dir <folder>', 'folder with data files (file or file.gz), before MARINADE_DATA_DIR and the cache')
    .option('--offline', 'never touch the network', false);
}

/** Options of commands that read a study. */
function withStudy(command: Command): Command {
  return withData(command)
    .option('--set <path=value>', 'override one value of the base experiment (repeatable)', collect, [])
    .option('--strategies <module>', 'a module with strategies of your own (repeatable)', collect, []);
}

function withResults(command: Command): Command {
  return command.option('--results <folder>', 'results folder', 'marinade-results');
}

/** Options of commands that meet a queue. */
function withQueue(command: Command, required: boolean): Command {
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

const json = (): Option => new Option('--json', 'one JSON object on standard output').default(false);

program
  .command('init [file]')
  .description('write a commented study to begin with')
  .option('--force', 'overwrite an existing file', false)
  .action(async (file, options) => (await import('./commands/init.ts')).init(file, options));

withStudy(program.command('validate <study>').description('check a study without planning data or runs')).action(async (study, options) =>
  (await import('./commands/plan.ts')).validate(study, options),
);

withStudy(program.command('plan <study>').description('show the runs a study would make'))
  .addOption(json())
  .action(async (study, options) => (await import('./commands/plan.ts')).plan(study, options));

withQueue(
  withResults(withStudy(program.command('run <study>').description('carry out a study; running it again goes on where it stopped'))),
  false,
)
  .option('--workers <n>', 'with --redis: worker processes to start beside this one', integer('--workers'))
  .option('--accept-losing-queued-jobs', 'with --redis: accept a Redis without append-only file', false)
  .option('--threads <n>', 'threads to compute on (default: the cores this process may use)', integer('--threads'))
  .addOption(
    new Option('--parallel <plan>', 'a thread per run, all threads on one run, or this thread (debugging)')
      .choices(['auto', 'runs', 'clients', 'inline'])
      .default('auto'),
  )
  .option('--rounds-per-job <n>', 'rounds between checkpoints: auto is about two seconds of work', 'auto')
  .option('--report', 'write the HTML report at the end', false)
  .option('-q, --quiet', 'no progress', false)
  .addOption(json())
  .action(async (study, options) => (await import('./commands/run.ts')).run(study, options));

withQueue(withData(program.command('worker').description('compute round jobs of a queue until told to leave')), true)
  .option('--threads <n>', 'threads to compute on (default: the cores this process may use)', integer('--threads'))
  .option('--strategies <module>', 'a module with strategies of your own (repeatable)', collect, [])
  .option('--lock-duration <seconds>', 'a worker silent for so long counts as dead', seconds('--lock-duration'), 30)
  .option('--drain-limit <seconds>', 'time for jobs under way to be handed back after SIGTERM', seconds('--drain-limit'), 30)
  .action(async (options) => (await import('./commands/worker.ts')).worker(options));

withResults(program.command('list').description('studies of a results folder'))
  .addOption(json())
  .action(async (options) => (await import('./commands/show.ts')).list(options));

withResults(program.command('show <study>').description('results of a study, or of one run by its key'))
  .addOption(json())
  .action(async (study, options) => (await import('./commands/show.ts')).show(study, options));

withResults(program.command('compare <study>').description('paired comparison over seeds of two cells, or of every cell with the first'))
  .option('--metric <name>', 'metric to compare by its last value')
  .option('--by <path>', 'parameter whose values are compared')
  .addOption(json())
  .action(async (study, options) => (await import('./commands/compare.ts')).compare(study, options));

withResults(withStudy(program.command('verify <run>').description('compute a recorded run again and compare every bit')))
  .option('--from <round>', 'begin at the checkpoint of this round instead of x^0')
  .addOption(json())
  .action(async (run, options) => (await import('./commands/verify.ts')).verify(run, options));

withResults(program.command('report <study>').description('write the HTML report of a study with its figures'))
  .option('--out <folder>', 'where to write (default: inside the results folder)')
  .action(async (study, options) => (await import('./commands/report.ts')).report(study, options));

withResults(program.command('export <study>').description('write runs and curves as csv or ndjson'))
  .addOption(new Option('--format <format>', 'file format').choices(['csv', 'ndjson']).default('csv'))
  .option('--out <folder>', 'where to write', 'marinade-export')
  .action(async (study, options) => (await import('./commands/export.ts')).exportStudy(study, options));

const data = program.command('data').description('data sets: list, path, verify, fetch');
for (const verb of ['list', 'path', 'verify', 'fetch'] as const) {
  withData(data.command(verb === 'list' ? 'list' : `${verb} <name>`).description(`${verb} registered data sets`))
    .addOption(json())
    .action(async (...parameters) => (await import('./commands/data.ts')).data(verb, parameters));
}

withResults(withData(program.command('doctor').description('check this machine, the results folder and the data')))
  .addOption(json())
  .action(async (options) => (await import('./commands/doctor.ts')).doctor(options));

program
  .command('schema')
  .description('JSON Schema of a study, for editors')
  .action(async () => (await import('./commands/schema.ts')).schema());

program
  .command('completion <shell>')
  .description('completion script for bash, zsh or fish')
  .action(async (shell) => (await import('./commands/completion.ts')).completion(shell, program));

/** Prints an error as a person wants it: no stack unless it is our bug. */
function fail(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  const code = codeOf(thrown);
  const text = thrown instanceof MarinadeError ? thrown.text : thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  process.stderr.write(`${code === 'MARINADE_EXECUTION_FAILED' ? 'error' : code}: ${text}\n`);
  return errorCodes[code].exit;
}

try {
  const status = await program.parseAsync(process.argv).then(() => process.exitCode ?? 0);
  process.exitCode = status;
} catch (thrown) {
  process.exitCode = fail(thrown);
}
