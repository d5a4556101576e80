/**
 * The runs of a study as a table of any length: only the rows in sight exist. Arrow keys move, Space picks (with Shift
 * a range), Enter opens, P pins. It is a grid to assistive technology, with the numbers of all its rows and columns.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { grouped } from '../state/format.ts';
import { navigate, show, shown } from '../state/route.ts';
import { flip, isIn, type Line, lines, picked, pinned, sorting } from '../state/rows.ts';
import { type StudyTable, table, version } from '../state/study-table.ts';
import { joined, listed, metric, varied } from '../state/view.ts';
import { Menu } from './menu.tsx';
import { type Column, columnsOf } from './run-columns.tsx';

const ROW_HEIGHT = 32;
const HEAD_HEIGHT = 36;
const SPARE = 8;

export function RunTable() {
  const scroller = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(560);
  const active = useSignal(0);
  const anchor = useRef(0);
  void version.value;
  const known = table.value!;
  const all = lines.value;
  const columns = columnsOf(known, metric.value?.name, metric.value?.title ?? '');
  const grid = `34px ${columns.map(({ width }, i) => (i === 0 ? `minmax(${width}px, 1fr)` : `${width}px`)).join(' ')}`;
  const held = pinnedRows(known);

  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      height.value = entry!.contentRect.height;
    });
    observer.observe(scroller.current!);
    return () => observer.disconnect();
  }, []);

  const first = Math.max(0, Math.floor(top.value / ROW_HEIGHT) - SPARE);
  const end = Math.min(all.length, Math.ceil((top.value + height.value) / ROW_HEIGHT) + SPARE);
  // Rows that come into sight take the places of those that leave it.
  const slots = Math.max(1, Math.ceil(height.value / ROW_HEIGHT) + 2 * SPARE + 1);
  const at = Math.min(active.value, all.length - 1);

  const move = (to: number): void => {
    const next = Math.min(all.length - 1, Math.max(0, to));
    active.value = next;
    const box = scroller.current!;
    const above = HEAD_HEIGHT + held.length * ROW_HEIGHT;
    const [from, below] = [next * ROW_HEIGHT, (next + 1) * ROW_HEIGHT + above];
    if (from < box.scrollTop) box.scrollTop = from;
    else if (below > box.scrollTop + box.clientHeight) box.scrollTop = below - box.clientHeight;
  };
  const pick = (line: number, range: boolean): void => {
    const one = all[line];
    if (one?.kind !== 'run') return;
    if (!range) {
      anchor.current = line;
      flip('pick', [known.runKey[one.row]!]);
      return;
    }
    const [low, high] = [Math.min(anchor.current, line), Math.max(anchor.current, line)];
    flip(
      'pick',
      all.slice(low, high + 1).flatMap((other) => (other.kind === 'run' ? [known.runKey[other.row]!] : [])),
      true,
    );
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== scroller.current) return;
    const page = Math.max(1, Math.floor(height.value / ROW_HEIGHT) - 2);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: all.length - 1 }[event.key];
    const line = all[at];
    if (to !== undefined) {
      move(to);
      if (event.shiftKey) pick(Math.min(all.length - 1, Math.max(0, to)), true);
    } else if (line?.kind === 'group' && (event.key === 'Enter' || event.key === ' ')) fold(line.label);
    else if (event.key === 'Enter' && line?.kind === 'run') navigate(`/runs/${known.runKey[line.row]}`);
    else if (event.key === ' ') pick(at, event.shiftKey);
    else if (event.key.toLowerCase() === 'p' && line?.kind === 'run' && !event.ctrlKey && !event.metaKey)
      flip('pin', [known.runKey[line.row]!]);
    else if (event.key === 'Escape') show({ pick: undefined }, 'replace');
    else return;
    event.preventDefault();
  };

  return (
    <div>
      <TableHead />
      {/* biome-ignore lint/a11y/useSemanticElements: rows out of sight do not exist, which a table element cannot say */}
      <div
        ref={scroller}
        class="runs"
        role="grid"
        tabIndex={0}
        aria-label="Runs. Arrow keys move, Space picks, Enter opens, P pins."
        aria-rowcount={all.length + 1}
        aria-colcount={columns.length}
        aria-multiselectable="true"
        aria-activedescendant={at >= first && at < end ? `run-line-${at}` : undefined}
        onKeyDown={onKeyDown}
        onScroll={(event) => {
          top.value = event.currentTarget.scrollTop;
        }}
      >
        {/* biome-ignore lint/a11y/useSemanticElements: see above */}
        <div class="head" role="row" aria-rowindex={1} tabIndex={-1} style={{ gridTemplateColumns: grid, height: `${HEAD_HEIGHT}px` }}>
          {/* biome-ignore lint/a11y/useSemanticElements: see above */}
          <div role="columnheader" tabIndex={-1}>
            <span class="visually-hidden">pinned</span>
          </div>
          {columns.map((column) => (
            <HeadCell key={column.name} column={column} />
          ))}
        </div>
        {held.map((row, i) => (
          <RunLine
            key={`pin-${row}`}
            known={known}
            columns={columns}
            grid={grid}
            row={row}
            index={-1}
            top={HEAD_HEIGHT + i * ROW_HEIGHT}
            pinnedAt={i}
            active={false}
            onPick={() => {}}
          />
        ))}
        <div style={{ height: `${Math.max(1, all.length) * ROW_HEIGHT}px`, position: 'relative' }} role="presentation">
          {all.slice(first, end).map((line, i) => {
            const index = first + i;
            if (line.kind === 'group')
              return <GroupLine key={`slot-${index % slots}`} line={line} index={index} columns={columns.length} active={index === at} />;
            return (
              <RunLine
                key={`slot-${index % slots}`}
                known={known}
                columns={columns}
                grid={grid}
                row={line.row}
                index={index}
                top={index * ROW_HEIGHT}
                active={index === at}
                onPick={(range) => {
                  active.value = index;
                  pick(index, range);
                }}
              />
            );
          })}
          {all.length === 0 && <p class="empty">No run fits the filters.</p>}
        </div>
      </div>
    </div>
  );
}

function pinnedRows(known: StudyTable): number[] {
  const keys = pinned.value;
  return keys.size === 0 ? [] : known.runKey.flatMap((runKey, row) => (isIn(keys, runKey) ? [row] : [])).slice(0, 6);
}

function fold(label: string): void {
  const closed = new Set(listed(shown('closed')));
  if (!closed.delete(label)) closed.add(label);
  show({ closed: joined([...closed]) }, 'replace');
}

function TableHead() {
  const by = shown('rowsby');
  return (
    <div class="row spread" style={{ marginBottom: '8px' }}>
      <span class="soft">
        {picked.value.size > 0 ? `${picked.value.size} picked` : 'Space or a click picks runs, Enter or a double click opens one'}
      </span>
      <span class="row">
        {picked.value.size > 0 && (
          <button type="button" onClick={() => show({ pick: undefined })}>
            Pick none
          </button>
        )}
        <Menu label={by === undefined ? 'Group' : `Grouped by ${by}`} active={by !== undefined} end>
          {[undefined, ...varied.value.map(({ path }) => path)].map((path) => (
            <button key={path ?? ''} type="button" aria-pressed={path === by} onClick={() => show({ rowsby: path, closed: undefined })}>
              {path ?? 'no groups'}
            </button>
          ))}
        </Menu>
      </span>
    </div>
  );
}

function HeadCell({ column: { name, title, number } }: { readonly column: Column }) {
  const by = sorting.value;
  const mine = by?.column === name;
  const order = mine ? (by.down ? 'descending' : 'ascending') : 'none';
  const next = !mine ? name : by.down ? undefined : `-${name}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table whose rows out of sight do not exist
    <div role="columnheader" tabIndex={-1} aria-sort={order} class={number ? 'number' : ''}>
      <button type="button" onClick={() => show({ sort: next }, 'replace')} title={`Sort by ${title}`}>
        {title}
        <span aria-hidden="true">{mine ? (by.down ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </div>
  );
}

interface RunLineProps {
  readonly known: StudyTable;
  readonly columns: readonly Column[];
  readonly grid: string;
  readonly row: number;
  readonly index: number;
  readonly top: number;
  readonly active: boolean;
  readonly pinnedAt?: number;
  readonly onPick: (range: boolean) => void;
}

function RunLine({ known, columns, grid, row, index, top, active, pinnedAt, onPick }: RunLineProps) {
  const runKey = known.runKey[row]!;
  const isPinned = isIn(pinned.value, runKey);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table whose rows out of sight do not exist
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid around it hears the keys
    <div
      id={pinnedAt === undefined ? `run-line-${index}` : undefined}
      class={`line ${active ? 'active' : ''} ${pinnedAt === undefined ? '' : 'pinned'}`}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-selected={isIn(picked.value, runKey)}
      style={{ gridTemplateColumns: grid, ...(pinnedAt === undefined ? { transform: `translateY(${top}px)` } : { top: `${top}px` }) }}
      onClick={(event) => onPick(event.shiftKey)}
      onDblClick={() => navigate(`/runs/${runKey}`)}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      <div role="gridcell" tabIndex={-1} style={{ padding: 0 }}>
        <button
          type="button"
          class="pin"
          tabIndex={-1}
          aria-pressed={isPinned}
          aria-label={`Pin run ${runKey.slice(0, 8)}`}
          onClick={(event) => {
            event.stopPropagation();
            flip('pin', [runKey]);
          }}
        >
          {isPinned ? '●' : '○'}
        </button>
      </div>
      {columns.map(({ name, number, content }, i) => (
        // biome-ignore lint/a11y/useSemanticElements: see above
        <div key={name} role="gridcell" tabIndex={-1} class={number ? 'number' : ''}>
          {i === 0 ? (
            <a href={`/runs/${runKey}`} tabIndex={-1} onClick={(event) => event.stopPropagation()}>
              {content(row)}
            </a>
          ) : (
            content(row)
          )}
        </div>
      ))}
    </div>
  );
}

function GroupLine({
  line,
  index,
  columns,
  active,
}: {
  readonly line: Line & { readonly kind: 'group' };
  readonly index: number;
  readonly columns: number;
  readonly active: boolean;
}) {
  const closed = (listed(shown('closed')) ?? []).includes(line.label);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table whose rows out of sight do not exist
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid around it hears the keys
    <div
      id={`run-line-${index}`}
      class={`line group ${active ? 'active' : ''}`}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-expanded={!closed}
      style={{ gridTemplateColumns: '1fr', transform: `translateY(${index * ROW_HEIGHT}px)` }}
      onClick={() => fold(line.label)}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      <div role="gridcell" tabIndex={-1} aria-colspan={columns}>
        <span aria-hidden="true">{closed ? '▸ ' : '▾ '}</span>
        {line.label} <span class="soft">{grouped(line.size)}</span>
      </div>
    </div>
  );
}
