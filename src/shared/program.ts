/**
 * Where the parts of this program lie. In a checkout every module is a file of its own in src/; the package has them
 * bundled in dist/, entries where their sources were and what they share in files named by what is in them. So nothing
 * but this module, an entry of the bundle itself, goes by its own address.
 */

/** src/ or dist/. */
const modules = new URL('..', import.meta.url);

/** Whether this is the package as it was built, not its sources. */
export const isBuilt = import.meta.url.endsWith('.js');

/** The module to start a thread or a process with, by its path in src/ without extension. */
export function entryUrl(path: string): URL {
  return new URL(`${path}${isBuilt ? '.js' : '.ts'}`, modules);
}

/** A file of the package that is no module, by its path below the root. */
export function packageUrl(path: string): URL {
  return new URL(`../${path}`, modules);
}
