/**
 * Where data files are looked for: `--data-dir`, `MARINADE_DATA_DIR`, then the cache folder. A data directory holds the
 * file or file.gz, in the folder of its set or flat, by its base name alone; the cache folder is addressed by content.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { MarinadeError } from '../../shared/errors.ts';
import { readContent, sha256Of } from './read-file.ts';
import { filesOf, type RegisteredFile, registeredSets } from './registry.ts';

export interface DataOptions {
  /** `--data-dir`. */
  readonly dataDirectory?: string | undefined;
  /** Never touch the network. */
  readonly offline?: boolean | undefined;
}

/** The cache folder of this user, by the platform's convention. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME !== undefined && XDG_CACHE_HOME !== '') return join(XDG_CACHE_HOME, 'marinade');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'marinade');
  if (process.platform === 'win32') return join(LOCALAPPDATA ?? homedir(), 'marinade', 'Cache');
  return join(homedir(), '.cache', 'marinade');
}

/** Place of a content in the cache folder. */
export function cachedFile(sha256: string): string {
  return join(cacheFolder(), 'sha256', sha256.slice(0, 2), sha256);
}

/** The data directories to look into, in order. */
export function dataDirectories({ dataDirectory }: DataOptions): string[] {
  const named = process.env['MARINADE_DATA_DIR'];
  return [dataDirectory, named].filter((folder) => folder !== undefined && folder !== '') as string[];
}

/** Where a registered file would be accepted, in the order of the search. */
export function candidates({ file, sha256 }: RegisteredFile, options: DataOptions): string[] {
  const names = [...new Set([file, basename(file)])].flatMap((name) => [name, `${name}.gz`]);
  return [...dataDirectories(options).flatMap((folder) => names.map((name) => join(folder, name))), ...sha256.map(cachedFile)];
}

/** The first place where the file exists. */
export function locate(file: RegisteredFile, options: DataOptions): string | undefined {
  return candidates(file, options).find((path) => existsSync(path) && !isNamesake(path, file));
}

/** MNIST and Fashion-MNIST share base names: in a flat folder the content says whose file it is. */
function isNamesake(path: string, { file, sha256 }: RegisteredFile): boolean {
  const name = basename(file);
  if (file === name || !basename(path).startsWith(name) || basename(dirname(path)) === dirname(file)) return false;
  const others = registeredSets.flatMap(filesOf).filter((other) => basename(other.file) === name && other.file !== file);
  try {
    const actual = sha256Of(readContent(path, Math.max(...others.map(({ bytes }) => bytes))));
    return !sha256.includes(actual) && others.some((other) => other.sha256.includes(actual));
  } catch {
    // Damaged or unreadable: whoever loads it will say so.
    return false;
  }
}

/** The error for a file that is nowhere: what, where it may be put, how to get it. */
export function missing(name: string, { file, sha256, bytes }: RegisteredFile, options: DataOptions): MarinadeError {
  const looked = [...dataDirectories(options), `${cacheFolder()} (the cache)`];
  return new MarinadeError(
    'MARINADE_DATA_MISSING',
    [
      `data set '${name}': the file '${file}' was not found`,
      `  expected   ${bytes} bytes uncompressed, sha256 ${sha256.join(' or ')}`,
      `  looked in  ${looked.join(', ')}`,
      `  to do      put '${file}' or '${file}.gz' into a folder and name it with --data-dir or MARINADE_DATA_DIR,`,
      options.offline === true
        ? `             or run \`marinade data fetch ${name}\` without --offline`
        : `             or run \`marinade data fetch ${name}\` on a machine with a network`,
    ].join('\n'),
    { name, file, sha256 },
  );
}
