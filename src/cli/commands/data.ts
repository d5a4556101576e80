/** `marinade data`: registered data sets on this machine. */
import { textTable } from '../../orchestrator/results/tables.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { cacheFolder, type DataOptions, dataDirectories, locate, missing } from '../../worker/data/locate.ts';
import { readContent, sha256Of } from '../../worker/data/read-file.ts';
import { filesOf, type RegisteredFile, type RegisteredSet, registeredSets, requireRegistered } from '../../worker/data/registry.ts';
import { type DownloadProgress, download } from '../download.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { print, printJson, say } from '../output.ts';
import { type DataChoice, dataOptionsOf } from '../pool.ts';
import { duration } from '../progress.ts';
import { absentFiles } from '../settle-data.ts';

interface DataCommandOptions extends DataChoice {
  readonly json: boolean;
}

export async function list(options: DataCommandOptions): Promise<void> {
  const where = dataOptionsOf(options);
  if (options.json) {
    printJson({
      schema: 1,
      folders: [...dataDirectories(where), cacheFolder()],
      dataSets: registeredSets.map(({ name, rows, dimension, licence, citation, homePage, ...set }) => ({
        name,
        rows,
        dimension,
        licence,
        citation,
        homePage,
        files: filesOf(set as RegisteredSet).map((file) => fileJson(file, where)),
      })),
    });
    return;
  }
  const rows = registeredSets.flatMap((set) =>
    filesOf(set).map((file, i) => [
      ...(i === 0 ? [set.name, set.rows.toLocaleString('en-US'), String(set.dimension)] : ['', '', '']),
      file.file,
      `${(file.bytes / 1e6).toFixed(1)} MB`,
      file.sha256.map((sha256) => sha256.slice(0, 16)).join(' '),
      locate(file, where) ?? '–',
    ]),
  );
  rows.push(['synthetic-adult', '32,561', '123', 'made from a seed', '', '', 'everywhere']);
  const head = ['data set', 'rows', 'd', 'file', 'size', 'sha256', 'here'];
  print(textTable({ head, rows, right: [false, true, true, false, true, false, false] }));
  say(`looked in ${[...dataDirectories(where), `${cacheFolder()} (the cache)`].join(', ')}`);
}

export async function path(name: string, options: DataCommandOptions): Promise<void> {
  const set = requireFiles(name);
  const where = dataOptionsOf(options);
  requirePresent(set, where);
  const files = filesOf(set).map((file) => fileJson(file, where));
  if (options.json) printJson({ schema: 1, name, files });
  else print(files.flatMap((file) => file.path ?? []).join('\n'));
}

export async function verify(name: string | undefined, options: DataCommandOptions): Promise<void> {
  const where = dataOptionsOf(options);
  const sets = name === undefined ? registeredSets.filter((set) => absentFiles(set, where).length === 0) : [requireFiles(name)];
  if (name !== undefined) requirePresent(sets[0]!, where);
  const found = sets.flatMap((set) => filesOf(set).map((file) => ({ set, file, at: locate(file, where) })));
  const checked = found.flatMap(({ set, file, at }) => {
    if (at === undefined) return [];
    const damage = damageOf(at, file);
    if (damage !== undefined) say(damage);
    return [{ name: set.name, file: file.file, path: at, intact: damage === undefined }];
  });
  if (options.json) printJson({ schema: 1, files: checked });
  else if (checked.length === 0) print('no registered data set is here');
  else print(checked.map(({ path: at, intact }) => `${intact ? 'intact ' : 'DAMAGED'}  ${at}`).join('\n'));
  if (checked.some(({ intact }) => !intact)) process.exitCode = 7;
}

export async function fetch(name: string, options: DataCommandOptions): Promise<void> {
  const set = requireFiles(name);
  const where = dataOptionsOf(options);
  const absent = filesOf(set).filter((file) => locate(file, where) === undefined);
  if (where.offline === true && absent.length > 0) throw missing(name, absent[0]!, where);
  const interrupt = listenForInterrupt(() => {});
  try {
    for (const file of absent) {
      const onProgress = downloadProgress();
      await download(file, { tries: 3, silenceMs: 20_000, signal: interrupt.signal, onProgress });
    }
  } catch (thrown) {
    if (interrupt.exitCode() === undefined) throw thrown;
    say(thrown instanceof MarinadeError ? thrown.text : String(thrown));
    process.exitCode = interrupt.exitCode()!;
    return;
  } finally {
    interrupt.dispose();
  }
  const files = filesOf(set).map((file) => fileJson(file, where));
  if (options.json) printJson({ schema: 1, name, downloaded: absent.map(({ file }) => file), files });
  else print(files.flatMap((file) => file.path ?? []).join('\n'));
}

/** A registered set; the stand-in has no files. */
function requireFiles(name: string): RegisteredSet {
  if (name !== 'synthetic-adult') return requireRegistered(name);
  throw new MarinadeError('MARINADE_CONFIG_USAGE', 'synthetic-adult is made from a seed: it has no files');
}

function requirePresent(set: RegisteredSet, options: DataOptions): void {
  const [absent] = absentFiles(set, options);
  if (absent !== undefined) throw missing(set.name, absent, options);
}

function fileJson(file: RegisteredFile, options: DataOptions) {
  return { file: file.file, sha256: file.sha256, bytes: file.bytes, path: locate(file, options) ?? null };
}

/** What is wrong with a file, if anything. */
function damageOf(path: string, { bytes, sha256: accepted }: RegisteredFile): string | undefined {
  try {
    const sha256 = sha256Of(readContent(path, bytes));
    return accepted.includes(sha256) ? undefined : `${path}: its content has sha256 ${sha256}; expected ${accepted.join(' or ')}`;
  } catch (thrown) {
    if (thrown instanceof MarinadeError) return thrown.text;
    throw thrown;
  }
}

/** Bytes, rate and time left: on one line of a terminal, else every few seconds. */
function downloadProgress(): (progress: DownloadProgress) => void {
  const { stderr } = process;
  const began = performance.now();
  let last = began;
  return ({ file, received, total }) => {
    const now = performance.now();
    const ended = received === total;
    if (!ended && now - last < (stderr.isTTY ? 100 : 5000)) return;
    last = now;
    const rate = (1000 * received) / Math.max(now - began, 1);
    const left = total === undefined || ended ? '' : `, ${duration((total - received) / rate)} left`;
    const size = total === undefined ? `${mega(received)}` : `${mega(received)} of ${mega(total)}`;
    const text = `${file}: ${size}, ${mega(rate)}/s${left}`;
    stderr.write(stderr.isTTY ? `\r\u001b[K${text}${ended ? '\n' : ''}` : `${text}\n`);
  };
}

function mega(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
