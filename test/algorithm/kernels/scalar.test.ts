/** Accuracy of the polynomial functions, in units of the last place against 120 digits, and their values at the edges. */
import { describe, expect, it } from 'vitest';
import { exp, expInRange, log, log1pUnit, sigmoid, softplus } from '../../../src/algorithm/kernels/reference/scalar.ts';
import golden from '../../fixtures/scalar.json' with { type: 'json' };
import { worstUlps } from '../../support/ulp.ts';

/** The bounds that the kernels' header claims. */
const claims = [
  ['exp', exp, golden.exp, 2],
  ['exp in its range', expInRange, golden.exp, 2],
  ['exp beyond its range, denormals included', exp, golden.expBeyond, 2],
  ['log, denormals included', log, golden.log, 2],
  ['sigmoid', sigmoid, golden.sigmoid, 3],
  ['softplus', softplus, golden.softplus, 3],
  ['log(1 + u)', log1pUnit, golden.log1pUnit, 2],
] as const;

describe.each(claims)('%s', (_name, f, points, bound) => {
  it(`is within ${bound} ulp at ${points.length} points`, () => {
    const worst = worstUlps(f, points);
    expect(worst.ulps).toBeLessThanOrEqual(bound);
    // An error below half a unit everywhere would mean that nothing was compared.
    expect(worst.ulps).toBeGreaterThan(0.5);
  });
});

describe('exp', () => {
  it.each([
    [0, 1],
    [-0, 1],
    [5e-324, 1],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY, 0],
    [Number.NaN, Number.NaN],
    [709.7827128933841, Number.POSITIVE_INFINITY],
    [1e308, Number.POSITIVE_INFINITY],
    [-745.13, 5e-324],
    [-745.2, 0],
    [-1e308, 0],
  ])('of %d is %d', (t, value) => {
    expect(exp(t)).toBe(value);
  });
});

describe('log', () => {
  it.each([
    [1, 0],
    [0, Number.NEGATIVE_INFINITY],
    [-0, Number.NEGATIVE_INFINITY],
    [-1, Number.NaN],
    [-5e-324, Number.NaN],
    [Number.NEGATIVE_INFINITY, Number.NaN],
    [Number.NaN, Number.NaN],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('of %d is %d', (x, value) => {
    expect(log(x)).toBe(value);
  });

  it('leaves no trace of one argument in the next', () => {
    const first = log(3.7);
    log(5e-324);
    expect(log(3.7)).toBe(first);
  });
});

describe('sigmoid', () => {
  it.each([
    [0, 0.5],
    [-0, 0.5],
    [40, 1],
    [Number.POSITIVE_INFINITY, 1],
    [Number.NaN, Number.NaN],
  ])('of %d is %d', (t, value) => {
    expect(sigmoid(t)).toBe(value);
  });

  it('stays at its value at -708 below: a positive number under 1e-307', () => {
    for (const t of [-709, -1e308, Number.NEGATIVE_INFINITY]) expect(sigmoid(t)).toBe(sigmoid(-708));
    expect(sigmoid(-708)).toBeGreaterThan(0);
    expect(sigmoid(-708)).toBeLessThan(1e-307);
  });
});

describe('softplus', () => {
  it.each([
    [1000, 1000],
    [1e308, 1e308],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [Number.NaN, Number.NaN],
  ])('of %d is %d', (t, value) => {
    expect(softplus(t)).toBe(value);
  });

  it('stays at its value at -708 below', () => {
    for (const t of [-709, Number.NEGATIVE_INFINITY]) expect(softplus(t)).toBe(softplus(-708));
    expect(softplus(-708)).toBeLessThan(1e-307);
  });
});
