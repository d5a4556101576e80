/** `marinade doctor` on healthy and on damaged folders. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storedCheckpoints } from '../support/stored-checkpoints.ts';
import { jsonOf, marinade, temporaryFolder, writeStudy } from './harness.ts';

interface Doctored {
  readonly checks: readonly { readonly name: string; readonly status: string; readonly message: string }[];
}

describe('marinade doctor', () => {
  it('finds nothing to complain about before the first study, and creates no ledger', async () => {
    const cwd = temporaryFolder();
    const ended = await marinade(['doctor', '--json'], { cwd });
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    const { checks } = jsonOf<Doctored>(ended);
    expect(checks.map(({ name }) => name)).toEqual(['marinade', 'node', 'threads', 'memory', 'disk', 'ledger', 'cache', 'data']);
    expect(checks.filter(({ status }) => status === 'problem')).toEqual([]);
    expect(checks[1]!.message).toBe(process.versions.node);
    expect(readdirSync(cwd)).toEqual(['cache']);
  });

  it('reads every curve and checkpoint, and names what is damaged', async () => {
    const cwd = temporaryFolder();
    await marinade(['run', writeStudy(cwd), '-q', '--set', 'rounds=20'], { cwd });
    expect((await marinade(['doctor'], { cwd })).stdout).toMatch(/^ok +ledger +1 study, intact$/m);
    const newest = storedCheckpoints(join(cwd, 'marinade-results'))[0]![0]!;
    newest.replace(newest.bytes.subarray(0, 40));
    const ended = await marinade(['doctor'], { cwd });
    expect(ended.status).toBe(1);
    expect(ended.stdout).toMatch(/^problem +ledger +1 finding\n +\S+ledger\.sqlite, checkpoint of round 20: /m);
  });

  it('tells a folder of data that is not there, a cache and a ledger that cannot be used', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'marinade-results'));
    writeFileSync(join(cwd, 'marinade-results/ledger.sqlite'), 'no database at all, only a name');
    writeFileSync(join(cwd, 'cache'), 'a file where the cache should be');
    const ended = await marinade(['doctor', '--json', '--data-dir', 'nowhere'], { cwd });
    expect(ended.status).toBe(1);
    const status = Object.fromEntries(jsonOf<Doctored>(ended).checks.map((check) => [check.name, check.status]));
    expect(status).toMatchObject({ ledger: 'problem', data: 'problem', cache: 'warning' });
  });
});
