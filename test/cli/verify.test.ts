/** `marinade verify` on a real ledger, and on one in which a single bit was changed behind its back. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/shared/messages/codec.ts';
import { storedCheckpoints } from '../support/stored-checkpoints.ts';
import { hashesOf, jsonOf, marinade, newFolder, writeStudy } from './harness.ts';

interface Verified {
  readonly equal: boolean;
  readonly from: number;
  readonly to: number;
  readonly points: number;
  readonly checkpoints: readonly number[];
  readonly difference: { readonly what: string; readonly round?: number; readonly stored: string; readonly computed: string } | null;
}

interface StudyVerified {
  readonly equal: boolean;
  readonly runs: readonly (Verified & { readonly runKey: string })[];
  readonly unrecorded: number;
}

const { folder, remove } = newFolder();
const here = { cwd: folder };
const results = join(folder, 'marinade-results');
let runKey = '';

beforeAll(async () => {
  // The checkpoints of rounds 150 and 200 are kept.
  const ran = await marinade(['run', writeStudy(folder), '--json', '--rounds-per-job', '50'], here);
  runKey = Object.keys(hashesOf(ran))[4]!;
});
afterAll(remove);

/** A copy of the results, changed by `change`. */
function tampered(name: string, change: (folder: string) => void): string {
  const copy = join(folder, name);
  cpSync(results, copy, { recursive: true });
  change(copy);
  return copy;
}

describe('marinade verify', () => {
  it('computes a run again from x^0 and finds every bit as recorded', async () => {
    const ended = await marinade(['verify', runKey.slice(0, 12), '--json'], here);
    expect(ended.status).toBe(0);
    expect(jsonOf<Verified>(ended)).toEqual({
      schema: 1,
      runKey,
      equal: true,
      from: 0,
      to: 200,
      points: 21,
      checkpoints: [150, 200],
      difference: null,
    });
  });

  it('begins at a checkpoint, on any thread plan', async () => {
    const ended = await marinade(['verify', runKey, '--from', '150', '--parallel', 'clients', '--threads', '2'], here);
    expect(ended.status).toBe(0);
    expect(ended.stdout).toContain(
      'from the checkpoint of round 150 to round 200: 5 points of 3 metrics (15 numbers), 1 checkpoint, f*, result hash ',
    );
  });

  it('says which checkpoints there are when asked for another', async () => {
    const absent = await marinade(['verify', runKey, '--from', '100'], here);
    expect(absent).toMatchObject({ status: 2, stdout: '' });
    expect(absent.stderr).toContain('no intact checkpoint of round 100; those of rounds 150, 200 are kept');
    const last = await marinade(['verify', runKey, '--from', '200'], here);
    expect(last.status).toBe(2);
    expect(last.stderr).toContain('no round is recorded after the checkpoint of round 200');
  });

  it('refuses a run that nobody knows, and other strategy modules', async () => {
    expect(await marinade(['verify', 'ffff'], here)).toMatchObject({ status: 2, stdout: '' });
    writeFileSync(join(folder, 'mine.mjs'), 'export const strategies = {};\n');
    const other = await marinade(['verify', runKey, '--strategies', 'mine.mjs'], here);
    expect(other).toMatchObject({ status: 2, stdout: '' });
    expect(other.stderr).toContain('other strategy modules');
  });

  it('names the first point of a curve that differs by one bit', async () => {
    const copy = tampered('curve', (at) => {
      const database = new DatabaseSync(join(at, 'ledger.sqlite'));
      const row = database
        .prepare("SELECT rowid AS id, data FROM chunk WHERE metric = 'gradient-norm' AND run = (SELECT id FROM run WHERE run_key = ?)")
        .get(runKey) as { id: number; data: Uint8Array };
      const data = Uint8Array.from(row.data);
      data[8 * 7]! ^= 1;
      database.prepare('UPDATE chunk SET data = ?, crc32 = ? WHERE rowid = ?').run(data, crc32(data), row.id);
      database.close();
    });
    const ended = await marinade(['verify', runKey, '--json', '--results', copy], here);
    expect(ended.status).toBe(1);
    const { equal, difference } = jsonOf<Verified>(ended);
    expect(equal).toBe(false);
    expect(difference).toMatchObject({ what: 'gradient-norm', round: 70 });
    expect(Math.abs(Number(difference!.stored) - Number(difference!.computed))).toBeGreaterThan(0);
    const text = await marinade(['verify', runKey, '--results', copy], here);
    expect(text.stdout).toMatch(
      /^DIFFERENT: run .* first difference in gradient-norm at round 70\n {2}stored {4}\S+\n {2}computed {2}\S+\nto do: .*\n {2}--kernels reference/,
    );
  });

  it('computes all runs of a study again and says how much was compared', async () => {
    const ended = await marinade(['verify', 'small', '--threads', '2'], here);
    expect(ended.status).toBe(0);
    expect(ended.stdout).toMatch(
      /^equal to the last bit: 6 runs of study small \([0-9a-f]{16}\), computed again from x\^0: 126 points of 3 metrics \(378 numbers\), 12 checkpoints, 3 values of f\*, 6 result hashes\n$/,
    );
    const { equal, runs, unrecorded } = jsonOf<StudyVerified>(await marinade(['verify', 'small', '--json'], here));
    expect({ equal, unrecorded, count: runs.length }).toEqual({ equal: true, unrecorded: 0, count: 6 });
    const from = await marinade(['verify', 'small', '--from', '150'], here);
    expect(from).toMatchObject({ status: 2, stdout: '' });
    expect(from.stderr).toContain("--from belongs to one run; 'small' is a study");
  });

  it('names each run of a study that differs, beside those that do not and those of which there is nothing', async () => {
    const copy = tampered('study', (at) => {
      const database = new DatabaseSync(join(at, 'ledger.sqlite'));
      database.exec(`UPDATE run SET result_hash = '${'0'.repeat(64)}' WHERE run_key = '${runKey}'`);
      database.exec("UPDATE run SET committed_round = -1, state = 'queued', outcome = NULL WHERE seed = 2");
      database.close();
    });
    const ended = await marinade(['verify', 'small', '--results', copy], here);
    expect(ended.status).toBe(1);
    expect(ended.stdout).toMatch(/^DIFFERENT: 1 of 4 runs of study small/);
    expect(ended.stdout).toContain(`DIFFERENT: run ${runKey} from x^0: first difference in resultHash`);
    expect(ended.stdout).toContain('equal to the last bit: the other 3 runs: 63 points');
    expect(ended.stdout).toContain('not compared: 2 runs of which nothing is recorded yet\nto do: ');
    const { equal, runs, unrecorded } = jsonOf<StudyVerified>(await marinade(['verify', 'small', '--json', '--results', copy], here));
    expect({ equal, unrecorded }).toEqual({ equal: false, unrecorded: 2 });
    expect(runs.filter((run) => !run.equal).map((run) => run.runKey)).toEqual([runKey]);
  });

  it('names the place in a checkpoint that differs', async () => {
    const copy = tampered('checkpoint', (at) => {
      const stored = storedCheckpoints(at)
        .flat()
        .find((one) => one.runKey === runKey && one.round === 150)!;
      const { sections, ...rest } = decodeCheckpoint(stored.bytes, { runKey });
      const block = Float64Array.from(sections['block']!);
      block[2] = block[2]! + 1;
      stored.replace(encodeCheckpoint({ ...rest, sections: { block } }));
    });
    const { difference } = jsonOf<Verified>(await marinade(['verify', runKey, '--json', '--results', copy], here));
    expect(difference).toMatchObject({ what: 'the checkpoint, block[2]', round: 150 });
    expect(Number(difference!.stored) - Number(difference!.computed)).toBeCloseTo(1, 12);
  });

  it('finds another result hash, another f* and another end', async () => {
    const change = (sql: string) => (at: string) => {
      const database = new DatabaseSync(join(at, 'ledger.sqlite'));
      database.exec(sql);
      database.close();
    };
    const differenceOf = async (name: string, sql: string): Promise<Verified['difference']> => {
      const ended = await marinade(['verify', runKey, '--json', '--results', tampered(name, change(sql))], here);
      expect(ended.status).toBe(1);
      return jsonOf<Verified>(ended).difference;
    };
    expect(await differenceOf('hash', `UPDATE run SET result_hash = '${'0'.repeat(64)}'`)).toMatchObject({
      round: 200,
      stored: '0'.repeat(64),
    });
    expect(await differenceOf('optimum', 'UPDATE optimum SET value = value + 1')).toMatchObject({ what: 'f*' });
    expect(await differenceOf('outcome', "UPDATE run SET outcome = 'diverged'")).toMatchObject({ what: 'outcome', stored: 'diverged' });
  });
});
