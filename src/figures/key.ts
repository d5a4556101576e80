/** What the lines of a chart stand for: a key in rows above it, or labels at the ends of the lines. */
import { inSeries, sample } from './series-style.ts';
import { element, escapeText, line, text } from './svg.ts';
import { fitText, textWidth } from './text-width.ts';

export interface KeyEntry {
  readonly label: string;
  readonly style: number;
}

const SAMPLE = 26;
const ROW = 19;

/** A label that may be cut, with the whole of it as its tooltip. */
export function cutLabel(label: string, width: number, fontSize = 12): string {
  const fitting = fitText(label, width, fontSize);
  return fitting === label ? escapeText(label) : `<title>${escapeText(label)}</title>${escapeText(fitting)}`;
}

/** A label on one line or, where that is too long, on two that break where parameters meet; each is cut if it must be. */
export function labelLines(label: string, width: number, fontSize: number): string[] {
  if (textWidth(label, fontSize) <= width) return [label];
  const parts = label.split(' · ');
  let count = parts.length - 1;
  while (count > 1 && textWidth(parts.slice(0, count).join(' · '), fontSize) > width) count--;
  return count < 1 ? [label] : [parts.slice(0, count).join(' · '), parts.slice(count).join(' · ')];
}

/** A key that fills a width row by row. */
export function key(entries: readonly KeyEntry[], left: number, top: number, width: number): { svg: string; height: number } {
  let [x, y] = [left, top + 10];
  const drawn = entries.map(({ label, style }) => {
    const room = width - SAMPLE - 8;
    const taken = SAMPLE + 8 + Math.min(textWidth(label, 12), room) + 22;
    if (x > left && x + taken - 22 > left + width) [x, y] = [left, y + ROW];
    const at = x;
    x += taken;
    return sample(style, at, y, SAMPLE) + text(at + SAMPLE + 8, y + 4, cutLabel(label, room));
  });
  return { svg: drawn.join(''), height: entries.length === 0 ? 0 : y - top + 14 };
}

/** Heights for labels that want to stand at given places: apart by `gap`, inside [top, bottom], in the same order. */
export function spread(wanted: readonly number[], gap: number, top: number, bottom: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b);
  const placed = order.map((i) => wanted[i]!);
  // Clusters of labels that touch move together: each stands around the mean of what its members wanted.
  interface Cluster {
    sum: number;
    size: number;
  }
  const clusters: Cluster[] = [];
  const topOf = ({ sum, size }: Cluster): number => Math.min(Math.max(sum / size - ((size - 1) * gap) / 2, top), bottom - (size - 1) * gap);
  for (const at of placed) {
    clusters.push({ sum: at, size: 1 });
    while (clusters.length > 1) {
      const [last, before] = [clusters.at(-1)!, clusters.at(-2)!];
      if (topOf(before) + before.size * gap <= topOf(last) + 1e-9) break;
      clusters.splice(-2, 2, { sum: before.sum + last.sum, size: before.size + last.size });
    }
  }
  const heights = clusters.flatMap((cluster) => Array.from({ length: cluster.size }, (_, i) => topOf(cluster) + i * gap));
  const result = new Array<number>(wanted.length);
  order.forEach((i, rank) => {
    result[i] = heights[rank]!;
  });
  return result;
}

/** Labels beside the ends of lines, each with a thread to its line where it had to move. */
export function endLabels(
  entries: readonly (KeyEntry & { readonly y: number })[],
  x: number,
  { top, bottom }: { readonly top: number; readonly bottom: number },
): string {
  const heights = spread(
    entries.map(({ y }) => y),
    16,
    top,
    bottom,
  );
  return entries
    .map(({ label, style, y }, i) => {
      const at = heights[i]!;
      const thread = Math.abs(at - y) < 2 ? '' : line(x + 3, y, x + 15, at, { 'stroke-width': '0.8', 'stroke-opacity': '0.7' });
      return inSeries(style, thread + element('text', { x: x + 18, y: at + 4, fill: 'currentColor' }, escapeText(label)));
    })
    .join('');
}
