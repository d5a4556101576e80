/** What narrows the runs down: by value of any parameter, outcome, seed and text. All of it stands in the address. */
import { grouped } from '../state/format.ts';
import { query, show, shown } from '../state/route.ts';
import { outcomes, table, version } from '../state/study-table.ts';
import { joined, listed, toggle, varied } from '../state/view.ts';
import { Menu } from './menu.tsx';
import { Outcome } from './outcomes.tsx';

export function Filters() {
  void version.value;
  const known = table.value;
  if (known === undefined) return null;
  const sizes = cellSizes();
  const seeds = [...new Set(known.seed)].sort((a, b) => a - b);
  const names = [...query.value.keys()].filter((name) => name.startsWith('f.') || name === 'outcome' || name === 'seed' || name === 'q');
  return (
    <search class="filters" aria-label="Filters">
      <input
        type="search"
        placeholder="Search values or a run key"
        aria-label="Search values or a run key"
        value={shown('q') ?? ''}
        onInput={(event) => show({ q: event.currentTarget.value }, 'replace')}
      />
      {varied.value.map(({ path, labels }) => (
        <Values key={path} name={`f.${path}`} title={path} values={labels} counts={sizes(path)} />
      ))}
      <Values name="outcome" title="outcome" values={[...outcomes.value.keys()]} counts={outcomes.value} />
      {seeds.length > 1 && <Values name="seed" title="seed" values={seeds.map(String)} />}
      {names.length > 0 && (
        <button type="button" class="plain" onClick={() => show(Object.fromEntries(names.map((name) => [name, undefined])))}>
          Clear filters
        </button>
      )}
    </search>
  );
}

/** Runs by value of a parameter. */
function cellSizes(): (path: string) => ReadonlyMap<string, number> {
  const known = table.value!;
  const ofCell = new Int32Array(known.cells.length);
  for (const cell of known.cell) ofCell[cell]!++;
  return (path) => {
    const place = known.paths.indexOf(path);
    const sizes = new Map<string, number>();
    known.cells.forEach((labels, cell) => {
      sizes.set(labels[place]!, (sizes.get(labels[place]!) ?? 0) + ofCell[cell]!);
    });
    return sizes;
  };
}

interface ValuesProps {
  readonly name: string;
  readonly title: string;
  readonly values: readonly string[];
  readonly counts?: ReadonlyMap<string, number>;
}

function Values({ name, title, values, counts }: ValuesProps) {
  const picked = listed(shown(name));
  const label = picked === undefined ? title : `${title}: ${picked.length === 1 ? picked[0] : `${picked.length} of ${values.length}`}`;
  return (
    <Menu label={label} active={picked !== undefined}>
      {values.map((value) => (
        <label key={value}>
          <input type="checkbox" checked={picked?.includes(value) ?? true} onChange={() => toggle(name, value, values)} />
          <span>{name === 'outcome' ? <Outcome name={value} /> : value}</span>
          <span class="row" style={{ marginLeft: 'auto' }}>
            {counts !== undefined && <span class="soft">{grouped(counts.get(value) ?? 0)}</span>}
          </span>
        </label>
      ))}
      <span class="row">
        <button type="button" onClick={() => show({ [name]: undefined })}>
          All
        </button>
      </span>
      {values.length > 2 && (
        <p class="soft" style={{ padding: '0 8px' }}>
          Only one:{' '}
          {values.slice(0, 30).map((value) => (
            <button key={value} type="button" class="plain" onClick={() => show({ [name]: joined([value]) })}>
              {value}
            </button>
          ))}
        </p>
      )}
    </Menu>
  );
}
