/** Which difference is found first, and what counts as one. */
import { describe, expect, it } from 'vitest';
import { checkpointDifference, columnDifference } from '../../src/cli/bits.ts';
import { encodeCheckpoint } from '../../src/shared/messages/codec.ts';

const rounds = Float64Array.of(0, 10, 20);

/** A NaN with a payload and a sign, as an attack or a machine may leave it. */
function oddNaN(): number {
  const bits = new BigUint64Array(1);
  bits[0] = 0xfff8_0000_0000_0001n;
  return new Float64Array(bits.buffer)[0]!;
}

describe('columns', () => {
  it('are equal where they are, all NaNs being one', () => {
    const stored = { loss: Float64Array.of(1, Number.NaN, -0) };
    expect(columnDifference(stored, { first: 1, count: 2, columns: { loss: Float64Array.of(oddNaN(), -0) } }, rounds)).toBeUndefined();
  });

  it('differ in the sign of a zero', () => {
    const stored = { loss: Float64Array.of(1, 2, -0) };
    expect(columnDifference(stored, { first: 0, count: 3, columns: { loss: Float64Array.of(1, 2, 0) } }, rounds)).toEqual({
      what: 'loss',
      round: 20,
      stored: '-0',
      computed: '0',
    });
  });

  it('differ first at the earliest round, whatever the metric', () => {
    const stored = { a: Float64Array.of(1, 1, 1), b: Float64Array.of(1, 1, 1) };
    const columns = { a: Float64Array.of(1, 1, 2), b: Float64Array.of(1, 3, 1) };
    expect(columnDifference(stored, { first: 0, count: 3, columns }, rounds)).toMatchObject({ what: 'b', round: 10, computed: '3' });
  });

  it('differ where one has points or metrics the other has not', () => {
    const stored = { a: Float64Array.of(1, 1) };
    expect(columnDifference(stored, { first: 0, count: 3, columns: { a: Float64Array.of(1, 1, 1) } }, rounds.subarray(0, 2))).toEqual({
      what: 'a',
      stored: 'no value',
      computed: '1',
    });
    expect(columnDifference(stored, { first: 0, count: 0, columns: { b: new Float64Array() } }, rounds)).toMatchObject({ what: 'metrics' });
  });
});

describe('checkpoints', () => {
  const runKey = 'a'.repeat(64);
  const checkpoint = (block: readonly number[], meta: unknown = {}): Uint8Array =>
    encodeCheckpoint({ runKey, round: 30, numericsVersion: 1, sections: { block: Float64Array.from(block) }, meta });

  it('are equal whatever the bits of a NaN', () => {
    expect(checkpointDifference(checkpoint([1, Number.NaN]), checkpoint([1, oddNaN()]), runKey)).toBeUndefined();
  });

  it('differ in a value, a length or the header', () => {
    expect(checkpointDifference(checkpoint([1, 2]), checkpoint([1, 3]), runKey)).toEqual({
      what: 'the checkpoint, block[1]',
      round: 30,
      stored: '2',
      computed: '3',
    });
    const header = { what: 'the header of the checkpoint', round: 30 };
    expect(checkpointDifference(checkpoint([1]), checkpoint([1, 2]), runKey)).toMatchObject(header);
    expect(checkpointDifference(checkpoint([1]), checkpoint([1], { other: true }), runKey)).toMatchObject(header);
  });
});
