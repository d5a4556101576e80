/** Writes a report: report.html, and each figure as SVG and PNG beside it. */
import { join } from 'node:path';
import type { StudyReportData } from '../../shared/messages/results.ts';
import { writeFileDurably } from './durable-file.ts';
import { rasterize } from './rasterize.ts';
import { renderReport } from './report.ts';

export async function writeReport(
  folder: string,
  data: StudyReportData,
): Promise<{ readonly htmlPath: string; readonly figurePaths: readonly string[] }> {
  const { html, figures } = renderReport(data);
  const figurePaths: string[] = [];
  for (const { name, svg } of figures) {
    const path = join(folder, 'figures', name);
    await writeFileDurably(`${path}.svg`, `${svg}\n`);
    await writeFileDurably(`${path}.png`, rasterize(svg));
    figurePaths.push(`${path}.svg`, `${path}.png`);
  }
  const htmlPath = join(folder, 'report.html');
  await writeFileDurably(htmlPath, html);
  return { htmlPath, figurePaths };
}
