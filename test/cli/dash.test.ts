import { describe, expect, test } from 'vitest';
import { eventually, marinade, smallStudy, start, temporaryFolder, writeStudy } from './harness.ts';

/** The link a command printed, as an address and the token behind it. */
async function linkOf(said: () => string): Promise<{ readonly address: string; readonly authorization: string }> {
  await eventually(() => /dashboard: http/.test(said()), 'the link');
  const [, address, token] = /dashboard: (http:\S+?)\/#token=(\S+)/.exec(said())!;
  return { address: address!, authorization: `Bearer ${token}` };
}

describe('marinade dash', () => {
  test('it shows a finished folder and lets nobody act', async () => {
    const cwd = temporaryFolder();
    writeStudy(cwd);
    await marinade(['run', 'study.yaml', '--quiet'], { cwd });
    const dash = start(['dash', '--port', '0'], { cwd });
    const { address, authorization } = await linkOf(dash.said);
    expect((await fetch(`${address}/api/v1/studies`)).status).toBe(401);
    const ask = async (path: string, method = 'GET') => fetch(`${address}/api/v1${path}`, { method, headers: { authorization } });
    expect(await (await ask('')).json()).toMatchObject({ role: 'viewer', acts: false, owner: null });
    expect(await (await ask('/studies')).json()).toMatchObject({ studies: [{ name: 'small', outcomes: { completed: 6 }, roundsLeft: 0 }] });
    expect((await ask('/studies/small/cancel', 'POST')).status).toBe(404);
    expect(await (await fetch(address)).text()).toContain('<div id="app">');
    dash.child.kill('SIGTERM');
    expect((await dash.ended).stdout.trim()).toBe(address);
  });

  test('without a results folder it says so', async () => {
    expect(await marinade(['dash', 'nowhere', '--port', '0'], { cwd: temporaryFolder() })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('MARINADE_STORAGE_NOT_FOUND'),
    });
  });
});

describe('marinade run --dash', () => {
  test('it shows the study while it is computed', async () => {
    const cwd = temporaryFolder();
    writeStudy(cwd, smallStudy.replace('rounds: 200', 'rounds: 20000000'));
    const run = start(['run', 'study.yaml', '--dash', '--quiet'], { cwd });
    const { address, authorization } = await linkOf(run.said);
    const answer = await fetch(`${address}/api/v1/studies/small`, { headers: { authorization } });
    expect(await answer.json()).toMatchObject({ study: { rollup: { total: 6 } } });
    run.child.kill('SIGINT');
    expect((await run.ended).status).toBe(130);
  });
});
