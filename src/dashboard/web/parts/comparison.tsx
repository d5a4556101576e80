/** Two selections of runs, paired by seed and by every parameter in which they do not differ as a whole. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { RunSelection, SelectionComparison } from '../../../shared/contracts/dashboard.ts';
import { get } from '../state/api.ts';
import { count, shortNumber } from '../state/format.ts';
import { show, shown } from '../state/route.ts';
import { pickedRows } from '../state/rows.ts';
import { matching, table, version } from '../state/study-table.ts';
import { joined, listed, metric, varied } from '../state/view.ts';

type Side = 'a' | 'b';

/** A side as the address holds it: conditions `path=label~label`, joined by `;`, or picked runs as `runs=key~key`. */
function readSide(text: string | undefined): RunSelection | undefined {
  if (text === undefined) return undefined;
  const conditions = text.split(';').map((part) => [part.slice(0, part.indexOf('=')), listed(part.slice(part.indexOf('=') + 1))!] as const);
  const runs = conditions.find(([path]) => path === 'runs')?.[1];
  const where = Object.fromEntries(conditions.filter(([path]) => path !== 'runs'));
  return runs === undefined ? { where } : { runs };
}

function wordsOf(side: RunSelection | undefined): string {
  if (side === undefined) return 'nothing yet';
  if (side.runs !== undefined) return count(side.runs.length, 'picked run');
  return (
    Object.values(side.where ?? {})
      .map((labels) => labels.join(' or '))
      .join(', ') || 'all runs'
  );
}

export function Comparison({ studyKey }: { readonly studyKey: string }) {
  const answer = useSignal<SelectionComparison | undefined>(undefined);
  const known = table.value!;
  const [left, right] = [readSide(shown('a')), readSide(shown('b'))];
  const facts = metric.value;
  const whole = (side: RunSelection | undefined): RunSelection | undefined =>
    side?.runs === undefined ? side : { runs: known.runKey.filter((key) => side.runs!.some((begin) => key.startsWith(begin))) };
  const question =
    left === undefined || right === undefined || facts === undefined
      ? undefined
      : `/studies/${studyKey}/comparison?${new URLSearchParams({ metric: facts.name, reference: JSON.stringify(whole(left)), other: JSON.stringify(whole(right)) })}`;
  const ended = known.outcome.filter((outcome) => outcome !== 'queued' && outcome !== 'running').length;
  useEffect(() => {
    answer.value = undefined;
    if (question === undefined) return;
    const leaving = new AbortController();
    get<{ comparison: SelectionComparison }>(question, leaving.signal).then(
      ({ comparison }) => {
        answer.value = comparison;
      },
      () => {},
    );
    return () => leaving.abort();
  }, [question, ended]);
  return (
    <section class="card" aria-labelledby="compare-title">
      <header>
        <h2 id="compare-title">Paired comparison</h2>
        <span class="soft">over the seeds both have</span>
      </header>
      <SideChoice side="a" chosen={left} title="Reference" />
      <SideChoice side="b" chosen={right} title="Other" />
      <Answer answer={answer.value} asked={question !== undefined} />
    </section>
  );
}

function SideChoice({ side, chosen, title }: { readonly side: Side; readonly chosen: RunSelection | undefined; readonly title: string }) {
  void version.value;
  const known = table.value!;
  const rows = pickedRows.value;
  const size = chosen === undefined ? 0 : chosen.runs === undefined ? matching(known, chosen).length : chosen.runs.length;
  return (
    <div class="row">
      <label class="row" style={{ flex: '1 1 200px', minWidth: 0 }}>
        <span style={{ width: '70px' }}>{title}</span>
        <select
          style={{ flex: '1 1 0', minWidth: 0 }}
          value={shown(side) ?? ''}
          onChange={(event) => show({ [side]: event.currentTarget.value })}
        >
          <option value="">choose…</option>
          {chosen?.runs !== undefined && <option value={shown(side)}>{wordsOf(chosen)}</option>}
          {varied.value.map(({ path, labels }) => (
            <optgroup key={path} label={path}>
              {labels.map((label) => (
                <option key={label} value={`${path}=${label}`}>
                  {label}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      {rows.length > 0 && (
        <button
          type="button"
          onClick={() => show({ [side]: `runs=${joined(rows.slice(0, 100).map((row) => known.runKey[row]!.slice(0, 12)))}` })}
        >
          {count(rows.length, 'picked run')}
        </button>
      )}
      <span class="soft">{chosen === undefined ? '' : count(size, 'run')}</span>
    </div>
  );
}

function Answer({ answer, asked }: { readonly answer: SelectionComparison | undefined; readonly asked: boolean }) {
  if (!asked)
    return <p class="soft">Choose two values of a parameter, or pick runs in the table: every pair shares its seed and everything else.</p>;
  if (answer === undefined) return <p class="soft">Comparing…</p>;
  if (answer.pairs === 0) return <p class="soft">No pair of runs has ended with finite numbers in both.</p>;
  const { ratio, difference, lower, equal, higher, pairs, without } = answer;
  const interval = ({ low, high }: { low: number | string; high: number | string }): string =>
    Number.isFinite(Number(low)) ? `, 95 % [${shortNumber(Number(low))}, ${shortNumber(Number(high))}]` : '';
  const isBetter = metric.value?.higherIsBetter ? higher > lower : lower > higher;
  return (
    <div>
      <p>
        {ratio !== null ? (
          <>
            Other is <b>{shortNumber(ratio.mean)} ×</b> the reference{interval(ratio)}
          </>
        ) : (
          <>
            Other differs by <b>{shortNumber(difference!.mean)}</b>
            {interval(difference!)}
          </>
        )}
        .
      </p>
      <p class="soft">
        {count(pairs, 'pair')}: {lower} lower, {equal} equal, {higher} higher
        {without > 0 ? `; ${count(without, 'run')} without a partner or a finite number` : ''}.{' '}
        {lower === higher ? '' : isBetter ? 'Other is better more often.' : 'The reference is better more often.'}
      </p>
    </div>
  );
}
