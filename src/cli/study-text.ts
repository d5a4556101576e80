/** The text of a study, from a file, a pipe or standard input: never more of it than a study can be. */
import { closeSync, constants, createReadStream, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { MarinadeError } from '../shared/errors.ts';

/** Nothing beyond is read; the reader of studies has a lower limit of its own. */
const MAX_READ = 4_000_000;

/** What `path` holds, `-` being standard input. @throws MARINADE_CONFIG_USAGE, MARINADE_CONFIG_INVALID */
export async function readStudyText(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of path === '-' ? process.stdin : opened(path)) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_READ) throw new MarinadeError('MARINADE_CONFIG_INVALID', `${path}:1:1: no study has more than ${MAX_READ} bytes`);
    }
  } catch (cause) {
    if (cause instanceof MarinadeError) throw cause;
    throw new MarinadeError(
      'MARINADE_CONFIG_USAGE',
      `the study '${path}' cannot be read: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`,
      { path },
      cause,
    );
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A pipe is opened without waiting for its other end, in a thread that could not be ended while it waits. */
function opened(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stat = fstatSync(fd);
  if (stat.isFIFO()) return new Socket({ fd, readable: true, writable: false });
  if (stat.isFile()) return createReadStream(path, { fd });
  closeSync(fd);
  throw new MarinadeError(
    'MARINADE_CONFIG_USAGE',
    `the study '${path}' is ${stat.isDirectory() ? 'a folder' : 'a device'}; expected a file`,
  );
}
