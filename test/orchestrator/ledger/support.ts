/** Temporary results folders and expected failures. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { codeOf, type ErrorCode } from '../../../src/shared/errors.ts';

/** A new folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'marinade-ledger-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** All files below a folder, relative to it. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** The error of ours a promise rejects with. */
export async function failureOf(
  work: Promise<unknown> | (() => unknown),
): Promise<Error & { code: ErrorCode; details: Record<string, unknown> }> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (thrown) {
    return Object.assign(thrown as Error, { code: codeOf(thrown) }) as Error & { code: ErrorCode; details: Record<string, unknown> };
  }
  throw new Error('expected a failure; the work succeeded');
}
