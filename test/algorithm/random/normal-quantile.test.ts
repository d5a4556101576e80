/** The normal quantile against 120 digits. */
import { expect, it } from 'vitest';
import { normalQuantile } from '../../../src/algorithm/random/normal-quantile.ts';
import golden from '../../fixtures/scalar.json' with { type: 'json' };
import { worstUlps } from '../../support/ulp.ts';

it('is within 6 ulp of the exact quantile, in the middle, in both tails and where its pieces meet', () => {
  expect(worstUlps(normalQuantile, golden.normalQuantile).ulps).toBeLessThan(6);
});

it('is odd about one half, where it is 0', () => {
  expect(normalQuantile(0.5)).toBe(0);
  for (const p of [0.25, 0.0625, 2 ** -20]) expect(normalQuantile(1 - p)).toBe(-normalQuantile(p));
});
