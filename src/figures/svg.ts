/** Building blocks of SVG text: escaping, numbers, elements. Charts are pure functions of their data to a string. */

/** Text as it may stand in SVG and HTML; control characters are dropped. */
export function escapeText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: stripping them is the point
  const clean = text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
  return clean.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

/** A coordinate with two decimals at most. */
export function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100);
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element; text content must be escaped by the caller. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? coordinate(value) : escapeText(value!)}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, content);
}

/** Colours that differ for colour-blind eyes too (Okabe and Ito 2008), each with a dash pattern and a marker of its own. */
export const seriesStyles = [
  { colour: '#0072b2', dash: '', marker: 'circle' },
  { colour: '#d55e00', dash: '7 3', marker: 'square' },
  { colour: '#009e73', dash: '2 3', marker: 'triangle' },
  { colour: '#cc79a7', dash: '9 3 2 3', marker: 'diamond' },
  { colour: '#e69f00', dash: '4 2', marker: 'circle' },
  { colour: '#56b4e9', dash: '1 2', marker: 'square' },
  { colour: '#5b5b5b', dash: '12 3', marker: 'triangle' },
  { colour: '#8c6d1f', dash: '6 2 1 2', marker: 'diamond' },
] as const;

export function styleOf(index: number): (typeof seriesStyles)[number] {
  return seriesStyles[index % seriesStyles.length]!;
}

/** A marker of the series' shape around a point. */
export function marker(shape: string, x: number, y: number, colour: string, radius = 3.2): string {
  const style = { fill: colour, stroke: 'none' };
  if (shape === 'square') return element('rect', { x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius, ...style });
  if (shape === 'circle') return element('circle', { cx: x, cy: y, r: radius, ...style });
  const points =
    shape === 'triangle'
      ? [
          [x, y - 1.25 * radius],
          [x + 1.15 * radius, y + 0.85 * radius],
          [x - 1.15 * radius, y + 0.85 * radius],
        ]
      : [
          [x, y - 1.3 * radius],
          [x + 1.3 * radius, y],
          [x, y + 1.3 * radius],
          [x - 1.3 * radius, y],
        ];
  return element('polygon', { points: points.map(([px, py]) => `${coordinate(px!)},${coordinate(py!)}`).join(' '), ...style });
}

/** The frame of a figure: accessible name and description, a font that the rasteriser ships, ink that follows the theme. */
export function figure(width: number, height: number, title: string, description: string, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${coordinate(width)} ${coordinate(height)}" width="${coordinate(width)}" height="${coordinate(height)}" role="img" font-family="Inter, system-ui, sans-serif" font-size="12" fill="currentColor"><title>${escapeText(title)}</title><desc>${escapeText(description)}</desc>${content}</svg>`;
}
