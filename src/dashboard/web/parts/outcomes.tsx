/** Outcomes of runs: one as a sign with its name, many as a bar with its key. */
import { grouped } from '../state/format.ts';
import { lookOf } from '../state/outcomes.ts';

export function Outcome({ name }: { readonly name: string }) {
  const { sign, tone } = lookOf(name);
  return (
    <span class={`outcome tone-${tone}`}>
      <span class="sign" aria-hidden="true">
        {sign}
      </span>
      {name}
    </span>
  );
}

export function OutcomeBar({
  counts,
  big = false,
  keyed = true,
}: {
  readonly counts: ReadonlyMap<string, number>;
  readonly big?: boolean;
  readonly keyed?: boolean;
}) {
  const parts = [...counts].filter(([, number]) => number > 0).sort(([a], [b]) => lookOf(a).order - lookOf(b).order);
  const total = parts.reduce((sum, [, number]) => sum + number, 0);
  const words = parts.map(([name, number]) => `${grouped(number)} ${name}`).join(', ');
  return (
    <div>
      <div class={`bar ${big ? 'big' : ''}`} role="img" aria-label={`Of ${grouped(total)} runs: ${words}`}>
        {parts.map(([name, number]) => (
          <span key={name} class={`tone-${lookOf(name).tone}`} style={{ flex: `${number} 0 0` }} title={`${grouped(number)} ${name}`} />
        ))}
      </div>
      {keyed && (
        <ul class="legend" style={{ marginTop: '7px' }}>
          {parts.map(([name, number]) => (
            <li key={name} class={`outcome tone-${lookOf(name).tone}`}>
              <span class="sign" aria-hidden="true">
                {lookOf(name).sign}
              </span>
              <span>
                <b>{grouped(number)}</b> {name}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
