/** The sections of a report that are words and tables. */
import type { StudyRun } from '../../shared/contracts/ledger.ts';
import { bestPerGroup, worstCases } from './report-best.ts';
import type { ReportData } from './report-data.ts';
import {
  type Content,
  counted,
  details,
  grouped,
  htmlOf,
  joined,
  type Markup,
  markup,
  numeric,
  preformatted,
  swatch,
  table,
  textTableHtml,
} from './report-html.ts';
import { metricTitle } from './report-names.ts';
import { dataLabel, distinctData } from './run-data.ts';
import { type CellStatistics, estimate, ranked, valueLabel } from './statistics.ts';
import { estimateText, latexTable, outcomeTable, outcomeText, roundsText, shortNumber } from './tables.ts';

/** What came out, in a sentence or two. */
function inShort({ cells, headline, runs }: ReportData): Markup {
  const lost = runs.filter(({ outcome }) => outcome === 'diverged').length;
  const fate = lost === 0 ? 'No run diverged.' : `${grouped(lost)} of ${counted(runs.length, 'run')} diverged.`;
  if (headline === undefined) return markup`<p>${fate}</p>`;
  const order = ranked(cells, headline);
  const [best, worst] = [order[0], order.at(-1)];
  const found = best && estimate(best.runs, headline);
  if (best === undefined || worst === undefined || found === undefined) {
    return markup`<p>No run ended by itself with a finite ${metricTitle(headline).toLowerCase()}. ${fate}</p>`;
  }
  const name = metricTitle(headline).toLowerCase();
  if (cells.length === 1) return markup`<p>Mean ${name} at the end: ${numeric(estimateText(best, headline))}. ${fate}</p>`;
  const last = estimate(worst.runs, headline);
  const end = last === undefined ? 'no run with a finite value' : numeric(shortNumber(last.mean));
  return markup`<p>Best mean ${name} at the end: <b>${numeric(shortNumber(found.mean))}</b> (${best.label}). Worst: <b>${end}</b> (${worst.label}). ${fate}</p>`;
}

function outcomesMarkup({ outcomes }: CellStatistics): Markup {
  return joined(
    Object.entries(outcomes).map(([outcome, count]) => {
      const text = `${count} ${outcome}`;
      return outcome === 'completed' || outcome === 'target-reached' || outcome === 'plateau'
        ? text
        : markup`<span class="lost">${text}</span>`;
    }),
    ', ',
  );
}

/** Spread of the first values of a metric, which all cells of a study share or do not. */
function firstText({ runs }: CellStatistics, metric: string): string {
  const values = runs.flatMap(({ summaries }) => summaries[metric]?.first ?? []).filter(Number.isFinite);
  if (values.length === 0) return '–';
  const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  return low === high ? shortNumber(low) : `${shortNumber(low)}–${shortNumber(high)}`;
}

/** Cells in the table that is open to the eye; of more, the best stand there and the whole table is a click away. */
const OPEN_ROWS = 24;
const BEST_ROWS = 10;

/** One row per cell, with its mark in the figures. */
export function outcomes(data: ReportData): Markup {
  const { cells, headline, runs } = data;
  const note =
    headline === undefined
      ? 'No metric was recorded.'
      : "Means are over the runs of a cell that ended by themselves, geometric where the metric spans decades and all values are positive; in brackets the 95 % interval over seeds (Student's t, of log10 for geometric means). Runs that diverged, failed or have not ended are counted under outcomes, and the mean then says over how many runs it is.";
  const few = cells.length <= OPEN_ROWS || headline === undefined;
  const whole = outcomeRows(data, cells, headline === undefined ? undefined : `${metricTitle(headline)} over the seeds of each cell`);
  return joined([
    inShort(data),
    few
      ? whole
      : outcomeRows(
          data,
          ranked(cells, headline).slice(0, BEST_ROWS),
          `${metricTitle(headline)}: the ${BEST_ROWS} best of ${cells.length} cells`,
        ),
    few ? '' : details(`All ${cells.length} cells`, whole),
    markup`<p class="soft">${note}</p>`,
    details('This table in LaTeX', preformatted(latexTable(outcomeTable(runs)))),
  ]);
}

function outcomeRows({ cells: all, headline, layout }: ReportData, cells: readonly CellStatistics[], caption: string | undefined): Markup {
  const paths = Object.keys(all[0]?.parameters ?? {});
  const lead = paths.length === 0 ? ['runs'] : paths;
  // All cells share their seeds and mostly their starts: then once is enough.
  const starts = headline === undefined ? [] : [...new Set(all.map((cell) => firstText(cell, headline)))];
  const varies = starts.length > 1;
  const rows = cells.map((cell): Content[] => {
    const values = paths.length === 0 ? ['all'] : paths.map((path) => valueLabel(cell.parameters[path]));
    const marked = all.length > 1 ? joined([swatch(layout.placed.get(cell)?.style), values[0]!]) : values[0]!;
    return [
      marked,
      ...values.slice(1),
      outcomesMarkup(cell),
      groupedDigits(roundsText(cell.runs)),
      ...(headline !== undefined && varies ? [numeric(firstText(cell, headline))] : []),
      ...(headline === undefined ? [] : [numeric(estimateText(cell, headline))]),
    ];
  });
  const head = [...lead, 'outcomes', 'rounds', ...(varies ? ['first'] : []), ...(headline === undefined ? [] : ['last, mean [95 %]'])];
  const right = [...lead.map(() => false), false, true, true, true];
  const start = starts.length === 1 && starts[0] !== '–' ? `; at the start ${starts[0]}` : '';
  return table({ head, rows, right, wrap: lead.map(() => true), ...(caption === undefined ? {} : { caption: `${caption}${start}` }) });
}

function groupedDigits(rounds: string): string {
  return rounds.replace(/\d+/g, (digits) => grouped(Number(digits)));
}

/** The best choice per circumstance and under the worst attack; undefined where there is nothing to compare. */
export function best({ cells, headline }: ReportData): Markup | undefined {
  if (headline === undefined) return undefined;
  const perGroup = bestPerGroup(cells, headline);
  const worst = worstCases(cells, headline);
  // With one circumstance the best cell has been named already.
  if (perGroup.length < 2 && worst.length === 0) return undefined;
  const value = (cell: CellStatistics): Markup => numeric(estimateText(cell, headline));
  const groups =
    perGroup.length < 2
      ? ''
      : table({
          head: ['in', 'best', 'of', metricTitle(headline)],
          rows: perGroup.map(({ group, best: cell, choice: chosen, of }) => [group, chosen, String(of), value(cell)]),
          right: [false, false, true, true],
          wrap: [true, true],
        });
  const shown = worst.slice(0, 40);
  const worstTable =
    worst.length === 0
      ? ''
      : joined([
          markup`<h3>Under the worst of the tried attacks</h3>`,
          table({
            head: ['choice', 'worst attack', 'attacks survived', `${metricTitle(headline)} there`],
            rows: shown.map(({ choice: chosen, attack, attacks, broken, worst: cell }) => [
              chosen,
              attack,
              `${attacks - broken} of ${attacks}`,
              value(cell),
            ]),
            right: [false, false, true, true],
            wrap: [true, true],
          }),
          worst.length > shown.length
            ? markup`<p class="soft">The best ${String(shown.length)} of ${String(worst.length)} choices.</p>`
            : '',
        ]);
  const rule =
    'Cells are ordered by their mean; one in which any run diverged, failed or has not ended comes after all others. An attack is survived when every run of the cell ended by itself.';
  return joined([groups, worstTable, markup`<p class="soft">${rule}</p>`]);
}

/** Warnings and waivers, each with the cells it concerns. */
export function warnings({ cells }: ReportData): Markup | undefined {
  const byText = new Map<string, CellStatistics[]>();
  for (const cell of cells) {
    for (const text of new Set(cell.runs.flatMap((run) => run.warnings))) byText.set(text, [...(byText.get(text) ?? []), cell]);
  }
  const counts = notesOf(cells);
  if (byText.size + counts.length === 0) return undefined;
  const notes = [...byText].map(([text, concerned]) => {
    const few = concerned.length <= 3 ? concerned.map(({ label }) => label).join('; ') : `${concerned.length} of ${cells.length} cells`;
    return markup`<p class="note">${text} <span class="soft">(${concerned.length === cells.length ? 'all cells' : few})</span></p>`;
  });
  return joined([...notes, ...counts.map((text) => markup`<p class="note">${text}</p>`)]);
}

/** What runs counted beside their numbers. */
const noteTexts: Readonly<Record<string, string>> = {
  loweredTolerance: 'the cohort was too small for f and the largest feasible f was used',
  emptyCohorts: 'nobody was sampled and the estimator was kept',
};

function notesOf(cells: readonly CellStatistics[]): string[] {
  const totals = new Map<string, { rounds: number; runs: number }>();
  for (const { notes } of cells.flatMap(({ runs }) => runs)) {
    for (const [name, rounds] of Object.entries(notes)) {
      if (rounds === 0) continue;
      const total = totals.get(name) ?? { rounds: 0, runs: 0 };
      totals.set(name, { rounds: total.rounds + rounds, runs: total.runs + 1 });
    }
  }
  return [...totals].map(
    ([name, { rounds, runs }]) => `in ${counted(rounds, 'round')} of ${counted(runs, 'run')} ${noteTexts[name] ?? name}`,
  );
}

/** Observed majority rounds against the theory. */
export function cohortTable({ cohorts }: ReportData): Markup {
  const percent = (value: number | undefined): string => (value === undefined ? '–' : `${(100 * value).toFixed(2)} %`);
  const rows = cohorts.map(({ label, expected, rounds, majorities, probabilities, tolerated }) => {
    const observed = majorities / rounds;
    const error = expected === undefined ? Number.NaN : Math.sqrt((expected * (1 - expected)) / rounds);
    const away = expected === undefined || error === 0 ? '–' : `${((observed - expected) / error).toFixed(1)}`.replace('-', '−');
    return [
      label,
      grouped(rounds),
      grouped(majorities),
      percent(observed),
      expected === undefined ? '–' : `${percent(expected)} ± ${(100 * error).toFixed(2)}`,
      away,
      probabilities === undefined ? '–' : `${percent(probabilities.good)} (≤ ${tolerated})`,
      percent(probabilities?.clean),
    ];
  });
  return joined([
    textTableHtml({
      head: ['cohort', 'rounds', 'majorities', 'observed', 'expected ± s.e.', 'off by s.e.', 'p_G', 'p clean'],
      rows,
      right: [false, true, true, true, true, true, true, true],
    }),
    markup`<p class="soft">Over all seeds together. Expected: the hypergeometric probability of a strict majority, refresh rounds and their larger cohorts included, with the standard error of as many rounds. p_G: probability that a small cohort holds no more byzantine clients than the rule is told of; p clean: none. All cells share their seeds, hence their cohorts.</p>`,
  ]);
}

/** Runs whose keys and hashes are printed; on screen all are a click away. */
const PRINTED_RUNS = 60;

/** Keys and hashes of every run. */
export function runTable({ runs, cells }: ReportData): Markup {
  const labels = new Map(cells.flatMap(({ label, runs: members }) => members.map(({ runKey }) => [runKey, label] as const)));
  const rows = runs.map((run): Content[] => [
    markup`<span class="hash">${run.runKey.slice(0, 16)}</span>`,
    labels.get(run.runKey) ?? '',
    String(run.seed),
    run.failure === null ? (run.outcome ?? run.state) : `${run.outcome ?? run.state}: ${run.failure.code}`,
    grouped(Math.max(0, run.committedRound)),
    markup`<span class="hash">${run.resultHash ?? '–'}</span>`,
  ]);
  const whole = table({
    head: ['run key', 'cell', 'seed', 'outcome', 'rounds', 'result hash'],
    rows,
    right: [false, false, true, false, true, false],
  });
  return details(`Run keys and result hashes of ${counted(runs.length, 'run')}`, whole, runs.length <= PRINTED_RUNS);
}

/** How to obtain the same numbers again. */
export function reproduction({ study, runs, command }: ReportData): Markup {
  const example = runs.find(({ resultHash }) => resultHash !== null) as StudyRun | undefined;
  const commands = [
    '# save the study file above as study.yaml',
    `${command} run study.yaml --results results --report`,
    ...(example === undefined
      ? []
      : ['', '# one recorded run again, compared bit by bit', `${command} verify ${example.runKey.slice(0, 16)} --results results`]),
  ];
  const settings = 'Values given with --set on the command line are not in the study file; they are in the exact configuration.';
  return markup`<p>The numbers of a run depend on its experiment alone: not on threads, machines, rounds per job, interruptions or resumes. A repetition has the same run keys and the same result hashes, to the last bit. A result hash is the SHA-256 of the last iterate and of every metric column.</p>${preformatted(commands.join('\n'))}<p class="soft">${settings} Study key ${study.studyKey}.</p>`;
}

export function citation({ facts, study }: ReportData): Markup {
  const version = facts.find(({ name }) => name === 'marinade')?.value ?? '';
  return markup`<p>Computed with marinade ${version}, study ${study.name} (${study.studyKey}). Byz-VR-MARINA-PP and the clipping of gradient differences are from G. Malinovsky, P. Richtárik, S. Horváth, E. Gorbunov, “Byzantine Robustness and Partial Participation Can Be Achieved at Once: Just Clip Gradient Differences”, NeurIPS 2024, <a href="https://arxiv.org/abs/2311.14127">arXiv 2311.14127</a>. Other rules, attacks and methods name their source in the catalogue.</p>`;
}

/** The line under the title. */
export function facts({ runs, cells, study }: ReportData): Markup {
  const seeds = [...new Set(runs.map(({ seed }) => seed))].sort((a, b) => a - b);
  const consecutive = seeds.length > 2 && seeds.at(-1)! - seeds[0]! === seeds.length - 1;
  const list = consecutive ? `${seeds[0]}–${seeds.at(-1)}` : `${seeds.slice(0, 8).join(', ')}${seeds.length > 8 ? ', …' : ''}`;
  const all: Record<string, number> = {};
  for (const { outcomes: some } of cells) for (const [outcome, count] of Object.entries(some)) all[outcome] = (all[outcome] ?? 0) + count;
  const parts = [
    `${counted(cells.length, 'cell')} × ${counted(seeds.length, 'seed')} (${list})`,
    counted(runs.length, 'run'),
    outcomeText(all),
    distinctData(runs).map(dataLabel).join(', '),
    study.submittedAt.slice(0, 10),
  ];
  return {
    html: `<p class="facts">${parts
      .filter((part) => part !== '')
      .map(htmlOf)
      .join(' · ')}</p>`,
  };
}
