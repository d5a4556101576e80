/** The cells whose mean is best. */

import { rankedCells } from '../state/cells.ts';
import { shortNumber } from '../state/format.ts';
import { show } from '../state/route.ts';
import { table } from '../state/study-table.ts';
import { joined, metric, varied } from '../state/view.ts';
import { Scroll } from './scroll.tsx';

const SHOWN = 8;

export function BestCells() {
  const known = table.value!;
  const paths = varied.value.map(({ path }) => path);
  const cells = rankedCells.value;
  return (
    <section class="card" aria-labelledby="best-title">
      <header>
        <h2 id="best-title">Best cells</h2>
        <span class="soft">
          by {metric.value?.title.toLowerCase()}, mean of {Math.min(SHOWN, cells.length)} of {cells.length}
        </span>
      </header>
      <Scroll label="Best cells">
        <table class="best">
          <thead>
            <tr>
              <th scope="col" class="number">
                mean
              </th>
              {paths.map((path) => (
                <th key={path} scope="col">
                  {path}
                </th>
              ))}
              <th scope="col" class="number">
                range
              </th>
              <th scope="col" class="number">
                runs
              </th>
            </tr>
          </thead>
          <tbody>
            {cells.slice(0, SHOWN).map(({ cell, mean, low, high, good, runs }) => (
              <tr key={cell}>
                <td class="number">
                  <button
                    type="button"
                    class="plain"
                    title="Only this cell"
                    onClick={() =>
                      show(Object.fromEntries(paths.map((path) => [`f.${path}`, joined([known.cells[cell]![known.paths.indexOf(path)]!])])))
                    }
                  >
                    {shortNumber(mean)}
                  </button>
                </td>
                {paths.map((path) => (
                  <td key={path} class="clip" title={known.cells[cell]![known.paths.indexOf(path)]}>
                    {known.cells[cell]![known.paths.indexOf(path)]}
                  </td>
                ))}
                <td class="number soft">{good > 1 ? `${shortNumber(low)} … ${shortNumber(high)}` : '–'}</td>
                <td class="number">{good === runs ? runs : `${good} of ${runs}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}
