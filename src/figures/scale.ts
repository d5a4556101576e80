/** Scales from data to pixels, with ticks at round values. */

export interface Tick {
  readonly value: number;
  /** What is written: empty where there is no room for every label. */
  readonly label: string;
  /** The exponent that follows the label, raised. */
  readonly exponent?: string;
  readonly minor: boolean;
}

export interface Scale {
  (value: number): number;
  readonly ticks: readonly Tick[];
  readonly domain: readonly [number, number];
  /** Tick labels are in units of ten to this power; it belongs beside the axis' name. */
  readonly unit: number;
}

/** A minus sign, not a hyphen. */
function signed(value: number | string): string {
  return String(value).replace('-', '−');
}

/** Digits in groups of three. */
export function groupedNumber(value: number): string {
  return signed(value.toLocaleString('en-US', { maximumFractionDigits: 6 }));
}

/** A linear scale over [low, high], widened to round ticks; or ending where the data do, with ticks inside. */
export function linearScale(low: number, high: number, from: number, to: number, wanted = 5, ends: 'round' | 'exact' = 'round'): Scale {
  // Halves and quarters keep the arithmetic inside the finite numbers.
  const [least, most] = [clampMagnitude(low), clampMagnitude(high)];
  const magnitude = Math.max(Math.abs(least), Math.abs(most));
  // Numbers that differ by their rounding alone, or by less than can be divided, count as equal.
  const equal = most - least <= Math.max(1e-12 * magnitude, 1e-290);
  const span = equal ? (magnitude > 1e-290 ? magnitude : 1) : most - least;
  const raw = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw * (1 - 1e-12)) ?? 10 * power;
  const start = Math.floor(least / step + 1e-9) * step;
  const end = ends === 'exact' && most > start ? most : Math.max(Math.ceil(most / step - 1e-9) * step, start + step);
  const largest = Math.max(Math.abs(start), Math.abs(end));
  const decade = Math.floor(Math.log10(largest) + 1e-9);
  const unit = decade >= 6 || decade < -3 ? 3 * Math.floor(decade / 3) : 0;
  const count = Math.floor((end - start) / step + 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, i) => start + i * step).map((value) => ({
    value,
    label: Math.abs(value) < step * 1e-6 ? '0' : groupedNumber(Number((value / 10 ** unit).toPrecision(6))),
    minor: false,
  }));
  const scale = (value: number): number => from + ((value - start) / (end - start)) * (to - from);
  return Object.assign(scale, { ticks, domain: [start, end] as const, unit });
}

function clampMagnitude(value: number): number {
  return Math.min(Math.max(value, -1e300), 1e300);
}

/** A logarithmic scale over whole decades; labels are thinned out when there are many, and 2 and 5 join in when few. */
export function logScale(low: number, high: number, from: number, to: number, room = 8): Scale {
  const first = Math.max(-300, Math.floor(Math.log10(low) + 1e-9));
  const last = Math.min(Math.max(Math.ceil(Math.log10(high) - 1e-9), first + 1), 301);
  const scale = (value: number): number => from + ((Math.log10(value) - first) / (last - first)) * (to - from);
  const decades = last - first;
  const every = [1, 2, 3, 5, 10, 20, 50, 100, 200].find((step) => decades / step <= room) ?? 200;
  const exponents = Array.from({ length: decades + 1 }, (_, i) => first + i);
  const plain = first >= -3 && last <= 4;
  const labelled = (factor: number, exponent: number): Tick => {
    const value = factor * 10 ** exponent;
    if (plain) return { value, label: groupedNumber(Number(value.toPrecision(3))), minor: factor !== 1 };
    const mantissa = factor === 1 ? '10' : `${factor}·10`;
    return { value, label: mantissa, exponent: signed(exponent), minor: factor !== 1 };
  };
  const ticks = exponents.flatMap((exponent) => {
    const major = exponent % every === 0 ? labelled(1, exponent) : { value: 10 ** exponent, label: '', minor: true };
    if (exponent === last || decades > 6) return [major];
    if (decades <= 2) return [major, labelled(2, exponent), labelled(5, exponent)];
    return [major];
  });
  return Object.assign(scale, { ticks, domain: [10 ** first, 10 ** last] as const, unit: 0 });
}
