import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeFileDurably } from '../../../src/orchestrator/results/durable-file.ts';
import { failureOf, temporaryFolder } from '../ledger/support.ts';

describe('a file written durably', () => {
  test('it makes the folders above it and leaves nothing beside it', async () => {
    const folder = join(temporaryFolder(), 'a', 'b');
    await writeFileDurably(join(folder, 'file.txt'), 'content');
    expect(readFileSync(join(folder, 'file.txt'), 'utf8')).toBe('content');
    expect(readdirSync(folder)).toEqual(['file.txt']);
  });

  test.skipIf(process.platform !== 'linux')('it is refused at once where no folder can be made', async () => {
    const failure = await failureOf(writeFileDurably('/proc/marinade/file.txt', 'content'));
    expect(failure).toMatchObject({ code: 'MARINADE_CONFIG_FOLDER', message: expect.stringContaining('/proc/marinade/file.txt') });
  });
});
