/**
 * Where two executions of one run first differ. Values are compared with `Object.is`: -0 differs from 0; all NaNs are
 * one, because their bits differ between operations and machines (contract of the result hash).
 */
import type { DecodedCheckpoint } from '../shared/messages/codec.ts';
import { decodeCheckpoint } from '../shared/messages/codec.ts';
import type { RecordedPoints } from '../shared/messages/round-job.ts';

export interface Difference {
  /** The quantity, down to its place. */
  readonly what: string;
  readonly round?: number;
  readonly stored: string;
  readonly computed: string;
}

type Columns = Readonly<Record<string, Float64Array>>;

/** Computed points against stored columns; the earliest difference, whatever the metric. */
export function columnDifference(stored: Columns, { first, count, columns }: RecordedPoints, rounds: Float64Array): Difference | undefined {
  const names = Object.keys(columns);
  if (names.join() !== Object.keys(stored).join())
    return { what: 'metrics', stored: Object.keys(stored).join(', '), computed: names.join(', ') };
  for (let i = 0; i < count; i++) {
    for (const name of names) {
      const [before, after] = [stored[name]![first + i], columns[name]![i]];
      if (Object.is(before, after)) continue;
      const round = rounds[first + i];
      return { what: name, ...(round === undefined ? {} : { round }), stored: shown(before), computed: shown(after) };
    }
  }
  return undefined;
}

/** Two checkpoints of one round; both are intact. */
export function checkpointDifference(stored: Uint8Array, computed: Uint8Array, runKey: string): Difference | undefined {
  if (Buffer.compare(stored, computed) === 0) return undefined;
  const [before, after] = [decodeCheckpoint(stored, { runKey }), decodeCheckpoint(computed, { runKey })];
  const { round } = before;
  const [headBefore, headAfter] = [headOf(before), headOf(after)];
  if (headBefore !== headAfter) return { what: 'the header of the checkpoint', round, stored: headBefore, computed: headAfter };
  for (const [name, values] of Object.entries(before.sections)) {
    const other = after.sections[name]!;
    const at = values.findIndex((value, i) => !Object.is(value, other[i]));
    if (at >= 0) return { what: `the checkpoint, ${name}[${at}]`, round, stored: shown(values[at]), computed: shown(other[at]) };
  }
  return undefined;
}

function headOf({ round, numericsVersion, sections, meta }: DecodedCheckpoint): string {
  return JSON.stringify({ round, numericsVersion, meta, sections: Object.entries(sections).map(([name, { length }]) => [name, length]) });
}

/** A number with the sign of its zero; nothing where there is none. */
function shown(value: number | undefined): string {
  return value === undefined ? 'no value' : Object.is(value, -0) ? '-0' : String(value);
}
