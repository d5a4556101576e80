/** Errors in units of the last place. */

const value = new Float64Array(1);
const bits = new BigUint64Array(value.buffer);

/** Distance from |x| to the next double. */
export function ulp(x: number): number {
  value[0] = Math.abs(x);
  bits[0]!++;
  return value[0]! - Math.abs(x);
}

/** The largest error of a function at golden points [x, nearest double, rest], in ulps of the value. */
export function worstUlps(
  f: (x: number) => number,
  points: readonly (readonly number[])[],
): { readonly ulps: number; readonly at: number } {
  let worst = { ulps: 0, at: Number.NaN };
  for (const [x, high, low] of points) {
    const ulps = Math.abs(f(x!) - high! - low!) / ulp(high!);
    if (!(ulps <= worst.ulps)) worst = { ulps, at: x! };
  }
  return worst;
}
