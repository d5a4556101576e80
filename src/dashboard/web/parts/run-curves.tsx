/** The curves of one run, metric by metric, with marks at the rounds of byzantine majorities. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { MetricFacts } from '../../../shared/contracts/dashboard.ts';
import type { StudyRun } from '../../../shared/contracts/ledger.ts';
import { type Frames, getFrames } from '../state/api.ts';
import { show, shown } from '../state/route.ts';
import { CurveChart, type DrawnCurve } from './curve-chart.tsx';

interface Frame {
  readonly runKey: string;
}

type Answer = Frames<{ readonly metric: string }, Frame>;

/** Metrics that only count, and are axes or marks rather than curves. */
const counters: ReadonlySet<string> = new Set([
  'byzantine-majority',
  'gradient-evaluations',
  'uplink-bits',
  'byzantine-uplink-bits',
  'downlink-bits',
]);

const none: readonly number[] = [];

function windowOf(text: string | undefined): readonly [number, number] | undefined {
  const [from, to] = (text ?? '').split('..').map(Number);
  return from !== undefined && to !== undefined && to > from ? [from, to] : undefined;
}

export function RunCurves({ run, metrics }: { readonly run: StudyRun; readonly metrics: readonly MetricFacts[] }) {
  const drawn = metrics.filter(({ name }) => !counters.has(name));
  const main = drawn.find(({ name }) => name === shown('metric')) ?? drawn[0];
  const zoom = windowOf(shown('zoom'));
  const marks = useMajorities(run);
  if (main === undefined) return null;
  const rest = drawn.filter(({ name }) => name !== main.name);
  const setZoom = (window: readonly [number, number] | undefined): void =>
    show({ zoom: window === undefined ? undefined : `${Math.max(0, Math.floor(window[0]))}..${Math.ceil(window[1])}` }, 'replace');
  return (
    <>
      <section class="card" aria-labelledby="main-curve">
        <header>
          <h2 id="main-curve">{main.title}</h2>
          <label>
            <span class="visually-hidden">Metric</span>
            <select value={main.name} onChange={(event) => show({ metric: event.currentTarget.value })}>
              {drawn.map(({ name, title }) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
            </select>
          </label>
        </header>
        <OneCurve run={run} facts={main} style={0} height={320} zoom={zoom} onZoom={setZoom} marks={marks} />
      </section>
      {rest.length > 0 && (
        <div class="small-charts">
          {rest.map((facts, i) => (
            <section key={facts.name} class="card" aria-label={facts.title}>
              <header>
                <h3>{facts.title}</h3>
              </header>
              <OneCurve run={run} facts={facts} style={(i + 1) % 8} height={180} zoom={zoom} onZoom={setZoom} marks={none} />
            </section>
          ))}
        </div>
      )}
    </>
  );
}

interface OneCurveProps {
  readonly run: StudyRun;
  readonly facts: MetricFacts;
  readonly style: number;
  readonly height: number;
  readonly zoom: readonly [number, number] | undefined;
  readonly onZoom: (window: readonly [number, number] | undefined) => void;
  readonly marks: readonly number[];
}

function useSeries(run: StudyRun, metric: string, zoom: readonly [number, number] | undefined, buckets: number): Answer | undefined {
  const known = useSignal<Answer | undefined>(undefined);
  useEffect(() => {
    if (metric === '') return;
    const leaving = new AbortController();
    const window = zoom === undefined ? '' : `&from=${zoom[0]}&to=${zoom[1]}`;
    getFrames<{ metric: string }, Frame>(`/series?runs=${run.runKey}&metric=${metric}&buckets=${buckets}${window}`, leaving.signal).then(
      (answer) => {
        known.value = answer;
      },
      () => {},
    );
    return () => leaving.abort();
  }, [run.runKey, run.committedRound, metric, zoom?.[0], zoom?.[1]]);
  return known.value;
}

function OneCurve({ run, facts, style, height, zoom, onZoom, marks }: OneCurveProps) {
  const answer = useSeries(run, facts.name, zoom, 800);
  const curves = useMemo((): DrawnCurve[] => {
    const columns = answer?.frames[0]?.columns;
    if (columns === undefined) return [];
    return [{ label: facts.title, style, x: columns['rounds']!, centre: columns['last']!, low: columns['min'], high: columns['max'] }];
  }, [answer]);
  return (
    <CurveChart
      title={`${facts.title} of run ${run.runKey.slice(0, 8)}`}
      curves={curves}
      xLabel="round"
      yLabel={facts.axis}
      xLog={false}
      yLog={facts.logarithmic}
      height={height}
      keyed={marks.length > 0 && height > 200}
      marks={marks}
      marksLabel="recorded rounds since which byzantine clients had a majority"
      window={zoom}
      onWindow={onZoom}
    />
  );
}

/** Rounds at which the count of byzantine majorities had grown. */
function useMajorities(run: StudyRun): readonly number[] {
  const has = run.metrics.includes('byzantine-majority');
  const answer = useSeries(run, has ? 'byzantine-majority' : '', undefined, 4000);
  return useMemo(() => {
    const columns = answer?.frames[0]?.columns;
    if (columns === undefined) return [];
    const [rounds, counts] = [columns['rounds']!, columns['last']!];
    return [...rounds].filter((_, i) => i > 0 && counts[i]! > counts[i - 1]!);
  }, [answer]);
}
