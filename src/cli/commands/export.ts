/** `marinade export`: runs and curves of a study as files for other programs. */
import { relative, resolve } from 'node:path';
import { exportCsv, exportNdjson } from '../../orchestrator/results/export.ts';
import { requireStudy, withReader } from '../lookup.ts';
import { print, printJson } from '../output.ts';

interface ExportOptions {
  readonly results: string;
  readonly format: 'csv' | 'ndjson';
  readonly out: string;
  readonly json: boolean;
}

export async function exportStudy(nameOrKey: string, { results, format, out, json }: ExportOptions): Promise<void> {
  await withReader(results, async (ledger) => {
    const { studyKey, name } = await requireStudy(ledger, nameOrKey);
    const write = format === 'csv' ? exportCsv : exportNdjson;
    const files = await write(resolve(out), ledger, await ledger.runs(studyKey));
    if (json) printJson({ schema: 1, study: name, studyKey, files });
    else print(files.map((path) => relative(process.cwd(), path)).join('\n'));
  });
}
