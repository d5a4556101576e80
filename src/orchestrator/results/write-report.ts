/** Writes a report: report.html, and each figure as SVG and PNG beside it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from './durable-file.ts';
import { rasterize } from './rasterize.ts';
import { renderReport } from './report.ts';
import type { ReportSource } from './report-data.ts';
import { studyOfPage } from './report-html.ts';

const PAGE = 'report.html';

/** The study whose report lies in a folder: its key, empty where the page does not say it; undefined when there is none. */
export async function reportedStudy(folder: string): Promise<string | undefined> {
  const page = await readFile(join(folder, PAGE), 'utf8').catch(() => undefined);
  return page === undefined ? undefined : (studyOfPage(page) ?? '');
}

export async function writeReport(
  folder: string,
  source: ReportSource,
): Promise<{ readonly htmlPath: string; readonly figurePaths: readonly string[] }> {
  const { html, figures } = await renderReport(source);
  const figurePaths: string[] = [];
  for (const { name, draw } of figures) {
    const path = join(folder, 'figures', name);
    const svg = draw();
    await writeFileDurably(`${path}.svg`, `${svg}\n`);
    await writeFileDurably(`${path}.png`, rasterize(svg));
    figurePaths.push(`${path}.svg`, `${path}.png`);
  }
  const htmlPath = join(folder, PAGE);
  await writeFileDurably(htmlPath, html);
  return { htmlPath, figurePaths };
}
