/** Mean curves with bands over groups of the selected runs. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { MetricFacts } from '../../../shared/contracts/dashboard.ts';
import { type Frames, getFrames } from '../state/api.ts';
import { count } from '../state/format.ts';
import { show, shown } from '../state/route.ts';
import { selection, version } from '../state/study-table.ts';
import { axes, grouping, joined, labelsOf, metric, varied } from '../state/view.ts';
import { CurveChart, type DrawnCurve } from './curve-chart.tsx';
import { Menu } from './menu.tsx';

interface Head {
  readonly leftOut: number;
  readonly axis: string;
  readonly metric: MetricFacts;
}

interface BandFrame {
  readonly label: string;
  readonly runs: number;
  readonly ends: readonly { readonly x: number | string; readonly y: number | string; readonly diverged: boolean }[];
}

/** Least time between two drawings while runs go on. */
const PACE_MS = 1500;

export function StudyCurves({ studyKey }: { readonly studyKey: string }) {
  const known = useSignal<Frames<Head, BandFrame> | undefined>(undefined);
  const facts = metric.value;
  const axis = axes.value.some(({ name }) => name === shown('axis')) ? shown('axis')! : 'rounds';
  const group = grouping.value.filter((path) => path === 'seed' || varied.value.some((one) => one.path === path));
  const { text, ...chosen } = selection.value;
  const question = `/studies/${studyKey}/bands?${new URLSearchParams({
    metric: facts?.name ?? '',
    axis,
    group: group.join(','),
    selection: JSON.stringify(chosen),
    buckets: '300',
  })}`;
  useEffect(() => {
    if (facts === undefined) return;
    const leaving = new AbortController();
    let timer: number | undefined;
    let stale = true;
    const load = async (): Promise<void> => {
      stale = false;
      const began = performance.now();
      try {
        known.value = await getFrames<Head, BandFrame>(question, leaving.signal);
      } catch {
        // Shown is what was known; the next change asks again.
      }
      if (leaving.signal.aborted) return;
      timer = setTimeout(
        () => {
          timer = undefined;
          if (stale) void load();
        },
        Math.max(PACE_MS, 4 * (performance.now() - began)),
      );
    };
    void load();
    const stop = version.subscribe(() => {
      stale = true;
      if (timer === undefined) return;
    });
    const watch = setInterval(() => {
      if (stale && timer === undefined) void load();
    }, PACE_MS);
    return () => {
      leaving.abort();
      clearTimeout(timer);
      clearInterval(watch);
      stop();
    };
  }, [question]);

  const curves = useMemo(() => (known.value === undefined ? [] : drawn(known.value, group)), [known.value]);
  if (facts === undefined) return null;
  const yLog = shown('y') === undefined ? facts.logarithmic : shown('y') === 'log';
  const xLog = shown('x') === 'log';
  const leftOut = known.value?.head.leftOut ?? 0;
  return (
    <section class="card" aria-labelledby="curves-title">
      <header>
        <h2 id="curves-title">Mean curves</h2>
        <span class="row">
          <Menu label={`by ${group.length === 0 ? 'nothing' : group.join(' and ')}`}>
            {[...varied.value.map(({ path }) => path), 'seed'].map((path) => (
              <label key={path}>
                <input
                  type="checkbox"
                  checked={group.includes(path)}
                  onChange={() => {
                    const next = group.includes(path) ? group.filter((one) => one !== path) : [...group, path];
                    show({ group: joined(next) ?? 'none' });
                  }}
                />
                {path}
              </label>
            ))}
          </Menu>
          <label>
            <span class="visually-hidden">Horizontal axis</span>
            <select
              value={axis}
              onChange={(event) => show({ axis: event.currentTarget.value === 'rounds' ? undefined : event.currentTarget.value })}
            >
              {axes.value.map(({ name, title }) => (
                <option key={name} value={name}>
                  over {title}
                </option>
              ))}
            </select>
          </label>
          <button type="button" aria-pressed={xLog} onClick={() => show({ x: xLog ? undefined : 'log' })}>
            log x
          </button>
          <button
            type="button"
            aria-pressed={yLog}
            onClick={() => show({ y: yLog === facts.logarithmic ? (yLog ? 'linear' : 'log') : undefined })}
          >
            log y
          </button>
        </span>
      </header>
      <CurveChart
        title={`${facts.title} by ${group.join(' and ') || 'study'}`}
        curves={curves}
        xLabel={known.value?.head.axis ?? axis}
        yLabel={facts.axis}
        xLog={xLog}
        yLog={yLog}
        height={330}
      />
      {leftOut > 0 && <p class="soft">{count(leftOut, 'more group')} cannot be told apart in one chart; filter, or group by less.</p>}
      {(text ?? '') !== '' && <p class="soft">The search by text narrows the table and the heat map, not these curves.</p>}
    </section>
  );
}

/** A group keeps its style while filters change: it is that of its value's place in the study. */
function drawn({ frames }: Frames<Head, BandFrame>, group: readonly string[]): DrawnCurve[] {
  const labels = group.length === 1 && group[0] !== 'seed' ? labelsOf(group[0]!) : undefined;
  return frames.map(({ label, runs, ends, columns }, i) => {
    const place = labels?.findIndex((one) => label === one || label.endsWith(` ${one}`)) ?? -1;
    return {
      label: `${label} (${runs})`,
      style: place >= 0 && place < 8 ? place : i,
      x: columns['x']!,
      centre: columns['centre']!,
      low: columns['low'],
      high: columns['high'],
      ends: ends.map(({ x, y, diverged }) => ({ x: Number(x), y: Number(y), diverged })),
    };
  });
}
