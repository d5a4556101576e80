import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupedNumber, linearScale, logScale } from '../../src/figures/scale.ts';

const labels = (scale: ReturnType<typeof logScale>): string[] =>
  scale.ticks.map(({ label, exponent }) => (exponent === undefined ? label : `${label}^${exponent}`));

describe('a linear scale', () => {
  it('widens to round ticks and maps its ends to the ends of the range', () => {
    const scale = linearScale(0.3, 9.7, 100, 200);
    expect(labels(scale)).toEqual(['0', '2', '4', '6', '8', '10']);
    expect([scale(0), scale(5), scale(10)]).toEqual([100, 150, 200]);
  });

  it('ends where the data do when asked, with ticks inside', () => {
    const scale = linearScale(0, 5100, 0, 510, 5, 'exact');
    expect(scale.domain).toEqual([0, 5100]);
    expect(labels(scale)).toEqual(['0', '2,000', '4,000']);
    expect(scale(5100)).toBe(510);
  });

  it('counts in a power of ten where numbers are long', () => {
    const scale = linearScale(0, 4.2e7, 0, 1);
    expect(scale.unit).toBe(6);
    expect(labels(scale)).toEqual(['0', '10', '20', '30', '40', '50']);
    expect(linearScale(0, 2e-5, 0, 1).unit).toBe(-6);
  });

  it('writes a minus, not a hyphen', () => {
    expect(labels(linearScale(-1, 1, 0, 1, 2))).toEqual(['−1', '0', '1']);
  });

  it('has increasing finite ticks inside a domain that holds the data, whatever they are', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });
    fc.assert(
      fc.property(number, number, fc.nat(10), (a, b, wanted) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const { ticks, domain } = linearScale(low, high, 0, 100, wanted);
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.every(({ value }, i) => Number.isFinite(value) && (i === 0 || value > ticks[i - 1]!.value))).toBe(true);
        const slack = 1e-6 * (domain[1] - domain[0]);
        expect(domain[0]).toBeLessThanOrEqual(low + slack);
        expect(domain[1]).toBeGreaterThanOrEqual(high - slack);
      }),
    );
  });
});

describe('a logarithmic scale', () => {
  it('labels decades as powers of ten', () => {
    expect(labels(logScale(3e-6, 2, 0, 1))).toEqual(['10^−6', '10^−5', '10^−4', '10^−3', '10^−2', '10^−1', '10^0', '10^1']);
  });

  it('labels every second or fifth decade where there are many, zero among them', () => {
    expect(labels(logScale(1e-12, 1, 0, 1, 7)).filter((label) => label !== '')).toEqual(
      ['−12', '−10', '−8', '−6', '−4', '−2', '0'].map((exponent) => `10^${exponent}`),
    );
    expect(labels(logScale(1e-20, 1, 0, 1, 5)).filter((label) => label !== '')).toEqual(
      ['−20', '−15', '−10', '−5', '0'].map((exponent) => `10^${exponent}`),
    );
  });

  it('adds 2 and 5, and writes plain numbers, where decades are few', () => {
    expect(labels(logScale(0.1, 0.9, 0, 1))).toEqual(['0.1', '0.2', '0.5', '1']);
    expect(labels(logScale(2e-6, 9e-6, 0, 1))).toEqual(['10^−6', '2·10^−6', '5·10^−6', '10^−5']);
  });

  it('maps decades to equal steps', () => {
    const scale = logScale(1e-3, 1, 300, 0);
    expect([1e-3, 1e-2, 1e-1, 1].map((value) => Math.round(scale(value)))).toEqual([300, 200, 100, 0]);
  });

  it('stays finite at the ends of the floating-point numbers', () => {
    for (const value of [5e-324, 1.7e308]) {
      const scale = logScale(value, value, 0, 100);
      expect(scale.ticks.every((tick) => Number.isFinite(scale(tick.value)))).toBe(true);
    }
  });
});

describe('a number in groups', () => {
  it.each([
    [10_000, '10,000'],
    [-0.25, '−0.25'],
    [0, '0'],
  ])('%d reads %s', (value, text) => {
    expect(groupedNumber(value)).toBe(text);
  });
});
