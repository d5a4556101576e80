/** `marinade doctor`: is this machine, this results folder and this data fit for work? Every finding says what to do. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { networkFileSystem } from '../../orchestrator/ledger/folder.ts';
import { openLedgerReader, ownerOf } from '../../orchestrator/ledger/open-ledger.ts';
import { codeOf, MarinadeError } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import { cacheFolder, dataDirectories } from '../../worker/data/locate.ts';
import { registeredSets } from '../../worker/data/registry.ts';
import { SharedHeap } from '../../worker/shared-heap.ts';
import { counted, paint, print, printJson } from '../output.ts';
import { type DataChoice, dataOptionsOf, defaultThreads } from '../pool.ts';
import { absentFiles } from '../settle-data.ts';
import { neededNode, version } from '../version.ts';
import { ownLedger } from '../wire.ts';

interface DoctorOptions extends DataChoice {
  readonly results: string;
  readonly json: boolean;
}

interface Finding {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'problem';
  readonly message: string;
}

type Check = Omit<Finding, 'name'>;

const ok = (message: string): Check => ({ status: 'ok', message });
const warning = (message: string): Check => ({ status: 'warning', message });
const problem = (message: string): Check => ({ status: 'problem', message });

const GIB = 2 ** 30;

/** Ends with 1 when there is a problem; warnings are only told. */
export async function doctor({ results, json, ...data }: DoctorOptions): Promise<void> {
  const folder = resolve(results);
  const findings: Finding[] = [
    { name: 'marinade', ...ok(version) },
    { name: 'node', ...node() },
    { name: 'threads', ...threads() },
    { name: 'memory', ...memory() },
    { name: 'disk', ...disk(folder) },
    { name: 'ledger', ...(await ledger(folder)) },
    { name: 'cache', ...cache() },
    { name: 'data', ...dataSets(data) },
  ];
  if (json) printJson({ schema: 1, checks: findings });
  else {
    const colours = { ok: 'green', warning: 'yellow', problem: 'red' } as const;
    const lines = findings.map(
      ({ name, status, message }) =>
        `${paint(colours[status], status.padEnd(8), process.stdout)} ${name.padEnd(9)} ${message.replaceAll('\n', `\n${' '.repeat(19)}`)}`,
    );
    print(lines.join('\n'));
  }
  if (findings.some(({ status }) => status === 'problem')) process.exitCode = 1;
}

function node(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [neededMajor, neededMinor] = neededNode;
  const fits = major > neededMajor || (major === neededMajor && minor >= neededMinor);
  return fits ? ok(process.versions.node) : problem(`${process.versions.node}; marinade needs ${neededNode.join('.')} or later`);
}

function threads(): Check {
  const usable = defaultThreads();
  const cores = cpus().length;
  return ok(usable === cores ? `${usable}` : `${usable} of ${cores} cores, by affinity or CPU quota`);
}

function memory(): Check {
  try {
    new SharedHeap();
  } catch (thrown) {
    return problem((thrown as MarinadeError).text);
  }
  const limit = process.constrainedMemory();
  const available = Math.min(freemem(), limit > 0 && limit < totalmem() ? process.availableMemory() : totalmem());
  const message = `${(available / GIB).toFixed(1)} GiB available; 4 GiB of address space can be reserved`;
  return available < GIB / 4 ? warning(`${message}. Little is left: use fewer threads`) : ok(message);
}

function disk(folder: string): Check {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize, type } = statfsSync(existing);
  const network = networkFileSystem(type);
  if (network !== undefined)
    return problem(`${existing} is on ${network}, where a ledger can be corrupted; choose a local disk with --results`);
  try {
    accessSync(existing, constants.W_OK);
  } catch {
    return warning(`${existing} cannot be written: results there can be shown, but no study can run`);
  }
  const free = bavail * bsize;
  const message = `${(free / GIB).toFixed(1)} GiB free at ${existing}`;
  return free < GIB ? warning(`${message}: a large study may not fit`) : ok(message);
}

/** As the owner, every stored curve and checkpoint is read; next to another owner, only that the ledger opens. */
async function ledger(folder: string): Promise<Check> {
  if (!existsSync(join(folder, 'ledger.sqlite'))) return ok(`none yet at ${folder}`);
  const left = ownerOf(folder);
  try {
    const owned = await ownLedger(folder);
    try {
      const findings = await owned.check();
      const studies = await owned.studies();
      const recovered = left === undefined ? '' : `; process ${left.pid} on ${left.host} had left it open, nothing it confirmed is lost`;
      if (findings.length === 0) return ok(`${counted(studies.length, 'study', 'studies')}, intact${recovered}`);
      return problem([`${counted(findings.length, 'finding')}${recovered}`, ...findings].join('\n'));
    } finally {
      await owned.close();
    }
  } catch (thrown) {
    const code = codeOf(thrown);
    const text = thrown instanceof MarinadeError ? thrown.text : String(thrown);
    if (code !== 'MARINADE_STORAGE_OWNED' && code !== 'MARINADE_CONFIG_FOLDER') return problem(text);
    return readable(folder, text);
  }
}

async function readable(folder: string, why: string): Promise<Check> {
  try {
    const reader = await openLedgerReader(folder);
    const studies = await reader.studies();
    await reader.close();
    return warning(`${counted(studies.length, 'study', 'studies')} can be read; integrity was not checked: ${why}`);
  } catch (thrown) {
    return problem(thrown instanceof MarinadeError ? thrown.text : String(thrown));
  }
}

function cache(): Check {
  const folder = cacheFolder();
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
    return ok(folder);
  } catch (thrown) {
    return warning(
      `${folder} cannot be written (${(thrown as NodeJS.ErrnoException).code}): data are parsed anew each time and cannot be downloaded`,
    );
  }
}

function dataSets(choice: DataChoice): Check {
  const options = dataOptionsOf(choice);
  const named = dataDirectories(options);
  const lost = named.filter((folder) => !existsSync(folder));
  if (lost.length > 0) return problem(`no folder ${lost.join(', ')}: check --data-dir and MARINADE_DATA_DIR`);
  const here = registeredSets.filter((set) => absentFiles(set, options).length === 0).map(({ name }) => name);
  return ok(here.length === 0 ? 'no registered set is here; `marinade data fetch <name>` gets one' : here.join(', '));
}
