/** What order statistics compare: NaN becomes +Infinity, -0 becomes +0. */
@inline
export function clean(values: v128): v128 {
  return f64x2.add(f64x2.pmin(f64x2.splat(Infinity), values), f64x2.splat(0));
}
