/** Scales from data to pixels, with ticks at round values. */

export interface Scale {
  (value: number): number;
  readonly ticks: readonly { readonly value: number; readonly label: string; readonly minor: boolean }[];
  readonly domain: readonly [number, number];
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** 10 to a power, with a superscript. */
export function powerOfTen(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((digit) => superscripts[Number(digit)]).join('');
  return `10${exponent < 0 ? '⁻' : ''}${digits}`;
}

/** 12000 as 12k, 3.5e9 as 3.5G. */
export function compactNumber(value: number): string {
  for (const [size, letter] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${letter}`;
  }
  return String(Number(value.toPrecision(4)));
}

/** A linear scale over [low, high], widened to round ticks. */
export function linearScale(low: number, high: number, from: number, to: number, wanted = 5): Scale {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const raw = span / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw)!;
  const start = Math.floor(low / step + 1e-9) * step;
  const end = Math.max(Math.ceil(high / step - 1e-9) * step, start + step);
  const scale = (value: number): number => from + ((value - start) / (end - start)) * (to - from);
  const count = Math.round((end - start) / step);
  const ticks = Array.from({ length: count + 1 }, (_, i) => start + i * step).map((value) => ({
    value,
    label: compactNumber(Math.abs(value) < step * 1e-9 ? 0 : value),
    minor: false,
  }));
  return Object.assign(scale, { ticks, domain: [start, end] as const });
}

/** A logarithmic scale over whole decades; labels are thinned out when there are many. */
export function logScale(low: number, high: number, from: number, to: number): Scale {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.max(Math.ceil(Math.log10(high) - 1e-9), first + 1);
  const scale = (value: number): number => from + ((Math.log10(value) - first) / (last - first)) * (to - from);
  const every = Math.max(1, Math.ceil((last - first) / 8));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => first + i).map((exponent) => ({
    value: 10 ** exponent,
    label: (exponent - first) % every === 0 ? powerOfTen(exponent) : '',
    minor: (exponent - first) % every !== 0,
  }));
  return Object.assign(scale, { ticks, domain: [10 ** first, 10 ** last] as const });
}
