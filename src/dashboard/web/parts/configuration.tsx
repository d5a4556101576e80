/** The experiment as it was carried out, defaults filled in; what differs from the study's base stands out. */
import type { StudyRun } from '../../../shared/contracts/ledger.ts';

interface ConfigLine {
  readonly path: string;
  readonly depth: number;
  readonly name: string;
  readonly value: string | undefined;
}

function linesOf(value: unknown, path = '', depth = 0): ConfigLine[] {
  return Object.entries(value as object).flatMap(([name, inner]): ConfigLine[] => {
    const at = path === '' ? name : `${path}.${name}`;
    const nested =
      typeof inner === 'object' && inner !== null && (!Array.isArray(inner) || inner.some((member) => typeof member === 'object'));
    if (!nested) return [{ path: at, depth, name, value: Array.isArray(inner) ? inner.join(', ') || 'none' : String(inner) }];
    return [
      { path: at, depth, name: Array.isArray(value) ? `${Number(name) + 1}.` : name, value: undefined },
      ...linesOf(inner, at, depth + 1),
    ];
  });
}

export function Configuration({ run }: { readonly run: StudyRun }) {
  const lines = linesOf(JSON.parse(run.experiment));
  const varied = Object.keys(run.parameters);
  const differs = (path: string): boolean => varied.some((one) => path === one || path.startsWith(`${one}.`));
  return (
    <section class="card">
      <header>
        <h2>Configuration</h2>
        <span class="soft">
          <span class="differs">marked</span> varies in this study
        </span>
      </header>
      <dl class="configuration">
        {lines.map(({ path, depth, name, value }) => (
          <div key={path} class={differs(path) ? 'differs' : ''}>
            <dt style={{ paddingLeft: `${8 + 16 * depth}px` }}>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="soft wrap">
        data <span class="mono">{run.dataSha256.slice(0, 16) || 'none'}</span> · run key <span class="mono">{run.runKey}</span>
      </p>
    </section>
  );
}
