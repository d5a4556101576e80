/** A chart's numbers as a table, at most 25 rows a page. */

import { useSignal } from '@preact/signals';
import { shortNumber } from '../state/format.ts';
import type { DrawnCurve } from './curve-chart.tsx';
import { valueAt } from './draw-curves.ts';
import { Scroll } from './scroll.tsx';

const ROWS = 25;
const PAGES = 4;
const MOST_CURVES = 8;

export function ChartTable({
  id,
  curves,
  xLabel,
  yLabel,
}: {
  readonly id: string;
  readonly curves: readonly DrawnCurve[];
  readonly xLabel: string;
  readonly yLabel: string;
}) {
  const open = useSignal(false);
  const at = useSignal(0);
  const longest = curves.reduce((most, curve) => (curve.x.length > most.x.length ? curve : most), curves[0]!);
  const total = Math.min(longest.x.length, ROWS * PAGES);
  const rows = Array.from({ length: Math.min(ROWS, total - at.value * ROWS) }, (_, i) => {
    const row = at.value * ROWS + i;
    return longest.x[Math.round((row * (longest.x.length - 1)) / Math.max(1, total - 1))]!;
  });
  const pages = Math.ceil(total / ROWS);
  return (
    <details
      id={id}
      onToggle={(event) => {
        open.value = event.currentTarget.open;
      }}
    >
      <summary>Numbers of this chart</summary>
      {open.value && (
        <>
          <Scroll label="Numbers of the chart">
            <table>
              <caption class="visually-hidden">{yLabel}</caption>
              <thead>
                <tr>
                  <th scope="col" class="number">
                    {xLabel}
                  </th>
                  {curves.slice(0, MOST_CURVES).map(({ label }) => (
                    <th key={label} scope="col" class="number">
                      {label}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((x) => (
                  <tr key={x}>
                    <td class="number">{shortNumber(x)}</td>
                    {curves.slice(0, MOST_CURVES).map((curve) => (
                      <td key={curve.label} class="number">
                        {shortNumber(valueAt(curve, x))}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
          {pages > 1 && (
            <p class="row">
              <button type="button" disabled={at.value === 0} onClick={() => at.value--}>
                Back
              </button>
              <span class="soft">
                page {at.value + 1} of {pages}
              </span>
              <button type="button" disabled={at.value === pages - 1} onClick={() => at.value++}>
                On
              </button>
            </p>
          )}
        </>
      )}
    </details>
  );
}
