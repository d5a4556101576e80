/**
 * A folder and those above it. Node's own recursive mkdir never ends where a file system says "no such file" of every
 * new name (/proc), and says the same of read-only media.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Creates what is missing. @throws the system's error for the outermost folder that cannot be made */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (thrown) {
    const parent = dirname(folder);
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT' && !isFolder(parent)) {
      makeFolder(parent);
      makeFolder(folder);
    } else if (!isFolder(folder)) throw thrown;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
