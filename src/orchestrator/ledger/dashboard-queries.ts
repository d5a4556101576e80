/** The dashboard's questions, over any connection to a ledger. */
import type {
  Band,
  Bands,
  BandsQuery,
  JournalEntry,
  MetricFacts,
  RunSelection,
  SelectionComparison,
  Series,
  SeriesQuery,
} from '../../shared/contracts/dashboard.ts';
import type { RunCurves, StudyRun } from '../../shared/contracts/ledger.ts';
import { pairedSelections } from '../results/paired.ts';
import { CellCurves, ROUNDS } from '../results/report-curves.ts';
import { axisNames, metricAxis, metricTitle } from '../results/report-names.ts';
import { higherIsBetter, parameterLabel, spansDecades } from '../results/statistics.ts';
import { headlineOf } from '../results/tables.ts';
import { activity, countStudies } from './activity.ts';
import { pointsPerChunk } from './chunks.ts';
import type { Connection } from './connection.ts';
import { ledgerPaths } from './folder.ts';
import type { SynchronousDashboard } from './ledger-protocol.ts';
import { readBuckets } from './pyramid.ts';
import { runParquet } from './run-parquet.ts';
import { notFound, type RunRecord, requireRun } from './run-record.ts';
import { labelOf, type SelectedRun, selectedRuns, shorter, studyId, type TableRecord } from './selected-runs.ts';
import { connect } from './sqlite-reader.ts';

/** More events than this since the last look: a whole table is cheaper than what changed. */
const MOST_CHANGES = 20_000;
/** Groups that can be told apart in one chart. */
const MOST_BANDS = 8;
/** Points of one run that go into a band. */
const BAND_POINTS = 512;
/** How far back the journal of one run is searched. */
const JOURNAL_REACH = 200_000;

export function lastEvent(connection: Connection): number {
  return connection.get<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM event')!.seq;
}

export function factsOf(metric: string): MetricFacts {
  return {
    name: metric,
    title: metricTitle(metric),
    axis: metricAxis(metric),
    logarithmic: spansDecades(metric) && metric !== 'loss',
    higherIsBetter: higherIsBetter(metric),
  };
}

/** What of a study stays while its runs go on: its parameters and metrics. */
interface StudyFrame {
  readonly paths: readonly string[];
  readonly cells: readonly (readonly string[])[];
  readonly cellAt: ReadonlyMap<number, number>;
  readonly metrics: readonly string[];
}

/** Frames of the studies asked for lately, by study and submission. */
const frames = new Map<string, StudyFrame>();
const MOST_FRAMES = 16;

function frameOf(connection: Connection, study: number): StudyFrame {
  const { submission } = connection.get<{ submission: number }>('SELECT submission FROM study WHERE id = ?', study)!;
  const name = `${connection.path} ${study} ${submission}`;
  const known = frames.get(name);
  if (known !== undefined) return known;
  const placed = connection.all<{ position: number; parameters: string }>(
    'SELECT position, parameters FROM study_run WHERE study = ? ORDER BY position',
    study,
  );
  const metrics = connection.all<{ metrics: string }>(
    'SELECT DISTINCT metrics FROM run WHERE id IN (SELECT run FROM study_run WHERE study = ?)',
    study,
  );
  const distinct = [...new Set(placed.map(({ parameters }) => parameters))];
  const numbers = new Map(distinct.map((parameters, i) => [parameters, i]));
  const parsed = distinct.map((parameters) => JSON.parse(parameters) as Record<string, unknown>);
  const paths = [...new Set(parsed.flatMap(Object.keys))];
  const frame = {
    paths,
    cells: parsed.map((parameters) => paths.map((path) => (path in parameters ? labelOf(parameters[path]) : '–'))),
    cellAt: new Map(placed.map(({ position, parameters }) => [position, numbers.get(parameters)!])),
    metrics: [...new Set(metrics.flatMap((row) => JSON.parse(row.metrics) as string[]))],
  };
  frames.set(name, frame);
  if (frames.size > MOST_FRAMES) frames.delete(frames.keys().next().value!);
  return frame;
}

/** Columns as JSON texts, put together by SQLite: tens of thousands of rows never become objects here. */
function columnTexts(connection: Connection, columns: readonly string[], from: string, values: readonly (number | string)[]): string {
  const arrays = columns.map((name) => `json_group_array(${name}) AS ${name}`).join(', ');
  const row = connection.get<Record<string, string>>(`SELECT ${arrays} FROM (${from} ORDER BY position)`, ...values)!;
  return `{${columns.map((name) => `"${name}":${row[name]}`).join(',')}}`;
}

const rowColumns = ['position', 'runKey', 'seed', 'outcome', 'rounds', 'committedRound', 'computeSeconds', 'deaths'];
const metricColumns = ['last', 'min', 'max', 'rate'];

/** JSON text of a RunTable. Infinity is 9e999 there, as SQLite writes it and every reader of numbers takes it. */
export function runTable(
  connection: Connection,
  studyKey: string,
  { metrics: asked, after }: { readonly metrics: readonly string[]; readonly after?: number | undefined },
): string {
  const study = studyId(connection, studyKey);
  const seq = lastEvent(connection);
  const complete = after === undefined || seq - after > MOST_CHANGES;
  const meant = `FROM study_run JOIN run ON run.id = study_run.run`;
  const where = complete ? 'WHERE study = ?1 AND ?2 >= 0' : 'WHERE study = ?1 AND run_key IN (SELECT run FROM event WHERE seq > ?2)';
  const bound = [study, after ?? 0];
  const { paths, cells, cellAt, metrics } = frameOf(connection, study);
  const rows = columnTexts(
    connection,
    rowColumns,
    `SELECT position, run_key AS runKey, seed, coalesce(outcome, state) AS outcome, rounds, committed_round AS committedRound,
       compute_ms / 1000 AS computeSeconds, deaths ${meant} ${where}`,
    bound,
  );
  const { position: positions } = JSON.parse(`{${rows.slice(1, rows.indexOf(']') + 1)}}`) as { position: number[] };
  const headline = headlineOf(metrics);
  const shown = [...new Set([...(headline === undefined ? [] : [headline]), ...asked])].filter((name) => metrics.includes(name));
  const values = shown.map((metric) => {
    const joined = `SELECT position, last, min, max, rate ${meant} LEFT JOIN summary ON summary.run = run.id AND metric = ?3 ${where}`;
    return `${JSON.stringify(metric)}:${columnTexts(connection, metricColumns, joined, [...bound, metric])}`;
  });
  const about = {
    schema: 1,
    seq,
    complete,
    paths,
    cells: complete ? cells : [],
    metrics: metrics.map(factsOf),
    headline: headline ?? null,
  };
  const cell = JSON.stringify(positions.map((position) => cellAt.get(position)!));
  return `${JSON.stringify(about).slice(0, -1)},"rows":{"cell":${cell},${rows.slice(1)},"values":{${values.join(',')}}}`;
}

export function bands(connection: Connection, studyKey: string, query: BandsQuery): Bands {
  const { metric, axis, group, selection, buckets } = query;
  const facts = factsOf(metric);
  const groups = new Map<string, SelectedRun[]>();
  const study = studyId(connection, studyKey);
  for (const run of selectedRuns(connection, study, selection)) {
    if (run.points === 0) continue;
    const label = groupLabel(run, group);
    const members = groups.get(label);
    if (members === undefined) groups.set(label, [run]);
    else members.push(run);
  }
  const extra = axis === ROUNDS || axis === 'seconds' ? [] : [axis];
  const short = shortColumns(connection, study, [metric, ...extra]);
  const drawn = [...groups].slice(0, MOST_BANDS).map(([label, members]): Band => {
    const length = Math.max(...members.map(({ rounds, every }) => Math.ceil(rounds / every) + 1));
    const gathered = new CellCurves(
      Math.min(length, BAND_POINTS),
      buckets,
      [{ name: metric, logarithmic: facts.logarithmic }],
      axis === ROUNDS ? [] : [axis],
    );
    for (const run of members) {
      const curves = bandCurves(connection, run, metric, extra, length, short);
      if (curves !== undefined) gathered.add(curves, { outcome: isEnd(run.outcome) ? run.outcome : null, rounds: run.rounds } as StudyRun);
    }
    const points = gathered.points(metric, axis);
    return {
      label,
      runs: members.length,
      x: Float64Array.from(points, ({ x }) => x),
      low: Float64Array.from(points, ({ low }) => low),
      centre: Float64Array.from(points, ({ centre }) => centre),
      high: Float64Array.from(points, ({ high }) => high),
      ends: gathered.ends(metric, axis).slice(0, 200),
    };
  });
  const axisTitle = axis === 'seconds' ? 'seconds of computation, at the run’s mean pace' : (axisNames[axis]?.axis ?? axis);
  return { bands: drawn, leftOut: Math.max(0, groups.size - MOST_BANDS), axis: axisTitle, metric: facts };
}

function isEnd(outcome: string): boolean {
  return outcome !== 'queued' && outcome !== 'running';
}

function groupLabel({ parameters, seed }: TableRecord, group: readonly string[]): string {
  if (group.length === 0) return 'all runs';
  const values = JSON.parse(parameters) as Record<string, unknown>;
  return group
    .map((path) => (path === 'seed' ? `seed ${seed}` : path in values ? shorter(parameterLabel(path, values[path])) : `no ${path}`))
    .join(' · ');
}

/** Columns of metrics that fit into one chunk, by run: read at once, since most runs of a wide study are short. */
function shortColumns(connection: Connection, study: number, metrics: readonly string[]): readonly ReadonlyMap<number, Float64Array>[] {
  return metrics.map((metric) => {
    const chunks = connection.all<{ run: number; data: Uint8Array }>(
      `SELECT run, data FROM chunk WHERE seq = 0 AND n < ? AND metric = ? AND run IN (SELECT run FROM study_run WHERE study = ?)`,
      pointsPerChunk,
      metric,
      study,
    );
    return new Map(chunks.map(({ run, data }) => [run, new Float64Array(data.slice().buffer)]));
  });
}

/** A run's columns, thinned to the last point of each bucket where it has more points than a band uses. */
function bandCurves(
  connection: Connection,
  run: SelectedRun,
  metric: string,
  axes: readonly string[],
  length: number,
  short: ReturnType<typeof shortColumns>,
): RunCurves | undefined {
  const columns: Record<string, Float64Array> = {};
  const pace = run.committedRound > 0 ? run.computeMs / 1000 / run.committedRound : 0;
  const whole = [metric, ...axes].map((name, i) => [name, short[i]!.get(run.id)] as const);
  if (run.points < BAND_POINTS && whole.every(([, column]) => column?.length === run.points)) {
    for (const [name, column] of whole) columns[name] = column!;
    const rounds = roundsAt(
      Float64Array.from({ length: run.points }, (_, i) => i),
      run,
    );
    return { rounds, columns: { ...columns, seconds: rounds.map((round) => round * pace) } };
  }
  const recorded = JSON.parse(run.metrics) as string[];
  if (![metric, ...axes].every((name) => recorded.includes(name))) return undefined;
  const wanted = Math.max(1, Math.round((Math.min(length, BAND_POINTS) * run.points) / length));
  let rounds = new Float64Array();
  for (const name of [metric, ...axes]) {
    const found = readBuckets(connection, run, { metric: name, index: recorded.indexOf(name), first: 0, end: run.points, wanted });
    columns[name] = found.last;
    rounds = roundsAt(found.ends, run);
  }
  return { rounds, columns: { ...columns, seconds: rounds.map((round) => round * pace) } };
}

/** Rounds of points: point i is round i * every, but for a last point off that grid. */
function roundsAt(points: Float64Array, { every, committedRound }: { every: number; committedRound: number }): Float64Array<ArrayBuffer> {
  return Float64Array.from(points, (point) => Math.min(point * every, Math.max(0, committedRound)));
}

export function series(connection: Connection, { runs, metric, buckets, from, to }: SeriesQuery): Series[] {
  return runs.map((runKey) => {
    const run: RunRecord = requireRun(connection, runKey);
    const index = (JSON.parse(run.metrics) as string[]).indexOf(metric);
    if (index < 0) throw notFound(`run ${runKey} records no ${metric}`, { runKey, metric });
    const first = Math.min(run.points, Math.max(0, Math.floor((from ?? 0) / run.every)));
    const end = to === undefined ? run.points : Math.min(run.points, Math.ceil(to / run.every) + 1);
    const found = readBuckets(connection, run, { metric, index, first, end: Math.max(first, end), wanted: buckets });
    return { runKey, rounds: roundsAt(found.ends, run), last: found.last, min: found.min, max: found.max };
  });
}

export function comparison(
  connection: Connection,
  studyKey: string,
  metric: string,
  reference: RunSelection,
  other: RunSelection,
): SelectionComparison {
  const study = studyId(connection, studyKey);
  const last = connection.all<{ run: number; last: number | null }>(
    'SELECT run, last FROM summary WHERE metric = ? AND run IN (SELECT run FROM study_run WHERE study = ?)',
    metric,
    study,
  );
  const lastOf = new Map(last.map((row) => [row.run, row.last]));
  const side = (selection: RunSelection) =>
    selectedRuns(connection, study, selection).map(({ id, seed, parameters, outcome }) => ({
      seed,
      parameters: JSON.parse(parameters) as Record<string, unknown>,
      value: isEnd(outcome) && outcome !== 'diverged' ? (lastOf.get(id) ?? Number.NaN) : Number.NaN,
    }));
  return pairedSelections(side(reference), side(other));
}

export function journal(
  connection: Connection,
  { run, limit }: { readonly run?: string | undefined; readonly limit: number },
): JournalEntry[] {
  const columns = 'SELECT seq, at, run, kind, data FROM event';
  const rows =
    run === undefined
      ? connection.all<Omit<JournalEntry, 'data'> & { data: string }>(`${columns} ORDER BY seq DESC LIMIT ?`, limit)
      : connection.all<Omit<JournalEntry, 'data'> & { data: string }>(
          `${columns} WHERE seq > ? AND run = ? ORDER BY seq DESC LIMIT ?`,
          lastEvent(connection) - JOURNAL_REACH,
          run,
          limit,
        );
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data) as Record<string, unknown> }));
}

/** The dashboard's questions to a folder; each has a connection of its own, as those of every reader. */
export function openDashboardQueries(folder: string): SynchronousDashboard {
  const paths = ledgerPaths(folder);
  const ask = <Answer>(question: (connection: Connection) => Answer): Answer => {
    const connection = connect(paths);
    // Every question begins with an empty cache; mapped pages are the system's.
    connection.execute('PRAGMA mmap_size = 4294967296');
    try {
      return question(connection);
    } finally {
      connection.close();
    }
  };
  return {
    runTable: (studyKey, query) => ask((connection) => runTable(connection, studyKey, query)),
    bands: (studyKey, query) => ask((connection) => bands(connection, studyKey, query)),
    series: (query) => ask((connection) => series(connection, query)),
    comparison: (studyKey, metric, reference, other) => ask((connection) => comparison(connection, studyKey, metric, reference, other)),
    parquet: (studyKey, selection) => ask((connection) => runParquet(connection, studyKey, selection)),
    journal: (query) => ask((connection) => journal(connection, query)),
    facts: (metrics) => metrics.map(factsOf),
    lastEvent: () => ask(lastEvent),
    activity: () => ask((connection) => activity(connection, Date.now())),
    counts: () => ask(countStudies),
  };
}
