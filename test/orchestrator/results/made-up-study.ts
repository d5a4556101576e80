/** Studies that no computation made, to see what reports and tables do with them. */
import { catalog } from '../../../src/algorithm/catalog.ts';
import { experimentSchema } from '../../../src/algorithm/experiment.ts';
import { withValueAt } from '../../../src/orchestrator/plan/paths.ts';
import type { ReportSource } from '../../../src/orchestrator/results/report-data.ts';
import type { MetricSummary, RunCurves, StudyRun } from '../../../src/shared/contracts/ledger.ts';
import { MarinadeError, toPlain } from '../../../src/shared/errors.ts';
import { canonicalJson } from '../../../src/shared/hash.ts';
import type { Outcome } from '../../../src/shared/outcome.ts';

export const base = {
  problem: { name: 'logistic-regression', l2: 0.01 },
  data: { name: 'a9a', normalize: 'rows' },
  clients: { total: 20, byzantine: 5 },
  participation: { name: 'uniform', cohort: 4, largeCohort: 20 },
  method: { name: 'byz-vr-marina-pp', stepSize: 0.1, refresh: { every: 1000 }, batchSize: 32 },
  aggregator: { name: 'coordinate-median', preAggregators: [{ name: 'bucketing', size: 2 }] },
  attack: { name: 'shift-back' },
  rounds: 1000,
};

const resolvedBase = experimentSchema(catalog).parse(base);

export interface MadeUp {
  readonly name?: string;
  readonly source?: string;
  readonly parameters?: Readonly<Record<string, readonly unknown[]>>;
  readonly seeds?: readonly number[];
  readonly rounds?: number;
  readonly every?: number;
  /** Values of each metric; by default a gap that halves again and again. */
  readonly metrics?: Readonly<Record<string, (k: number, cell: number, seed: number) => number>>;
  readonly outcome?: (cell: number, seed: number) => Outcome | null;
  /** The round a run has come to. */
  readonly reached?: (cell: number, seed: number) => number;
  readonly warnings?: readonly string[];
}

function* product(entries: readonly (readonly [string, readonly unknown[]])[]): Generator<Record<string, unknown>> {
  const [first, ...rest] = entries;
  if (first === undefined) {
    yield {};
    return;
  }
  for (const value of first[1]) for (const others of product(rest)) yield { [first[0]]: value, ...others };
}

/** Planning refuses other names of parameters; a report has to show them nevertheless. */
function isPath(path: string): boolean {
  return /^[a-zA-Z.]+$/.test(path);
}

function summaryOf(values: Float64Array): MetricSummary {
  const known = values.filter((value) => !Number.isNaN(value));
  const extreme = (pick: (a: number, b: number) => number): number | null =>
    known.length === 0 ? null : known.reduce((a, b) => pick(a, b));
  return { first: values[0]!, last: values.at(-1)!, min: extreme(Math.min), max: extreme(Math.max) };
}

export interface MadeUpSource extends ReportSource {
  readonly runs: readonly StudyRun[];
  /** Runs whose curves were asked for, in order. */
  readonly asked: readonly string[];
}

export function madeUp({
  name = 'made-up',
  source = 'study: made-up\n',
  parameters = {},
  seeds = [0, 1, 2],
  rounds = 1000,
  every = 10,
  metrics = { 'optimality-gap': (k, cell, seed) => 0.2 * 2 ** (-k / (60 + 20 * cell)) * (1 + 0.1 * seed) },
  outcome = () => 'completed',
  reached = () => rounds,
  warnings = [],
}: MadeUp = {}): MadeUpSource {
  const asked: string[] = [];
  const curves = new Map<string, RunCurves>();
  const names = Object.keys(metrics);
  const runs = [...product(Object.entries(parameters))].flatMap((values, cell) =>
    seeds.map((seed): StudyRun => {
      let raw: unknown = { ...base, rounds, seed };
      for (const [path, value] of Object.entries(values))
        raw = isPath(path) ? withValueAt(raw, path, value) : { ...(raw as object), [path]: value };
      const parsed = experimentSchema(catalog).safeParse(raw);
      const last = reached(cell, seed);
      const recorded = Float64Array.from({ length: Math.ceil(last / every) + 1 }, (_, i) => Math.min(i * every, last));
      const columns = Object.fromEntries(names.map((metric) => [metric, recorded.map((k) => metrics[metric]!(k, cell, seed))]));
      const runKey = `${cell.toString(16).padStart(8, '0')}${seed.toString(16).padStart(8, '0')}`.padEnd(64, '0');
      curves.set(runKey, { rounds: recorded, columns });
      const ended = outcome(cell, seed);
      return {
        runKey,
        trajectoryKey: runKey,
        state: ended === null ? 'running' : 'finished',
        outcome: ended,
        epoch: 0,
        seed,
        rounds,
        committedRound: last,
        // A value no schema knows still has to be shown.
        experiment: canonicalJson(parsed.success ? parsed.data : { ...(resolvedBase as object), ...values }),
        dataSha256: 'ab'.repeat(32),
        objectiveKey: null,
        metrics: names,
        every,
        resultHash: ended === null || ended === 'failed' ? null : 'cd'.repeat(32),
        warnings,
        notes: {},
        failure: ended === 'failed' ? toPlain(new MarinadeError('MARINADE_EXECUTION_FAILED', 'made up')) : null,
        deaths: 0,
        computeSeconds: 1,
        position: 0,
        parameters: values,
        summaries: Object.fromEntries(Object.entries(columns).map(([metric, column]) => [metric, summaryOf(column)])),
      };
    }),
  );
  return {
    study: {
      studyKey: '0123456789abcdef',
      name,
      source,
      submittedAt: '2026-01-02T03:04:05.678Z',
      priority: 0,
      paused: false,
      withdrawn: false,
    },
    runs,
    asked,
    curves: async (runKey, wanted) => {
      asked.push(runKey);
      const { rounds: recorded, columns } = curves.get(runKey)!;
      return { rounds: recorded, columns: Object.fromEntries(wanted.map((metric) => [metric, columns[metric]!])) };
    },
    facts: [{ name: 'marinade', value: '0.0.0' }],
    command: 'npx marinade',
  };
}
