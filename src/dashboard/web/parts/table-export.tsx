/** The runs in sight as a file: CSV and LaTeX made here, Parquet by the server. */
import { duration, shortNumber } from '../state/format.ts';
import { lines } from '../state/rows.ts';
import { selection, table } from '../state/study-table.ts';
import { metric } from '../state/view.ts';
import { csvField, fileName, saveFile } from './export-menu.tsx';
import { Menu } from './menu.tsx';

interface Sheet {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

function sheetOf(): Sheet {
  const known = table.value!;
  const name = metric.value?.name;
  const values = name === undefined ? undefined : known.values[name];
  const rows = lines.value.flatMap((line) => (line.kind === 'run' ? [line.row] : []));
  return {
    head: [
      'run',
      ...known.paths,
      'seed',
      'outcome',
      'round',
      ...(values === undefined ? [] : [`${name} last`, `${name} min`, `${name} max`]),
      'compute seconds',
    ],
    rows: rows.map((row) => [
      known.runKey[row]!,
      ...known.cells[known.cell[row]!]!,
      known.seed[row]!,
      known.outcome[row]!,
      Math.max(0, known.committed[row]!),
      ...(values === undefined ? [] : [values.last[row]!, values.min[row]!, values.max[row]!]),
      known.seconds[row]!,
    ]),
  };
}

function csvOf({ head, rows }: Sheet): string {
  const line = (fields: readonly (string | number)[]): string =>
    fields.map((field) => (typeof field === 'number' ? String(field) : csvField(field))).join(',');
  return `${[line(head), ...rows.map(line)].join('\n')}\n`;
}

const special: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  '&': '\\&',
  '%': '\\%',
  $: '\\$',
  '#': '\\#',
  _: '\\_',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '–': '--',
  '−': '$-$',
  '∞': '$\\infty$',
};

function latexText(text: string): string {
  const written = [...text].map((character) => special[character] ?? character).join('');
  return written.replace(
    /^(-?\d(?:\.\d+)?)e(?:\$-\$|-)?(\d+)$/,
    (_, mantissa: string, exponent: string) => `$${mantissa}\\cdot 10^{${text.includes('e−') ? '-' : ''}${exponent}}$`,
  );
}

function latexOf({ head, rows }: Sheet): string {
  const line = (fields: readonly (string | number)[]): string =>
    `${fields.map((field, i) => latexText(typeof field === 'number' ? (head[i] === 'compute seconds' ? duration(field) : shortNumber(field)) : i === 0 ? field.slice(0, 8) : field)).join(' & ')} \\\\`;
  const right = head.map((_, i) => (typeof rows[0]?.[i] === 'number' ? 'r' : 'l')).join('');
  return [
    '% needs \\usepackage{booktabs}',
    `\\begin{tabular}{${right}}`,
    '\\toprule',
    line(head.map((name, i) => (i === 0 ? 'run     ' : name))),
    '\\midrule',
    ...rows.map(line),
    '\\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n');
}

export function TableExport({ studyName }: { readonly studyName: string }) {
  const save = (ending: string, type: string, content: string): void =>
    saveFile(fileName(`${studyName} runs`, ending), new Blob([content], { type }));
  const { text, ...chosen } = selection.value;
  return (
    <Menu label="Export" end>
      <button type="button" onClick={() => save('csv', 'text/csv', csvOf(sheetOf()))}>
        CSV of the rows in sight
      </button>
      <button type="button" onClick={() => save('tex', 'application/x-tex', latexOf(sheetOf()))}>
        LaTeX table
      </button>
      <a
        class="button"
        download
        href={`/api/v1/studies/${table.value!.studyKey}/runs.parquet?selection=${encodeURIComponent(JSON.stringify(chosen))}`}
      >
        Parquet, all metrics
      </a>
    </Menu>
  );
}
