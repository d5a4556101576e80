/** `marinade report`: the HTML report of a study, with its figures beside it. */
import { relative } from 'node:path';
import { requireStudy, withReader } from '../lookup.ts';
import { print, printJson } from '../output.ts';
import { reportStudy } from '../study-report.ts';

interface ReportOptions {
  readonly results: string;
  readonly out?: string;
  readonly json: boolean;
}

export async function report(nameOrKey: string, { results, out, json }: ReportOptions): Promise<void> {
  await withReader(results, async (ledger) => {
    const { studyKey, name } = await requireStudy(ledger, nameOrKey);
    const { htmlPath, figurePaths } = await reportStudy(ledger, studyKey, { results, out });
    if (json) printJson({ schema: 1, study: name, studyKey, report: htmlPath, figures: figurePaths });
    else print(relative(process.cwd(), htmlPath));
  });
}
