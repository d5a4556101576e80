/** Building blocks of SVG text: escaping, numbers, elements. Charts are pure functions of their data to a string. */

/** Text as it may stand in SVG and HTML: control characters, direction overrides and lone surrogates are gone. */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(unprintable, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: stripping them is the point
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;

/** A coordinate with two decimals at most. */
export function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element; content must be escaped by the caller. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? coordinate(value) : escapeText(value!)}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/** A line of text; `content` must be escaped by the caller. */
export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, content);
}

export function line(x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): string {
  return element('line', { x1, y1, x2, y2, stroke: 'currentColor', ...attributes });
}

export type Point = readonly [x: number, y: number];

/** The data of a path through points, one decimal each, as steps relative to the point before. */
export function pathThrough(points: readonly Point[]): string {
  let [atX, atY] = [0, 0];
  return points
    .map(([x, y], i) => {
      const [dx, dy] = [Math.round(10 * x) - atX, Math.round(10 * y) - atY];
      [atX, atY] = [atX + dx, atY + dy];
      return `${i === 0 ? 'M' : 'l'}${dx / 10}${dy < 0 ? '' : ' '}${dy / 10}`;
    })
    .join('');
}

/** The frame of a figure: accessible name and description, fonts that the rasteriser ships, ink that follows the theme. */
export function figure(width: number, height: number, title: string, description: string, content: string): string {
  const size = { viewBox: `0 0 ${coordinate(width)} ${coordinate(height)}`, width, height };
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      ...size,
      role: 'img',
      'font-family': 'Inter, Helvetica, Arial, sans-serif',
      'font-size': 12,
      fill: 'currentColor',
    },
    `<title>${escapeText(title)}</title><desc>${escapeText(description)}</desc>${content}`,
  );
}
