/** Curves onto a canvas: bands, lines with their dashes, markers here and there, crosses where runs diverged. */
import type uPlot from 'uplot';
import { styleOf } from '../../../figures/series-style.ts';
import type { DrawnCurve } from './curve-chart.tsx';

export interface Extent {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** A diverging run may not flatten the others: it is cut this far above where curves begin. */
const DIVERGED_DECADES = 6;

export function extentOf(
  curves: readonly DrawnCurve[],
  xLog: boolean,
  yLog: boolean,
  window: readonly [number, number] | undefined,
): Extent {
  let [left, right, low, high, start] = [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0,
  ];
  const see = (value: number): void => {
    if (!Number.isFinite(value) || (yLog && value <= 0)) return;
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const { x, centre, low: lows, high: highs } of curves) {
    start = Math.max(start, Number.isFinite(centre[0]!) ? centre[0]! : 0);
    for (let i = 0; i < x.length; i++) {
      const at = x[i]!;
      if (xLog && at <= 0) continue;
      left = Math.min(left, at);
      right = Math.max(right, at);
      if (window !== undefined && (at < window[0] || at > window[1])) continue;
      see(centre[i]!);
      if (lows !== undefined) see(lows[i]!);
      if (highs !== undefined) see(highs[i]!);
    }
  }
  if (yLog && start > 0) high = Math.min(high, Math.max(start * 10 ** DIVERGED_DECADES, low * 10));
  if (!Number.isFinite(low)) [low, high] = yLog ? [0.1, 1] : [0, 1];
  const x: readonly [number, number] =
    window ??
    (right > left ? [left, right] : [left === Number.POSITIVE_INFINITY ? 0 : left, (left === Number.POSITIVE_INFINITY ? 0 : left) + 1]);
  if (yLog) {
    const [l, h] = [Math.log10(low), Math.log10(high)];
    const room = Math.max(0.08, 0.03 * (h - l));
    return { x, y: [10 ** (l - room), 10 ** (h + room)] };
  }
  const room = high > low ? 0.04 * (high - low) : Math.abs(high) * 0.1 || 1;
  // Zero is kept as the border where curves end there: shares and norms are never below it.
  return { x, y: [low >= 0 && low - room < 0 ? Math.min(0, low - room * 0.3) : low - room, high + room] };
}

/** Ticks of a logarithmic axis: every decade, or every so many; with what lies between where there are few. */
export function logTicks(low: number, high: number): number[] {
  if (!(low > 0) || !Number.isFinite(high) || high <= low) return [];
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const decades = Math.log10(high / low);
  const every = [1, 2, 3, 4, 5, 10, 20, 50].find((step) => decades / step <= 8) ?? 100;
  const factors = decades < 0.7 ? [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9] : decades < 1.6 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let exponent = first; exponent <= last; exponent++) {
    if (exponent % every !== 0) continue;
    for (const factor of factors) {
      const value = Number(`${factor}e${exponent}`);
      if (value >= low && value <= high) ticks.push(value);
    }
  }
  return ticks;
}

/** The last value at or before a horizontal position; NaN before the first. */
export function valueAt({ x, centre }: Pick<DrawnCurve, 'x' | 'centre'>, at: number): number {
  let [from, to] = [0, x.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (x[middle]! <= at) from = middle + 1;
    else to = middle;
  }
  return from === 0 ? Number.NaN : centre[from - 1]!;
}

interface Drawing {
  readonly curves: readonly DrawnCurve[];
  readonly marks?: readonly number[];
  readonly yLog: boolean;
  readonly floor: number;
}

interface Inks {
  readonly dark: boolean;
  readonly warn: string;
  readonly ink: string;
}

export function drawCurves(self: uPlot, { curves, marks = [], yLog, floor }: Drawing, { dark, warn }: Inks): void {
  const { ctx } = self;
  const { left, top, width, height } = self.bbox;
  const ratio = devicePixelRatio;
  const toX = (value: number): number => self.valToPos(value, 'x', true);
  const toY = (value: number): number => {
    if (value === Number.POSITIVE_INFINITY) return top - 10;
    return self.valToPos(yLog && !(value > 0) ? floor : value, 'y', true);
  };
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  if (marks.length > 0) {
    ctx.fillStyle = warn;
    ctx.globalAlpha = Math.max(0.25, Math.min(0.8, 60 / marks.length));
    for (const mark of marks) ctx.fillRect(toX(mark) - 0.5 * ratio, top + height - 9 * ratio, ratio, 9 * ratio);
    ctx.globalAlpha = 1;
  }
  const colours = curves.map(({ style }) => (dark ? styleOf(style).darkColour : styleOf(style).colour));
  curves.forEach(({ x, low, high }, i) => {
    if (low === undefined || high === undefined) return;
    ctx.fillStyle = colours[i]!;
    ctx.globalAlpha = curves.length > 20 ? 0.06 : 0.15;
    ctx.beginPath();
    let any = false;
    for (let k = 0; k < x.length; k++) {
      if (Number.isNaN(high[k]!)) continue;
      if (any) ctx.lineTo(toX(x[k]!), toY(high[k]!));
      else ctx.moveTo(toX(x[k]!), toY(high[k]!));
      any = true;
    }
    for (let k = x.length - 1; k >= 0; k--) if (!Number.isNaN(low[k]!)) ctx.lineTo(toX(x[k]!), toY(low[k]!));
    ctx.fill();
    ctx.globalAlpha = 1;
  });
  ctx.lineJoin = 'round';
  curves.forEach(({ x, centre, style, ends = [] }, i) => {
    const { dash, marker } = styleOf(style);
    ctx.strokeStyle = colours[i]!;
    ctx.fillStyle = colours[i]!;
    ctx.lineWidth = (curves.length > 20 ? 1 : 1.8) * ratio;
    ctx.setLineDash(
      (dash ?? '')
        .split(' ')
        .filter((part) => part !== '')
        .map((part) => Number(part) * ratio),
    );
    ctx.beginPath();
    let open = false;
    for (let k = 0; k < x.length; k++) {
      const value = centre[k]!;
      if (Number.isNaN(value)) {
        open = false;
        continue;
      }
      if (open) ctx.lineTo(toX(x[k]!), toY(value));
      else ctx.moveTo(toX(x[k]!), toY(value));
      open = true;
    }
    ctx.stroke();
    ctx.setLineDash([]);
    if (curves.length <= 20) markers(self, x, centre, marker, toX, toY, i);
    ctx.strokeStyle = colours[i]!;
    for (const end of ends) {
      const [px, py, half] = [Math.min(toX(end.x), left + width - 5 * ratio), Math.max(top + 6 * ratio, toY(end.y)), 4 * ratio];
      ctx.lineWidth = 1.8 * ratio;
      ctx.beginPath();
      if (end.diverged) {
        ctx.moveTo(px - half, py - half);
        ctx.lineTo(px + half, py + half);
        ctx.moveTo(px - half, py + half);
        ctx.lineTo(px + half, py - half);
      } else {
        ctx.moveTo(px, py - half);
        ctx.lineTo(px, py + half);
      }
      ctx.stroke();
    }
  });
  ctx.restore();
}

function markers(
  { ctx, bbox }: uPlot,
  x: Float64Array,
  centre: Float64Array,
  shape: 'circle' | 'square' | 'triangle' | 'diamond',
  toX: (value: number) => number,
  toY: (value: number) => number,
  offset: number,
): void {
  const ratio = devicePixelRatio;
  const gap = bbox.width / 7;
  let next = bbox.left + gap * (0.3 + 0.11 * (offset % 6));
  for (let k = 0; k < x.length; k++) {
    const [px, py] = [toX(x[k]!), toY(centre[k]!)];
    if (px < next || !Number.isFinite(py)) continue;
    next = px + gap;
    const r = 3.4 * ratio;
    ctx.beginPath();
    if (shape === 'circle') ctx.arc(px, py, r, 0, 7);
    else if (shape === 'square') ctx.rect(px - 0.9 * r, py - 0.9 * r, 1.8 * r, 1.8 * r);
    else if (shape === 'triangle') {
      ctx.moveTo(px, py - 1.25 * r);
      ctx.lineTo(px + 1.15 * r, py + 0.85 * r);
      ctx.lineTo(px - 1.15 * r, py + 0.85 * r);
    } else {
      ctx.moveTo(px, py - 1.3 * r);
      ctx.lineTo(px + 1.3 * r, py);
      ctx.lineTo(px, py + 1.3 * r);
      ctx.lineTo(px - 1.3 * r, py);
    }
    ctx.fill();
  }
}
