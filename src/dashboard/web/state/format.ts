/** Numbers and times as people read them. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e5 || magnitude < 1e-3) return value.toExponential(2).replace('e+', 'e').replaceAll('-', '−');
  return String(Number(value.toPrecision(4))).replace('-', '−');
}

export function grouped(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 }).replace('-', '−');
}

/** 1,234 as 1.2 k, for where there is little room. */
export function compact(value: number): string {
  return Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 100) return `${Number(seconds.toPrecision(2))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

export function bytes(count: number): string {
  const step = count >= 1 << 30 ? ([30, 'GiB'] as const) : count >= 1 << 20 ? ([20, 'MiB'] as const) : ([10, 'KiB'] as const);
  return `${Number((count / 2 ** step[0]).toPrecision(3))} ${step[1]}`;
}

export function ago(at: string, now = Date.now()): string {
  const seconds = (now - Date.parse(at)) / 1000;
  return seconds < 5 ? 'just now' : `${duration(Math.max(0, seconds))} ago`;
}

export function clock(at: string): string {
  return new Date(at).toLocaleTimeString(undefined, { hour12: false });
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}
