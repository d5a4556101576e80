/** What the run table shows of a run. */
import type { JSX } from 'preact';
import { duration, grouped, shortNumber } from '../state/format.ts';
import type { StudyTable } from '../state/study-table.ts';
import { Outcome } from './outcomes.tsx';

export interface Column {
  readonly name: string;
  readonly title: string;
  readonly width: number;
  readonly number: boolean;
  readonly content: (row: number) => JSX.Element | string;
}

/** Columns in their order: parameters, how it stands, the metric. */
export function columnsOf(known: StudyTable, metricName: string | undefined, metricTitle: string): Column[] {
  const values = metricName === undefined ? undefined : known.values[metricName];
  const number = (name: string, title: string, of: Float64Array | undefined, width = 112): Column => ({
    name: `${metricName}:${name}`,
    title,
    width,
    number: true,
    content: (row) => shortNumber(of?.[row] ?? Number.NaN),
  });
  return [
    ...known.paths.map((path, place): Column => {
      const longest = Math.max(path.length + 2, ...known.cells.map((labels) => labels[place]!.length));
      return {
        name: path,
        title: path,
        width: Math.min(176, Math.max(80, 26 + 7.2 * longest)),
        number: false,
        content: (row) => known.cells[known.cell[row]!]![place]!,
      };
    }),
    { name: 'seed', title: 'seed', width: 66, number: true, content: (row) => String(known.seed[row]) },
    { name: 'outcome', title: 'outcome', width: 132, number: false, content: (row) => <Outcome name={known.outcome[row]!} /> },
    {
      name: 'round',
      title: 'round',
      width: 124,
      number: true,
      content: (row) => {
        const at = Math.max(0, known.committed[row]!);
        const whole = known.rounds[row]!;
        return (
          <>
            {known.outcome[row] === 'running' && (
              <span class="meter" aria-hidden="true">
                <span style={{ width: `${(100 * at) / whole}%` }} />
              </span>
            )}
            {grouped(at)}
          </>
        );
      },
    },
    ...(values === undefined
      ? []
      : [
          number('last', metricTitle, values.last, Math.max(112, 36 + 7 * metricTitle.length)),
          number('min', 'smallest', values.min),
          { ...number('rate', 'rate per 1000', values.rate, 128), content: (row: number) => shortNumber(1000 * values.rate[row]!) },
        ]),
    { name: 'seconds', title: 'computed', width: 100, number: true, content: (row) => duration(known.seconds[row]!) },
  ];
}
