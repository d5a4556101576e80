/** A small area chart of what was committed lately. */
interface SparkProps {
  readonly values: readonly number[];
  readonly label: string;
}

export function Spark({ values, label }: SparkProps) {
  const most = Math.max(...values, 1e-9);
  const points = values.map(
    (value, i) => `${((i / Math.max(1, values.length - 1)) * 100).toFixed(2)} ${(38 - (value / most) * 35).toFixed(2)}`,
  );
  return (
    <svg class="spark" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label={label}>
      <path class="area" d={`M0 40L${points.join('L')}L100 40Z`} />
      <path class="line" d={`M${points.join('L')}`} />
    </svg>
  );
}
