/** Whether a dawdling strategy computes: it writes a file whose name the threads and processes of a test file inherit. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, vi } from 'vitest';

/** To be called before the first thread or process starts. What it returns resolves once a round is computed that was not over before. */
export function watchRounds(): () => Promise<void> {
  const file = join(mkdtempSync(join(tmpdir(), 'marinade-rounds-')), 'mark');
  process.env['HARMFUL_MARK'] = file;
  afterAll(() => {
    delete process.env['HARMFUL_MARK'];
    rmSync(dirname(file), { recursive: true, force: true });
  });
  return async () => {
    rmSync(file, { force: true });
    await vi.waitFor(() => {
      if (!existsSync(file)) throw new Error('no round is being computed');
    }, 20_000);
  };
}
