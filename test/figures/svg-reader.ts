/** Reads back what a chart drew: every element closed, every text with the box it takes. */
import { textWidth } from '../../src/figures/text-width.ts';

export interface TextBox {
  readonly content: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly texts: readonly TextBox[];
  /** How often each element occurs. */
  readonly elements: Readonly<Record<string, number>>;
}

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };

interface Open {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Own text, and what was raised, with its size. */
  readonly pieces: { readonly text: string; readonly size: number }[];
}

/** @throws when the text is no well-formed SVG, or holds a number that is none */
export function readSvg(svg: string): Drawing {
  if (/NaN|Infinity|undefined|null/.test(svg.replace(/>[^<]*</g, '><'))) throw new Error('a coordinate is no number');
  const stack: Open[] = [];
  const texts: TextBox[] = [];
  const elements: Record<string, number> = {};
  let root: Open | undefined;
  const token = /<(\/?)([a-zA-Z]+)((?: [a-zA-Z0-9:-]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
  let at = 0;
  for (let match = token.exec(svg); match !== null; match = token.exec(svg)) {
    at = token.lastIndex;
    const [, closing, name, written, empty, text] = match;
    if (text !== undefined) {
      const stray = text.match(/&(?!amp;|lt;|gt;|quot;|#39;)/) ?? text.match(/>/);
      if (stray !== null) throw new Error(`unescaped: ${text}`);
      addText(
        stack,
        text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity]!),
      );
      continue;
    }
    if (closing === '/') {
      const open = stack.pop();
      if (open?.name !== name) throw new Error(`</${name}> closes <${open?.name}>`);
      if (name === 'text') texts.push(boxOf(open!));
      continue;
    }
    elements[name!] = (elements[name!] ?? 0) + 1;
    const attributes = Object.fromEntries([...written!.matchAll(/ ([a-zA-Z0-9:-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
    const open = { name: name!, attributes, pieces: [] };
    root ??= open;
    if (empty !== '/') stack.push(open);
  }
  if (at !== svg.length || stack.length > 0 || root === undefined) throw new Error(`not well-formed after ${svg.slice(at, at + 80)}`);
  const [, , width, height] = root.attributes['viewBox']!.split(' ').map(Number);
  return { width: width!, height: height!, texts, elements };
}

/** Text counts for the innermost `text` around it; a title inside it is a tooltip and takes no room. */
function addText(stack: readonly Open[], text: string): void {
  if (stack.some(({ name }) => name === 'title' || name === 'desc')) return;
  const index = stack.findLastIndex(({ name }) => name === 'text');
  if (index < 0) return;
  const size = stack.slice(index).findLast(({ attributes }) => attributes['font-size'] !== undefined)?.attributes['font-size'];
  stack[index]!.pieces.push({ text, size: Number(size ?? 12) });
}

function boxOf({ attributes, pieces }: Open): TextBox {
  const [x, y, size] = [Number(attributes['x']), Number(attributes['y']), Number(attributes['font-size'] ?? 12)];
  const width = pieces.reduce((sum, piece) => sum + textWidth(piece.text, piece.size), 0);
  const anchor = attributes['text-anchor'] ?? 'start';
  const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2;
  const content = pieces.map(({ text }) => text).join('');
  return { content, left, right: left + width, top: y - 0.76 * size, bottom: y + 0.24 * size };
}

/** Texts that reach out of the view box. */
export function outside({ width, height, texts }: Drawing): TextBox[] {
  return texts.filter(({ left, right, top, bottom }) => left < 0 || right > width || top < 0 || bottom > height);
}

/** Pairs of texts that cover each other. */
export function overlapping({ texts }: Drawing): (readonly [string, string])[] {
  return texts.flatMap((a, i) =>
    texts
      .slice(i + 1)
      .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      .map((b) => [a.content, b.content] as const),
  );
}
