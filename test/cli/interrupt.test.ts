/** Signals at every stage of `marinade run`: a clean stop, a stop at once, and the same numbers after going on. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hasCheckpoint } from '../support/stored-checkpoints.ts';
import { eventually, hashesOf, jsonOf, marinade, type StudyObject, smallStudy, start, temporaryFolder, writeStudy } from './harness.ts';

/** Long enough to be met by a signal, short enough to be finished afterwards. */
const longStudy = smallStudy.replace('rounds: 200', 'rounds: 10000').replace('every: 10', 'every: 1000').replace('0..2', '0..1');

const stuck = fileURLToPath(new URL('./strategies/stuck.ts', import.meta.url));

/** Waits until a run has a checkpoint. */
async function underWay(results: string): Promise<void> {
  await eventually(() => hasCheckpoint(results), 'a checkpoint');
}

describe('an interrupt', () => {
  it('stops with 130 after a checkpoint, and the same command goes on to the same hashes', async () => {
    const cwd = temporaryFolder();
    const args = ['run', writeStudy(cwd, longStudy), '--json', '--threads', '2', '--rounds-per-job', '500'];
    const running = start(args, { cwd });
    await underWay(join(cwd, 'marinade-results'));
    // One Ctrl-C under npm arrives twice: from the terminal and from npm.
    running.child.kill('SIGINT');
    setTimeout(() => running.child.kill('SIGINT'), 20);
    const stopped = await running.ended;
    expect(stopped).toMatchObject({ status: 130, signal: null });
    expect(stopped.stderr).toContain('SIGINT: finishing the rounds under way; once more to stop at once');
    expect(stopped.stderr).toMatch(/stopped with [1-4] runs? unfinished; the same command goes on with them/);
    const { runs } = jsonOf<StudyObject>(stopped);
    expect(runs.some(({ outcome, rounds, resultHash }) => outcome === null && rounds > 0 && resultHash === null)).toBe(true);
    expect(existsSync(join(cwd, 'marinade-results/owner.json'))).toBe(false);

    const resumed = await marinade(args, { cwd });
    expect(resumed.status).toBe(0);
    expect(hashesOf(resumed)).toEqual(hashesOf(await marinade([...args, '--results', 'whole'], { cwd })));
  });

  it('stops with 143 on SIGTERM', async () => {
    const cwd = temporaryFolder();
    const running = start(['run', writeStudy(cwd, longStudy)], { cwd });
    await underWay(join(cwd, 'marinade-results'));
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ status: 143, signal: null });
  });

  it('stops at once when it comes twice, and nothing committed is lost', async () => {
    const cwd = temporaryFolder();
    // One round of this problem never ends, so that the clean stop cannot.
    const marker = join(cwd, 'marker');
    const study = smallStudy.replace('quadratic, dimension: 6', 'stuck-in-rounds').replace('optimality-gap, gradient-norm, ', 'loss, ');
    const running = start(['run', writeStudy(cwd, study), '--strategies', stuck], { cwd, env: { MARKER: marker } });
    await eventually(() => existsSync(marker), 'the endless round');
    running.child.kill('SIGINT');
    await eventually(() => running.said().includes('once more to stop at once'), 'the answer to the first signal');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(running.child.exitCode).toBe(null);
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ status: 130, signal: null });
    expect((await marinade(['list'], { cwd })).stdout).toMatch(/small .*(running|queued)/);
  });

  it('ends planning that hangs', async () => {
    const cwd = temporaryFolder();
    const marker = join(cwd, 'marker');
    const running = start(['run', writeStudy(cwd), '--strategies', stuck], { cwd, env: { MARKER: marker, STUCK_WHILE_LOADING: '1' } });
    await eventually(() => existsSync(marker), 'the module that never loads');
    running.child.kill('SIGTERM');
    const ended = await running.ended;
    expect(ended).toMatchObject({ status: 143, signal: null, stdout: '' });
    expect(ended.stderr).toContain('stopped before any run began');
  });

  it('ends a search for f* that hangs', async () => {
    const cwd = temporaryFolder();
    const marker = join(cwd, 'marker');
    const study = smallStudy.replace('quadratic, dimension: 6', 'stuck-in-optimum').replace(', gradient-norm, clipping-level', '');
    const running = start(['run', writeStudy(cwd, study), '--strategies', stuck], { cwd, env: { MARKER: marker } });
    await eventually(() => existsSync(marker), 'the endless search');
    running.child.kill('SIGINT');
    const ended = await running.ended;
    expect(ended).toMatchObject({ status: 130, signal: null });
    expect(ended.stderr).toContain('stopped with 6 runs unfinished');
    expect(ended.stderr).not.toContain('MARINADE_');
  });
});

describe('no data', () => {
  it('leaves an empty folder empty when planning fails', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'empty'));
    writeFileSync(join(cwd, 'study.yaml'), 'study: broken\n');
    expect((await marinade(['run', 'study.yaml', '--results', 'empty'], { cwd })).status).toBe(2);
    expect(readdirSync(join(cwd, 'empty'))).toEqual([]);
  });
});
