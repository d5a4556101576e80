import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderReport } from '../../../src/orchestrator/results/report.ts';
import { writeReport } from '../../../src/orchestrator/results/write-report.ts';
import { readSvg } from '../../figures/svg-reader.ts';
import { madeUp } from './made-up-study.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marinade-report-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a written report', () => {
  it('is one page with each of its figures as SVG and PNG beside it, and nothing else', async () => {
    const { htmlPath, figurePaths } = await writeReport(join(folder, 'deep', 'er'), madeUp());
    expect(await readFile(htmlPath, 'utf8')).toBe((await renderReport(madeUp())).html);
    const names = ['curves-rounds', 'last-values'].flatMap((name) => [`${name}.svg`, `${name}.png`]);
    expect(figurePaths).toEqual(names.map((name) => join(folder, 'deep', 'er', 'figures', name)));
    expect((await readdir(join(folder, 'deep', 'er'), { recursive: true })).sort()).toEqual(
      ['figures', 'report.html', ...names.map((name) => join('figures', name))].sort(),
    );
    readSvg((await readFile(figurePaths[0]!, 'utf8')).trimEnd());
  });

  it('takes the place of an earlier one', async () => {
    await writeReport(folder, madeUp());
    const { htmlPath } = await writeReport(folder, madeUp({ name: 'another' }));
    expect(await readFile(htmlPath, 'utf8')).toContain('<h1>another</h1>');
  });

  it('names the folder that cannot be written', async () => {
    await writeReport(folder, madeUp());
    await expect(writeReport(join(folder, 'report.html'), madeUp())).rejects.toMatchObject({
      code: 'MARINADE_CONFIG_FOLDER',
      message: expect.stringContaining('report.html'),
    });
  });
});
