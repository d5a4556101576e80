/**
 * Parallel coordinates: every cell of the selection is a line through its parameter values to the mean it came to.
 * A stretch brushed on an axis becomes a filter, so heat map, curves and table follow. Axes stand equally far apart.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { rankedCells } from '../state/cells.ts';
import { shortNumber } from '../state/format.ts';
import { show, shown } from '../state/route.ts';
import { table } from '../state/study-table.ts';
import { joined, listed, metric, varied } from '../state/view.ts';
import { shade } from './colours.ts';
import { isDark, palette } from './theme.tsx';

const HEIGHT = 250;
const TOP = 34;
const BOTTOM = 16;
const LEAST_GAP = 150;
const MOST_LINES = 2000;

export function Parallel() {
  const box = useRef<HTMLDivElement>(null);
  const width = useSignal(1000);
  const drag = useSignal<{ readonly path: string; readonly from: number; readonly to: number } | undefined>(undefined);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      width.value = entry!.contentRect.width;
    });
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const canvas = useRef<HTMLCanvasElement>(null);
  const known = table.value!;
  const axes = varied.value.filter(({ labels }) => labels.length <= 40);
  const facts = metric.value!;
  const ranked = rankedCells.value;
  const cells = useMemo(() => ranked.filter(({ good }) => good > 0), [ranked]);
  const whole = Math.max(width.value, LEAST_GAP * axes.length + 220);
  const [left, right] = [30, whole - 120];
  const xOf = (axis: number): number => left + (axis * (right - left)) / axes.length;
  const room = Math.max(12, Math.floor(((right - left) / axes.length - 30) / 6.6));
  const yOf = (place: number, size: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (size === 1 ? 0.5 : place / (size - 1));
  const scaled = (value: number): number => (facts.logarithmic && value > 0 ? Math.log10(value) : value);
  const values = cells.map(({ mean }) => scaled(mean)).filter(Number.isFinite);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const valueY = (mean: number): number =>
    HEIGHT - BOTTOM - (high > low ? (scaled(mean) - low) / (high - low) : 0.5) * (HEIGHT - TOP - BOTTOM);

  const order = palette.value;
  useEffect(() => {
    const into = canvas.current!;
    const ratio = devicePixelRatio;
    [into.width, into.height] = [whole * ratio, HEIGHT * ratio];
    const ink = into.getContext('2d')!;
    ink.scale(ratio, ratio);
    ink.lineWidth = cells.length > 200 ? 1 : 1.6;
    ink.globalAlpha = cells.length > 100 ? 0.45 : 0.85;
    const dark = isDark();
    const places = axes.map(({ path, labels }, i) => ({
      at: known.paths.indexOf(path),
      x: xOf(i),
      y: new Map(labels.map((label, k) => [label, yOf(k, labels.length)])),
    }));
    // The best are drawn last, over the others.
    for (const { cell, mean } of cells.slice(0, MOST_LINES).toReversed()) {
      const place = high > low ? (scaled(mean) - low) / (high - low) : 0;
      ink.strokeStyle = shade(0.82 * (facts.higherIsBetter ? 1 - place : place), dark);
      ink.beginPath();
      for (const { at, x, y } of places) ink.lineTo(x, y.get(known.cells[cell]![at]!)!);
      ink.lineTo(right, valueY(mean));
      ink.stroke();
    }
  }, [cells, whole, facts.name, order]);

  const finish = (): void => {
    const brushed = drag.value;
    drag.value = undefined;
    const axis = axes.find(({ path }) => path === brushed?.path);
    if (brushed === undefined || axis === undefined) return;
    const [from, to] = [Math.min(brushed.from, brushed.to) - 6, Math.max(brushed.from, brushed.to) + 6];
    const kept = axis.labels.filter((_, i) => yOf(i, axis.labels.length) >= from && yOf(i, axis.labels.length) <= to);
    show({ [`f.${axis.path}`]: kept.length === 0 || kept.length === axis.labels.length ? undefined : joined(kept) });
  };
  const yAt = (event: PointerEvent): number => event.clientY - (event.currentTarget as Element).closest('svg')!.getBoundingClientRect().top;
  return (
    <section class="card" aria-labelledby="parallel-title">
      <header>
        <h2 id="parallel-title">Parameters and what they came to</h2>
        <span class="soft">brush an axis, or press its values</span>
      </header>
      <div ref={box} class="parallel">
        <canvas ref={canvas} style={{ width: `${whole}px`, height: `${HEIGHT}px` }} />
        {/* biome-ignore lint/a11y/useSemanticElements: a drawing with buttons in it */}
        <svg
          width={whole}
          height={HEIGHT}
          viewBox={`0 0 ${whole} ${HEIGHT}`}
          role="group"
          aria-label={`Parallel coordinates of ${cells.length} cells`}
        >
          {axes.map(({ path, labels }, i) => {
            const kept = listed(shown(`f.${path}`));
            const pressed = (label: string): boolean => kept?.includes(label) ?? false;
            return (
              <g key={path}>
                <text x={xOf(i)} y={16} text-anchor={i === 0 ? 'start' : 'middle'} font-weight="600">
                  {path}
                </text>
                <line class="axis" x1={xOf(i)} x2={xOf(i)} y1={TOP - 6} y2={HEIGHT - BOTTOM + 6} />
                {drag.value?.path === path && (
                  <rect
                    class="brush"
                    x={xOf(i) - 9}
                    width={18}
                    y={Math.min(drag.value.from, drag.value.to)}
                    height={Math.max(2, Math.abs(drag.value.to - drag.value.from))}
                  />
                )}
                {kept?.map((label) => (
                  <rect
                    key={label}
                    class="brush"
                    x={xOf(i) - 9}
                    width={18}
                    y={yOf(labels.indexOf(label), labels.length) - 9}
                    height={18}
                    rx={5}
                  />
                ))}
                <rect
                  x={xOf(i) - 14}
                  y={TOP - 8}
                  width={28}
                  height={HEIGHT - TOP - BOTTOM + 16}
                  fill="transparent"
                  style={{ cursor: 'crosshair', touchAction: 'none' }}
                  onPointerDown={(event) => {
                    event.currentTarget.setPointerCapture(event.pointerId);
                    drag.value = { path, from: yAt(event), to: yAt(event) };
                  }}
                  onPointerMove={(event) => {
                    if (drag.value?.path === path) drag.value = { ...drag.value, to: yAt(event) };
                  }}
                  onPointerUp={finish}
                />
                {labels.map((label, k) => (
                  // biome-ignore lint/a11y/useSemanticElements: a button inside a drawing
                  <g
                    key={label}
                    role="button"
                    tabIndex={0}
                    aria-pressed={pressed(label)}
                    aria-label={`${path} ${label}`}
                    style={{ cursor: 'pointer' }}
                    onClick={() => show({ [`f.${path}`]: pressed(label) && kept?.length === 1 ? undefined : joined([label]) })}
                    onKeyDown={(event) => {
                      if (event.key !== 'Enter' && event.key !== ' ') return;
                      event.preventDefault();
                      show({ [`f.${path}`]: pressed(label) && kept?.length === 1 ? undefined : joined([label]) });
                    }}
                  >
                    <circle cx={xOf(i)} cy={yOf(k, labels.length)} r={3.2} fill="currentColor" />
                    <text x={xOf(i) + 11} y={yOf(k, labels.length) + 4} stroke="var(--card)" stroke-width="4" paint-order="stroke">
                      {label.length > room ? `${label.slice(0, room - 1)}…` : label}
                    </text>
                  </g>
                ))}
              </g>
            );
          })}
          <text x={right} y={16} text-anchor="middle" font-weight="600">
            {facts.title}
          </text>
          <line class="axis" x1={right} x2={right} y1={TOP - 6} y2={HEIGHT - BOTTOM + 6} />
          {values.length > 0 &&
            [low, (low + high) / 2, high].map((value) => {
              const shownValue = facts.logarithmic && cells.every(({ mean }) => mean > 0) ? 10 ** value : value;
              return (
                <text key={value} x={right + 9} y={valueY(shownValue) + 4} class="soft">
                  {shortNumber(Number(shownValue.toPrecision(2)))}
                </text>
              );
            })}
        </svg>
      </div>
      {cells.length > MOST_LINES && (
        <p class="soft">
          The {MOST_LINES} best of {cells.length} cells are drawn.
        </p>
      )}
      {cells.length === 0 && <p class="soft">Lines appear as runs end.</p>}
    </section>
  );
}
