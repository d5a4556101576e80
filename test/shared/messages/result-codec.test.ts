import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../src/shared/errors.ts';
import { sha256Hex } from '../../../src/shared/hash.ts';
import { encodeCheckpoint } from '../../../src/shared/messages/codec.ts';
import { decodeResult, encodeResult } from '../../../src/shared/messages/result-codec.ts';
import { numericsVersion, type RoundJobResult } from '../../../src/shared/messages/round-job.ts';

const runKey = 'a'.repeat(64);
const odd = Float64Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324, 0.1);
const result: RoundJobResult = {
  runKey,
  epoch: 2,
  fromRound: -1,
  toRound: 5,
  checkpoint: new Uint8Array([1, 2, 3]),
  points: { first: 0, count: 6, columns: { loss: odd, x: odd.slice().reverse() } },
  outcome: 'completed',
  x: odd.slice(1),
  computeMs: 1.5,
  threads: 1,
  notes: { lowered: 3 },
};

const codeOfDecoding = (bytes: Uint8Array, key = runKey): string => {
  try {
    decodeResult(bytes, result.checkpoint, key);
  } catch (thrown) {
    return codeOf(thrown);
  }
  return 'none';
};

/** A result of other meta, under a checksum that fits. */
const sealed = (changes: Record<string, unknown>, version = numericsVersion): Uint8Array =>
  encodeCheckpoint({
    runKey,
    round: 5,
    numericsVersion: version,
    sections: [],
    meta: { epoch: 1, fromRound: 0, first: 0, count: 0, outcome: null, ended: false, computeMs: 0, threads: 1, notes: {}, ...changes },
  });

describe('the result codec', () => {
  test('it brings everything back, NaN, infinities and -0 as they are, a column called x beside the iterate', () => {
    const back = decodeResult(encodeResult(result), result.checkpoint, runKey);
    expect(back).toEqual(result);
    expect(Object.is(back.points.columns['loss']![3], -0)).toBe(true);
  });

  test('it brings a result back that goes on', () => {
    const going: RoundJobResult = { ...result, outcome: null, x: null };
    expect(decodeResult(encodeResult(going), result.checkpoint, runKey)).toEqual(going);
  });

  test('it refuses every flipped bit and every truncation', () => {
    const bytes = encodeResult(result);
    for (let i = 0; i < bytes.length; i++) {
      const harmed = bytes.slice();
      harmed[i]! ^= 1 << (i % 8);
      expect(codeOfDecoding(harmed), `byte ${i}`).toBe('MARINADE_STORAGE_CHECKPOINT');
      expect(codeOfDecoding(bytes.subarray(0, i)), `length ${i}`).toBe('MARINADE_STORAGE_CHECKPOINT');
    }
  });

  test("it refuses another run's result, and another version's", () => {
    expect(codeOfDecoding(encodeResult(result), 'b'.repeat(64))).toBe('MARINADE_STORAGE_CHECKPOINT');
    expect(codeOfDecoding(sealed({}, numericsVersion + 1))).toBe('MARINADE_PROTOCOL_VERSION');
  });

  test.each([
    [{ outcome: 'won' }],
    [{ epoch: -1 }],
    [{ fromRound: 0.5 }],
    [{ count: 1e300 }],
    [{ first: 'zero' }],
    [{ computeMs: -1 }],
    [{ threads: 0 }],
    [{ notes: [] }],
    [{ notes: { lowered: 'often' } }],
    [{ extra: 1 }],
  ])('it refuses what is intact and no result: %o', (changes) => {
    expect(codeOfDecoding(sealed({}))).toBe('none');
    expect(codeOfDecoding(sealed(changes))).toBe('MARINADE_PROTOCOL_MALFORMED');
  });

  test('it refuses a forger’s bytes whose checksum fits', () => {
    const bytes = encodeResult(result);
    const forged = bytes.slice();
    forged[20] = 0;
    forged.set(Buffer.from(sha256Hex(forged.subarray(0, forged.length - 32)), 'hex'), forged.length - 32);
    expect(codeOfDecoding(forged)).toBe('MARINADE_STORAGE_CHECKPOINT');
  });
});
