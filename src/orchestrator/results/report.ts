/** The report of a study: one self-contained HTML file without scripts, readable on paper, on a phone, in the dark. */
import { escapeText } from '../../figures/svg.ts';
import type { StudyReportData } from '../../shared/messages/results.ts';
import { furtherFigures, headlineFigures, type ReportFigure } from './report-figures.ts';
import { valueLabel } from './statistics.ts';
import { outcomeTable, outcomeText, type Table } from './tables.ts';

export interface RenderedReport {
  readonly html: string;
  readonly figures: readonly ReportFigure[];
}

const style = `
:root{color-scheme:light dark;--ink:#1c1d1f;--soft:#5d6168;--line:#d9dbdf;--page:#fff;--panel:#f6f7f8;--accent:#0072b2}
@media(prefers-color-scheme:dark){:root{--ink:#e7e8ea;--soft:#a2a7af;--line:#3a3d42;--page:#17181a;--panel:#202225;--accent:#6bb8e8}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2.5rem 1.25rem 4rem;max-width:60rem;background:var(--page);color:var(--ink);font:16px/1.55 Inter,system-ui,"Segoe UI",sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .25rem;letter-spacing:-.015em}
h2{font-size:1.15rem;margin:2.6rem 0 .7rem;padding-top:.9rem;border-top:1px solid var(--line)}
p.lead,.soft,figcaption{color:var(--soft)}
figure{margin:0 0 1.4rem}figure svg{width:100%;height:auto;max-width:46rem;display:block}figcaption{font-size:.86rem;max-width:46rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.88rem;min-width:100%}
th{font-weight:600;text-align:left;border-bottom:1.5px solid var(--ink)}td{border-bottom:1px solid var(--line)}th,td{padding:.38rem .8rem .38rem 0;vertical-align:top;white-space:nowrap}
.right{text-align:right}code,pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.9rem;overflow-x:auto}
details{margin:.5rem 0}summary{cursor:pointer;color:var(--accent)}summary:focus-visible,.axis label:focus-within{outline:2px solid var(--accent);outline-offset:2px}
.axis>input{position:absolute;opacity:0}.axis>label{display:inline-block;padding:.2rem .7rem;margin:0 .35rem .8rem 0;border:1px solid var(--line);border-radius:999px;font-size:.85rem;cursor:pointer}
.axis>input:checked+label{border-color:var(--accent);color:var(--accent)}.axis>input:focus-visible+label{outline:2px solid var(--accent);outline-offset:2px}.axis>figure{display:none}
.note{border-left:3px solid #e69f00;padding:.1rem 0 .1rem .8rem;margin:.4rem 0;font-size:.92rem}
@media print{body{max-width:none;padding:0}details{display:block}.axis>label{display:none}}
`;

/** Renders a study; the same data give the same bytes. */
export function renderReport(data: StudyReportData): RenderedReport {
  const headline = headlineFigures(data);
  const further = furtherFigures(data);
  const { runs } = data;
  const outcomes: Record<string, number> = {};
  for (const { outcome, state } of runs) outcomes[outcome ?? state] = (outcomes[outcome ?? state] ?? 0) + 1;
  const seeds = [...new Set(runs.map(({ seed }) => seed))].sort((a, b) => a - b);
  const warnings = [...new Set(runs.flatMap((run) => run.warnings))];
  const sections = [
    `<h1>${escapeText(data.study)}</h1><p class="lead">${runs.length} runs · ${seeds.length} seeds (${seeds.slice(0, 8).join(', ')}${seeds.length > 8 ? ', …' : ''}) · ${escapeText(outcomeText(outcomes))}</p>`,
    section('What was asked', asked(data)),
    section(
      'Outcomes',
      `${htmlTable(outcomeTable(runs))}<p class="soft">Means are geometric for quantities that span decades, with 95 % t-intervals over seeds that ended with finite numbers; runs that diverged are counted, not averaged.</p>`,
    ),
    headline.length === 0 ? '' : section('Curves', switchable(headline)),
    ...further.map((figure) => section(titleOf(figure.name), figureHtml(figure))),
    warnings.length === 0
      ? ''
      : section('Limits and waivers', warnings.map((warning) => `<p class="note">${escapeText(warning)}</p>`).join('')),
    section('Exact configuration', configuration(data)),
    section(
      'Versions and hashes',
      htmlTable({ head: ['fact', 'value'], rows: data.facts.map(({ name, value }) => [name, value]), right: [false, false] }),
    ),
    section(
      'Runs',
      `<details><summary>${runs.length} runs with their keys and result hashes</summary>${htmlTable(runTable(data))}</details>`,
    ),
    section('How to cite', citation(data)),
  ];
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${escapeText(data.study)} · marinade</title><style>${style}${axisRules(headline.length)}</style></head><body>${sections.join('')}</body></html>\n`;
  return { html, figures: [...headline, ...further] };
}

function section(title: string, content: string): string {
  return `<section><h2>${escapeText(title)}</h2>${content}</section>`;
}

function titleOf(name: string): string {
  const titles: Record<string, string> = { 'last-values': 'Where the runs ended', majorities: 'Byzantine majorities' };
  return titles[name] ?? name;
}

function asked({ parameters, runs }: StudyReportData): string {
  const base = JSON.parse(runs[0]?.experiment ?? '{}') as Record<string, unknown>;
  const rows = ['problem', 'data', 'clients', 'participation', 'method', 'clipping', 'compressor', 'aggregator', 'attack', 'rounds']
    .filter((key) => base[key] !== undefined && !parameters.some(({ path }) => path === key || path.startsWith(`${key}.name`)))
    .map((key) => [key, valueLabel(base[key])]);
  const varied = parameters.map(({ path, labels }) => [path, labels.join('  |  ')]);
  return (
    (varied.length === 0 ? '' : `<p>Varied:</p>${htmlTable({ head: ['parameter', 'values'], rows: varied, right: [false, false] })}`) +
    `<p>Held fixed:</p>${htmlTable({ head: ['part', 'choice'], rows, right: [false, false] })}`
  );
}

/** The headline figure with a choice of axis: radio buttons and style rules, no script. */
function switchable(figures: readonly ReportFigure[]): string {
  const names: Record<string, string> = {
    'curves-rounds': 'rounds',
    'curves-gradient-evaluations': 'gradient evaluations',
    'curves-bits': 'bits',
  };
  const inputs = figures.map(
    ({ name }, i) =>
      `<input type="radio" name="axis" id="axis-${i}"${i === 0 ? ' checked' : ''}><label for="axis-${i}">${escapeText(names[name] ?? name)}</label>`,
  );
  return `<div class="axis">${inputs.join('')}${figures.map((figure, i) => figureHtml(figure, `axis-figure-${i}`)).join('')}</div>`;
}

function axisRules(count: number): string {
  return Array.from({ length: count }, (_, i) => `#axis-${i}:checked~.axis-figure-${i}{display:block}`).join('');
}

function figureHtml({ svg, caption }: ReportFigure, className?: string): string {
  return `<figure${className === undefined ? '' : ` class="${className}"`}><div class="scroll">${svg}</div><figcaption>${escapeText(caption)}</figcaption></figure>`;
}

function htmlTable({ head, rows, right }: Table): string {
  const cell = (tag: string, content: string, column: number): string =>
    `<${tag}${right[column] === true ? ' class="right"' : ''}>${escapeText(content)}</${tag}>`;
  const line = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((content, column) => cell(tag, content, column)).join('')}</tr>`;
  return `<div class="scroll"><table><thead>${line('th', head)}</thead><tbody>${rows.map((row) => line('td', row)).join('')}</tbody></table></div>`;
}

function configuration({ source, runs }: StudyReportData): string {
  const effective = runs[0] === undefined ? '' : JSON.stringify(JSON.parse(runs[0].experiment), null, 2);
  return `<details><summary>The study as it was submitted</summary><pre>${escapeText(source)}</pre></details><details><summary>The first run's experiment with all defaults filled in</summary><pre>${escapeText(effective)}</pre></details>`;
}

function runTable({ runs }: StudyReportData): Table {
  return {
    head: ['run key', 'parameters', 'seed', 'outcome', 'rounds', 'result hash'],
    rows: runs.map((run) => [
      run.runKey.slice(0, 16),
      Object.values(run.parameters).map(valueLabel).join(' · '),
      String(run.seed),
      run.failure === null ? (run.outcome ?? run.state) : `${run.outcome}: ${run.failure.code}`,
      String(Math.max(0, run.committedRound)),
      run.resultHash?.slice(0, 16) ?? '–',
    ]),
    right: [false, false, true, false, true, false],
  };
}

function citation({ facts, studyKey }: StudyReportData): string {
  const version = facts.find(({ name }) => name === 'marinade')?.value ?? '';
  return `<p>Computed with marinade ${escapeText(version)}, study ${escapeText(studyKey)}. The method Byz-VR-MARINA-PP is from G. Malinovsky, P. Richtárik, S. Horváth, E. Gorbunov, “Byzantine Robustness and Partial Participation Can Be Achieved at Once: Just Clip Gradient Differences”, NeurIPS 2024, arXiv 2311.14127.</p>`;
}
