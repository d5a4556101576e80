/** A Node too old to run marinade, as a machine may have one; the launcher must cope with it. */
import { spawnSync } from 'node:child_process';
import { delimiter } from 'node:path';

/** The path of the system's Node where that is older than 24.15; without one it says so, and tests skip. */
export const oldNode: string | undefined = findOldNode();

function findOldNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  for (const path of [...folders, '/usr/bin', '/usr/local/bin'].map((folder) => `${folder}/node`)) {
    const version = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout?.trim();
    const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version ?? '') ?? [];
    if (major !== undefined && (Number(major) < 24 || (major === '24' && Number(minor) < 15))) return path;
  }
  process.stderr.write('skipped: tests under an old Node; this machine has none below 24.15\n');
  return undefined;
}
