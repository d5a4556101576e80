/**
 * What there is to type. Each verb lives in a file of its own and is loaded when it is called. The names of arguments
 * say what completes them (see `commands/completion.ts`).
 */
import { Argument, Command, Option } from 'commander';
import {
  autoOrInteger,
  collect,
  DEFAULT_RESULTS,
  integer,
  json,
  kernels,
  MOST_THREADS,
  parallel,
  seconds,
  withData,
  withQueue,
  withQuiet,
  withResults,
  withServer,
  withStrategies,
  withStudy,
  withThreads,
} from './options.ts';
import { version } from './version.ts';

export function createProgram(): Command {
  const program = new Command('marinade')
    .description('Byzantine-robust distributed optimization, simulated exactly: one YAML study, thousands of runs.')
    .version(version)
    .option('--no-color', 'plain text')
    .showHelpAfterError('(see --help)')
    .exitOverride();
  declareStudies(program);
  declareComputation(program);
  declareService(program);
  declareResults(program);
  declareSurroundings(program);
  return program;
}

function declareStudies(program: Command): void {
  program
    .command('init')
    .argument('[file]', 'where to write it', 'study.yaml')
    .description('write a commented study to begin with, and the schema editors read')
    .option('--force', 'overwrite an existing file', false)
    .action(async (file, options) => (await import('./commands/init.ts')).init(file, options));

  withStudy(program.command('validate').argument('<study-file>').description('check a study without reading data'))
    .addOption(json())
    .action(async (file, options) => (await import('./commands/plan.ts')).validate(file, options));

  withQuiet(
    withThreads(withStudy(program.command('plan').argument('<study-file>').description('show the runs a study would make'))),
    'run keys only',
  )
    .addOption(json())
    .action(async (file, options) => (await import('./commands/plan.ts')).plan(file, options));
}

function declareComputation(program: Command): void {
  const run = program.command('run').argument('<study-file>').description('carry out a study; running it again goes on where it stopped');
  withQuiet(withThreads(withQueue(withResults(withStudy(run)), false)), 'no progress; run keys only')
    .option('--workers <n>', 'with --redis: worker processes to start beside this one', integer('--workers', 1, MOST_THREADS))
    .option('--accept-losing-queued-jobs', 'with --redis: accept a Redis without append-only file', false)
    .addOption(parallel())
    .option(
      '--rounds-per-job <n>',
      'rounds between checkpoints: auto is about two seconds of work',
      autoOrInteger('--rounds-per-job'),
      'auto',
    )
    .addOption(kernels())
    .option('--report', 'write the HTML report at the end', false)
    .option('--dash', 'show the study in the browser while it is computed; `dash` shows it later', false)
    .addOption(json())
    .action(async (file, options) => (await import('./commands/run.ts')).run(file, options));

  const worker = program.command('worker').description('compute round jobs of a queue until told to leave');
  withThreads(withStrategies(withQueue(withData(worker), true)))
    .option('--lock-duration <seconds>', 'a worker silent for so long counts as dead', seconds('--lock-duration'), 30)
    .option('--orchestrator <url>', 'where data sets this machine lacks come from, by their sha256')
    .option('--token-file <file>', 'file with its token (else MARINADE_TOKEN)')
    .option('--drain-limit <seconds>', 'time for jobs under way to be handed back after SIGTERM', seconds('--drain-limit'), 30)
    .addOption(kernels())
    .action(async (options) => (await import('./commands/worker.ts')).worker(options));

  const verify = program
    .command('verify')
    .argument('<run-or-study>')
    .description('compute a recorded run, or all of a study, again and compare every bit');
  withThreads(withStrategies(withData(withResults(verify))))
    .option('--from <round>', 'begin at the checkpoint of this round instead of x^0', integer('--from', 0))
    .addOption(parallel())
    .addOption(kernels())
    .addOption(json())
    .action(async (name, options) => (await import('./commands/verify.ts')).verify(name, options));
}

/** Signed: `-5` is a priority, not an option. */
const priority = (text: string): number => integer('a priority', -1000)(text);

function declareService(program: Command): void {
  const serve = program.command('serve').description('the orchestrator as a service: over a queue with --redis, else computing itself');
  withThreads(withStrategies(withData(withQueue(withResults(serve), false))))
    .option('--host <address>', 'address to listen at; beyond loopback only with a token of your own', '127.0.0.1')
    .option('--token-file <file>', 'file with the token others show (else MARINADE_TOKEN, else a new one)')
    .option('--port <n>', 'port to listen at, 0 for any', integer('--port', 0, 65_535), 7070)
    .option('--allow-host <name>', 'another name under which the server is reached (repeatable)', collect, [])
    .option('--workers <n>', 'with --redis: worker processes to start beside this one', integer('--workers', 1, MOST_THREADS))
    .option('--accept-losing-queued-jobs', 'with --redis: accept a Redis without append-only file', false)
    .option(
      '--rounds-per-job <n>',
      'rounds between checkpoints: auto is about two seconds of work',
      autoOrInteger('--rounds-per-job'),
      'auto',
    )
    .addOption(kernels())
    .action(async (options) => (await import('./commands/serve.ts')).serve(options));

  program
    .command('dash')
    .argument('[results-folder]', 'what to look at', DEFAULT_RESULTS)
    .description('a results folder in the browser, only to be looked at: while others work on it, or long after')
    .option('--host <address>', 'address to listen at', '127.0.0.1')
    .option('--port <n>', 'port to listen at, 0 for any', integer('--port', 0), 7071)
    .option('--allow-host <name>', 'another name under which the page is reached (repeatable)', collect, [])
    .action(async (folder, options) => (await import('./commands/dash.ts')).dash(folder, options));

  const control = async (): Promise<typeof import('./commands/control.ts')> => import('./commands/control.ts');
  withQuiet(
    withServer(program.command('submit').argument('<study-file>').description('hand a study to the running orchestrator')),
    'the study key only',
  )
    .option('--priority <n>', 'higher goes first', priority)
    .addOption(json())
    .action(async (file, options) => (await control()).submit(file, options));
  withServer(program.command('cancel').argument('<study-or-run>').description('end what is unfinished'))
    .option('--yes', 'cancel a whole study without asking back', false)
    .addOption(json())
    .action(async (name, options) => (await control()).cancel(name, options));
  withServer(program.command('pause').argument('<study>').description('begin no further round jobs of a study'))
    .addOption(json())
    .action(async (name, options) => (await control()).setPaused(name, true, options));
  withServer(program.command('resume').argument('<study>').description('go on with a paused study'))
    .addOption(json())
    .action(async (name, options) => (await control()).setPaused(name, false, options));
  withServer(
    program
      .command('priority')
      .argument('<study>')
      .argument('<n>', 'higher goes first', priority)
      .description('change the priority of a study'),
  )
    .addOption(json())
    .action(async (name, wanted, options) => (await control()).prioritise(name, wanted, options));
  withServer(program.command('retry').argument('<study-or-run>').description('go on with cancelled, failed or quarantined runs'))
    .addOption(json())
    .action(async (name, options) => (await control()).retry(name, options));
  withServer(program.command('workers').description('workers of the queue'))
    .addOption(json())
    .action(async (options) => (await control()).workers(options));
  withServer(program.command('queue').description('the queue').command('rebuild').description('send every outstanding job again'))
    .addOption(json())
    .action(async (options) => (await control()).rebuildQueue(options));

  const observe = async (): Promise<typeof import('./commands/observe.ts')> => import('./commands/observe.ts');
  withServer(program.command('status').description('studies, their states and the time left'))
    .addOption(json())
    .action(async (options) => (await observe()).status(options));
  withResults(program.command('watch').argument('<study>').description('follow a study to its end; Ctrl-C leaves it running'))
    .option('--timeout <seconds>', 'give up waiting after so long, with exit code 6', seconds('--timeout'))
    .addOption(json())
    .action(async (name, options) => (await observe()).watch(name, options));
  withResults(program.command('logs').argument('[run]').description('the journal, of one run or of all'))
    .option('-f, --follow', 'go on as it grows; Ctrl-C leaves the run alone', false)
    .addOption(json())
    .action(async (name, options) => (await observe()).logs(name, options));
}

function declareResults(program: Command): void {
  withQuiet(withResults(program.command('list').description('studies of a results folder')), 'study keys only')
    .addOption(json())
    .action(async (options) => (await import('./commands/show.ts')).list(options));

  withQuiet(
    withResults(program.command('show').argument('<study-or-run>').description('results of a study, or of one run by its key')),
    'run keys only',
  )
    .addOption(json())
    .action(async (name, options) => (await import('./commands/show.ts')).show(name, options));

  withResults(
    program
      .command('compare')
      .argument('<study>')
      .description('paired comparison over seeds: every cell with the first, or along one parameter'),
  )
    .option('--metric <name>', 'metric to compare by its last value (default: the one tables lead with)')
    .option('--by <path>', 'parameter whose values are compared, all else equal')
    .addOption(json())
    .action(async (study, options) => (await import('./commands/compare.ts')).compare(study, options));

  withResults(program.command('report').argument('<study>').description('write the HTML report of a study with its figures'))
    .option('--out <folder>', 'where to write (default: reports/<study> inside the results folder)')
    .addOption(json())
    .action(async (study, options) => (await import('./commands/report.ts')).report(study, options));

  withResults(program.command('export').argument('<study>').description('write runs and curves as csv or ndjson'))
    .addOption(new Option('--format <format>', 'file format').choices(['csv', 'ndjson']).default('csv'))
    .option('--out <folder>', 'where to write', 'marinade-export')
    .addOption(json())
    .action(async (study, options) => (await import('./commands/export.ts')).exportStudy(study, options));
}

function declareSurroundings(program: Command): void {
  const data = program.command('data').description('registered data sets');
  withData(data.command('list').description('what there is, and where it lies on this machine'))
    .addOption(json())
    .action(async (options) => (await import('./commands/data.ts')).list(options));
  withData(data.command('path').argument('<data-set>').description('print the files of a data set'))
    .addOption(json())
    .action(async (name, options) => (await import('./commands/data.ts')).path(name, options));
  withData(data.command('verify').argument('[data-set]').description('compare checksums, of all that is here by default'))
    .addOption(json())
    .action(async (name, options) => (await import('./commands/data.ts')).verify(name, options));
  withData(data.command('fetch').argument('<data-set>').description('download a data set into the cache'))
    .addOption(json())
    .action(async (name, options) => (await import('./commands/data.ts')).fetch(name, options));

  withResults(withData(program.command('doctor').description('check this machine, the results folder and the data')))
    .addOption(json())
    .action(async (options) => (await import('./commands/doctor.ts')).doctor(options));

  const deploy = program.command('deploy').description('what the surroundings of a queue need');
  deploy
    .command('acl')
    .description('print an ACL file for Redis or Valkey: a user `marinade` who may touch this queue and nothing else')
    .option('--queue <name>', 'name of the queue', 'marinade')
    .option('--redis-password-file <file>', 'file with its password, made when it is not there (else MARINADE_REDIS_PASSWORD)')
    .action(async (options) => (await import('./commands/deploy.ts')).acl(options));

  withStrategies(program.command('schema').description('JSON Schema of a study, for editors')).action(async (options) =>
    (await import('./commands/schema.ts')).schema(options),
  );

  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .description('completion script for a shell')
    .action(async (shell) => (await import('./commands/completion.ts')).completion(shell, program));

  withResults(program.command('__complete', { hidden: true }).argument('<kind>')).action(async (kind, options) =>
    (await import('./commands/completion.ts')).candidates(kind, options),
  );
}
