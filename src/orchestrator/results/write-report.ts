/** Writes a report: report.html, and each figure as SVG and PNG beside it. */
import { join } from 'node:path';
import { writeFileDurably } from './durable-file.ts';
import { rasterize } from './rasterize.ts';
import { renderReport } from './report.ts';
import type { ReportSource } from './report-data.ts';

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
  const htmlPath = join(folder, 'report.html');
  await writeFileDurably(htmlPath, html);
  return { htmlPath, figurePaths };
}
