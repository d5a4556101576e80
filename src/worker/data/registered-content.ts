/** Registered data files of this machine by what they hold: what an orchestrator hands to its workers. */
import { type DataOptions, locate } from './locate.ts';
import { readContent, sha256Of } from './read-file.ts';
import { filesOf, registeredSets } from './registry.ts';

/** The uncompressed content with this sha256; undefined where no registered file of this machine has it. */
export function registeredContent(sha256: string, options: DataOptions): Uint8Array | undefined {
  const file = registeredSets.flatMap(filesOf).find((one) => one.sha256.includes(sha256));
  const path = file === undefined ? undefined : locate(file, options);
  if (file === undefined || path === undefined) return undefined;
  const content = readContent(path, file.bytes);
  return sha256Of(content) === sha256 ? content : undefined;
}
