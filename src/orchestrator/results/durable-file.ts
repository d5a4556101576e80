/** Files that are there whole or not at all: temporary name, fsync, rename, fsync of the folder. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf, MarinadeError } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/make-folder.ts';

/** @throws MARINADE_STORAGE_FULL naming the path; no temporary file is left behind */
export async function writeFileDurably(path: string, content: string | Uint8Array | AsyncIterable<string>): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    makeFolder(folder);
    const file = await open(temporary, 'wx');
    try {
      if (typeof content === 'string' || content instanceof Uint8Array) await file.writeFile(content);
      else for await (const piece of content) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const directory = await open(folder, 'r');
    await directory.sync().finally(() => directory.close());
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    if (codeOf(cause) === 'MARINADE_STORAGE_FULL')
      throw new MarinadeError('MARINADE_STORAGE_FULL', `no space is left to write ${path}`, { path }, cause);
    throw new MarinadeError(
      'MARINADE_CONFIG_FOLDER',
      `${path} cannot be written: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}; choose another folder`,
      { path },
      cause,
    );
  }
}
