/**
 * Curves with bands. uPlot keeps axes, cursor and zoom; the curves themselves are drawn here, since every one has its
 * own horizontal positions, and each is told apart by colour, dash and marker together.
 *
 * The chart has a role, a name and a table of its numbers; the arrow keys move its cursor, and what it stands at is said.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { styleOf } from '../../../figures/series-style.ts';
import { shortNumber } from '../state/format.ts';
import { ChartTable } from './chart-table.tsx';
import { drawCurves, extentOf, logTicks, valueAt } from './draw-curves.ts';
import { ExportMenu } from './export-menu.tsx';
import { isDark, palette } from './theme.tsx';

export interface DrawnCurve {
  readonly label: string;
  /** Number of the style. */
  readonly style: number;
  readonly x: Float64Array;
  readonly centre: Float64Array;
  readonly low?: Float64Array | undefined;
  readonly high?: Float64Array | undefined;
  readonly ends?: readonly { readonly x: number; readonly y: number; readonly diverged: boolean }[];
}

export interface CurveChartProps {
  readonly title: string;
  readonly curves: readonly DrawnCurve[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xLog: boolean;
  readonly yLog: boolean;
  /** Vertical marks, such as rounds with a byzantine majority. */
  readonly marks?: readonly number[];
  readonly marksLabel?: string;
  readonly height?: number;
  readonly keyed?: boolean;
  /** Part of the horizontal axis that is shown; hears when it is changed by dragging. */
  readonly window?: readonly [number, number] | undefined;
  readonly onWindow?: (window: readonly [number, number] | undefined) => void;
}

export function colourOf(style: number, dark: boolean): string {
  const { colour, darkColour } = styleOf(style);
  return dark ? darkColour : colour;
}

function inkOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A custom property as a colour a canvas knows: `light-dark()` must be resolved by an element. */
function resolved(name: string, probe: HTMLElement): string {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color || inkOf(name);
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

export function tickLabel(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e5) return String(Number(value.toPrecision(6))).replace('-', '−');
  const exponent = Math.floor(Math.log10(magnitude) + 1e-9);
  const mantissa = Number((value / 10 ** exponent).toPrecision(3));
  const raised = String(exponent)
    .replace('-', '⁻')
    .replaceAll(/\d/g, (digit) => superscripts[Number(digit)]!);
  return `${mantissa === 1 ? '' : `${mantissa}·`}10${raised}`.replace(/^-/, '−');
}

export function CurveChart(given: CurveChartProps) {
  const {
    title,
    curves,
    xLabel,
    yLabel,
    xLog,
    yLog,
    marks = [],
    marksLabel,
    height = 320,
    keyed = true,
    window: shownWindow,
    onWindow,
  } = given;
  const plot = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const latest = useRef(given);
  latest.current = given;
  const cursor = useSignal<number | undefined>(undefined);
  const tableId = useId();
  const probe = useRef<HTMLSpanElement>(null);
  const empty = curves.every(({ x }) => x.length === 0);
  const drawable = curves.some(({ centre }) => centre.some((value) => Number.isFinite(value) && (!yLog || value > 0)));

  useEffect(() => {
    const into = plot.current;
    if (into === null || !drawable) return;
    const ink = resolved('--ink', probe.current!);
    const soft = resolved('--soft', probe.current!);
    const line = resolved('--line', probe.current!);
    const warn = resolved('--warn', probe.current!);
    const extent = extentOf(curves, xLog, yLog, shownWindow);
    const axis = (label: string | undefined, log: boolean, [low, high]: readonly [number, number]): uPlot.Axis => {
      return {
        ...(label === undefined ? {} : { label }),
        stroke: soft,
        font: '12px Inter, system-ui, sans-serif',
        labelFont: '500 13px Inter, system-ui, sans-serif',
        labelSize: 24,
        grid: { stroke: line, width: 1 },
        ticks: { stroke: line, width: 1, size: 5 },
        // The library's own ticks step through decades one by one, and never end where they cannot.
        ...(log ? { splits: () => logTicks(low, high), filter: (_: uPlot, splits: number[]) => splits } : {}),
        values: (_, splits) => splits.map((value) => (value === null ? '' : tickLabel(value))),
      };
    };
    const made = new uPlot(
      {
        width: into.clientWidth,
        height,
        legend: { show: false },
        cursor: { y: false, drag: { x: onWindow !== undefined, y: false, setScale: false }, points: { show: false } },
        scales: {
          x: { time: false, distr: xLog ? 3 : 1, range: () => [...extent.x] },
          y: { distr: yLog ? 3 : 1, range: () => [...extent.y] },
        },
        series: [{}, { show: true, stroke: 'transparent', paths: () => null, points: { show: false } }],
        axes: [
          { ...axis(height < 240 ? undefined : xLabel, xLog, extent.x), size: height < 240 ? 32 : 40, space: 70 },
          { ...axis(height < 240 ? undefined : yLabel, yLog, extent.y), size: 58, space: 34 },
        ],
        hooks: {
          draw: [(self) => drawCurves(self, { ...latest.current, yLog, floor: extent.y[0] }, { dark: isDark(), warn, ink })],
          setCursor: [
            (self) => {
              const { left } = self.cursor;
              cursor.value = left === undefined || left === null || left < 0 ? undefined : self.posToVal(left, 'x');
            },
          ],
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width > 4) latest.current.onWindow?.([self.posToVal(left, 'x'), self.posToVal(left + width, 'x')]);
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [[...extent.x], [...extent.y]],
      into,
    );
    chart.current = made;
    const observer = new ResizeObserver(() => {
      if (into.clientWidth > 0 && into.clientWidth !== made.width) made.setSize({ width: into.clientWidth, height });
    });
    observer.observe(into);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = undefined;
    };
  }, [curves, marks, xLog, yLog, xLabel, yLabel, height, palette.value, shownWindow?.[0], shownWindow?.[1], drawable]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const made = chart.current;
    if (made === undefined) return;
    const step = event.shiftKey ? 40 : 8;
    const width = made.over.clientWidth;
    const at = made.cursor.left ?? -1;
    const to = { ArrowLeft: Math.max(0, (at < 0 ? width : at) - step), ArrowRight: Math.min(width, at + step), Home: 0, End: width - 1 }[
      event.key
    ];
    if (event.key === 'Escape') {
      made.setCursor({ left: -10, top: -10 });
      if (shownWindow !== undefined) onWindow?.(undefined);
    } else if (to !== undefined) {
      event.preventDefault();
      made.setCursor({ left: to, top: made.over.clientHeight / 2 });
    }
  };
  const at = cursor.value;
  const values = at === undefined ? undefined : curves.map((curve) => valueAt(curve, at));
  const told =
    values === undefined
      ? ''
      : `${xLabel} ${shortNumber(at!)}: ${curves.map(({ label }, i) => `${label} ${shortNumber(values[i]!)}`).join('; ')}`;
  return (
    <figure class="chart" style={{ margin: 0 }}>
      <span ref={probe} hidden />
      {empty ? (
        <p class="empty">No points yet.</p>
      ) : !drawable ? (
        <p class="empty">
          Nothing here can be drawn{yLog ? ' on a logarithmic axis' : ''}: the last value is{' '}
          {shortNumber(curves[0]?.centre.at(-1) ?? Number.NaN)}.
        </p>
      ) : (
        <div
          ref={plot}
          class="plot"
          role="img"
          aria-roledescription="chart"
          aria-label={`${title}. ${curves.length} curves of ${yLabel} over ${xLabel}. Arrow keys move the cursor.`}
          aria-details={tableId}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the chart's cursor is moved by keys
          tabIndex={0}
          onKeyDown={onKeyDown}
          style={{ height: `${height}px` }}
        />
      )}
      <p class="visually-hidden" aria-live="polite">
        {told}
      </p>
      {keyed && !empty && (
        <ul class="key">
          {curves.map(({ label, style }, i) => (
            <li key={label}>
              <KeySample style={style} />
              <span>{label}</span>
              <output>{values === undefined ? '' : shortNumber(values[i]!)}</output>
            </li>
          ))}
          {marks.length > 0 && (
            <li class="soft">
              <svg viewBox="0 0 30 12" aria-hidden="true">
                <path d="M15 1v10" stroke="var(--warn)" stroke-width="2" />
              </svg>
              {marksLabel}
            </li>
          )}
        </ul>
      )}
      {!empty && (
        <div class="foot">
          <ChartTable id={tableId} curves={curves} xLabel={xLabel} yLabel={yLabel} />
          <span class="row">
            {shownWindow !== undefined && (
              <button type="button" class="plain" onClick={() => onWindow?.(undefined)}>
                Whole axis
              </button>
            )}
            <span class="hint" aria-hidden="true">
              {at === undefined
                ? onWindow === undefined || shownWindow !== undefined
                  ? ''
                  : 'drag to zoom'
                : `${xLabel} ${shortNumber(at)}`}
            </span>
            <ExportMenu chart={given} />
          </span>
        </div>
      )}
    </figure>
  );
}

export function KeySample({ style }: { readonly style: number }) {
  void palette.value;
  const { dash, marker } = styleOf(style);
  const colour = colourOf(style, isDark());
  const shape = {
    circle: 'M15 2.6a3.4 3.4 0 1 0 .01 0Z',
    square: 'M12 3h6v6h-6Z',
    triangle: 'M15 1.8l4 7.4h-8Z',
    diamond: 'M15 1.6l4.2 4.4-4.2 4.4L10.8 6Z',
  }[marker];
  return (
    <svg viewBox="0 0 30 12" aria-hidden="true">
      <path d="M0 6H30" stroke={colour} stroke-width="2" {...(dash === undefined ? {} : { 'stroke-dasharray': dash })} />
      <path d={shape} fill={colour} />
    </svg>
  );
}
