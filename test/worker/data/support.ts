/** Data files and cache folders of a test's own. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { dataSchema } from '../../../src/algorithm/data/spec.ts';
import { plainArena } from '../../../src/algorithm/kernels/plain-arena.ts';
import { type DataOptions, type LoadedData, loadDataset } from '../../../src/worker/data/load.ts';
import { temporaryFolder } from '../../orchestrator/ledger/support.ts';

/** A new folder as this test's cache; MARINADE_DATA_DIR is unset. Returns the folder of parsed entries. */
export function ownCache(folder: string = temporaryFolder()): string {
  for (const [name, value] of [
    ['XDG_CACHE_HOME', folder],
    ['MARINADE_DATA_DIR', undefined],
  ] as const) {
    const before = process.env[name];
    setVariable(name, value);
    onTestFinished(() => setVariable(name, before));
  }
  return join(folder, 'marinade', 'parsed');
}

function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

/** Loads what an experiment's `data` says, into plain memory. */
export function load(data: object, options: DataOptions = {}): Promise<LoadedData> {
  return loadDataset(dataSchema.parse(data), { ...options, arena: plainArena() });
}

/** Files that changed a moment ago are read but not kept. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 60));
}

/** Names in a folder that may not exist. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
