import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { storePoints } from '../../../src/orchestrator/ledger/chunks.ts';
import { Connection } from '../../../src/orchestrator/ledger/connection.ts';
import { migrate } from '../../../src/orchestrator/ledger/migrations.ts';
import { extendPyramid, readBuckets } from '../../../src/orchestrator/ledger/pyramid.ts';
import { fittedRate } from '../../../src/orchestrator/ledger/rollups.ts';

const metrics = ['up', 'odd'];
let connection: Connection;

beforeEach(() => {
  connection = new Connection(':memory:');
  migrate(connection);
  connection.execute('PRAGMA foreign_keys = OFF');
});

afterEach(() => connection.close());

/** Values in which every stretch has its own least, largest and last one, with NaN and infinities among them. */
function odd(i: number): number {
  if (i % 97 === 0) return Number.NaN;
  if (i % 1009 === 0) return Number.POSITIVE_INFINITY;
  return Math.sin(i) * (1 + (i % 13));
}

/** Stores `total` points, in pieces, as commits would. */
function store(total: number, piece: number): void {
  for (let from = 0; from < total; from += piece) {
    const count = Math.min(piece, total - from);
    const columns = {
      up: Float64Array.from({ length: count }, (_, i) => from + i),
      odd: Float64Array.from({ length: count }, (_, i) => odd(from + i)),
    };
    storePoints(connection, { id: 1, runKey: 'r', points: from }, { first: from, count, columns });
    extendPyramid(connection, { id: 1, runKey: 'r', points: from + count }, from, metrics);
  }
}

function buckets(metric: string, first: number, end: number, wanted: number, total: number) {
  return readBuckets(connection, { id: 1, runKey: 'r', points: total }, { metric, index: metrics.indexOf(metric), first, end, wanted });
}

describe('a pyramid', () => {
  test.each([
    [10, 3, 100],
    [700, 512, 20],
    [20_000, 777, 100],
    [150_000, 40_000, 60],
  ])('of %i points stored %i at a time, in %i buckets, is that of the points themselves', (total, piece, wanted) => {
    store(total, piece);
    for (const [first, end] of [
      [0, total],
      [Math.floor(total / 7), Math.ceil(total / 1.3)],
    ] as const) {
      const { min, max, last, ends } = buckets('odd', first, end, wanted, total);
      expect(ends.at(-1)).toBe(end - 1);
      expect(ends.length).toBeLessThanOrEqual(Math.min(end - first, wanted + 12));
      let from = first;
      ends.forEach((point, i) => {
        const values = Array.from({ length: point - from + 1 }, (_, k) => odd(from + k));
        const known = values.filter((value) => !Number.isNaN(value));
        expect(last[i]).toBe(odd(point));
        expect(min[i]).toBe(known.length === 0 ? Number.NaN : Math.min(...known));
        expect(max[i]).toBe(known.length === 0 ? Number.NaN : Math.max(...known));
        from = point + 1;
      });
    }
  });

  test('is the same however the points came', () => {
    store(30_000, 100);
    const rows = (): unknown[] => connection.all('SELECT level, seq, hex(data) AS data FROM pyramid ORDER BY level, seq');
    const before = rows();
    expect(before.length).toBe(Math.floor(30_000 / 512) + Math.floor(30_000 / 8192));
    connection.execute('DELETE FROM pyramid; DELETE FROM chunk');
    store(30_000, 29_999);
    expect(rows()).toEqual(before);
  });

  test('lets a long curve be drawn without its points', () => {
    store(150_000, 50_000);
    // The points of all but the last, incomplete stretch are gone; the buckets do not miss them.
    connection.execute('DELETE FROM chunk WHERE seq < 290');
    expect(buckets('up', 0, 150_000, 40, 150_000).last.at(-1)).toBe(149_999);
  });
});

describe('a fitted rate', () => {
  const rounds = Float64Array.from({ length: 200 }, (_, i) => 10 * i);
  test('is the slope of what falls, without the plateau it comes to', () => {
    const values = rounds.map((round) => Math.max(10 ** (-round / 250), 1e-6));
    expect(fittedRate(rounds, values)).toBeCloseTo(1 / 250, 12);
  });

  test.each([
    ['falls by less than a decade', rounds.map((round) => 1 - round / 4000)],
    ['is not positive on the way', rounds.map((round, i) => (i === 3 ? -1 : 10 ** (-round / 250)))],
    ['is NaN', rounds.map(() => Number.NaN)],
  ])('is none where a metric %s', (_, values) => {
    expect(fittedRate(rounds, values)).toBeNull();
  });
});
