/** `marinade report`: the HTML report of a study, with its figures beside it. */
import { relative, resolve } from 'node:path';
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
    const folder = out === undefined ? resolve(results, 'reports', name) : resolve(out);
    const { htmlPath, figurePaths } = await reportStudy(ledger, studyKey, folder);
    if (json) printJson({ schema: 1, study: name, report: htmlPath, figures: figurePaths });
    else print(relative(process.cwd(), htmlPath));
  });
}
