/** Text of figures: what it may hold, how wide it is, where labels go. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { key, spread } from '../../src/figures/key.ts';
import { escapeText, pathThrough } from '../../src/figures/svg.ts';
import { fitText, textWidth } from '../../src/figures/text-width.ts';

/** Advance width of a character in thousandths of an em, from the tables of a TrueType font (cmap format 4, hmtx). */
function advanceIn(font: DataView, code: number): number {
  const table = (tag: string): number => {
    for (let i = 0; i < font.getUint16(4); i++) {
      const at = 12 + 16 * i;
      if ([...tag].every((letter, j) => font.getUint8(at + j) === letter.charCodeAt(0))) return font.getUint32(at + 8);
    }
    throw new Error(`no table ${tag}`);
  };
  const cmap = table('cmap');
  const subtables = Array.from({ length: font.getUint16(cmap + 2) }, (_, i) => cmap + font.getUint32(cmap + 4 + 8 * i + 4));
  const at = subtables.find((offset) => font.getUint16(offset) === 4)!;
  const segments = font.getUint16(at + 6) / 2;
  const end = (i: number): number => font.getUint16(at + 14 + 2 * i);
  const segment = Array.from({ length: segments }, (_, i) => i).find((i) => end(i) >= code)!;
  const start = font.getUint16(at + 16 + 2 * (segments + segment));
  const delta = font.getUint16(at + 16 + 2 * (2 * segments + segment));
  const rangeAt = at + 16 + 2 * (3 * segments + segment);
  const range = font.getUint16(rangeAt);
  const glyph = range === 0 ? (code + delta) & 0xffff : font.getUint16(rangeAt + range + 2 * (code - start));
  const metrics = font.getUint16(table('hhea') + 34);
  return (1000 * font.getUint16(table('hmtx') + 4 * Math.min(glyph, metrics - 1))) / font.getUint16(table('head') + 18);
}

describe('the width of text', () => {
  it('is that of the shipped font for every printable ASCII character, with the same slack', () => {
    const bytes = readFileSync('assets/fonts/Inter-Regular.ttf');
    const font = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let code = 0x20; code < 0x7f; code++) {
      // The table holds whole thousandths.
      expect(Math.abs(textWidth(String.fromCharCode(code), 1000) / 1.04 - advanceIn(font, code))).toBeLessThanOrEqual(0.5);
    }
  });

  it('is not below that of the shipped font for what else labels hold', () => {
    const bytes = readFileSync('assets/fonts/Inter-Regular.ttf');
    const font = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const character of '·−×–…≤∞²λé')
      expect(textWidth(character, 1000)).toBeGreaterThanOrEqual(advanceIn(font, character.codePointAt(0)!));
  });
});

describe('fitted text', () => {
  it('is the text where it fits', () => {
    expect(fitText('none', 100, 12)).toBe('none');
  });

  it('is no wider than asked, and ends with an ellipsis, where it does not', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }), fc.integer({ min: 30, max: 300 }), (text, width) => {
        const fitted = fitText(text, width, 12);
        expect(textWidth(fitted, 12)).toBeLessThanOrEqual(width);
        if (fitted !== text) expect(fitted.endsWith('…')).toBe(true);
      }),
    );
  });
});

describe('escaped text', () => {
  it('holds no markup', () => {
    expect(escapeText(`<img src="x" onerror='alert(1)'>&`)).toBe('&lt;img src=&quot;x&quot; onerror=&#39;alert(1)&#39;&gt;&amp;');
  });

  it('holds no control characters, no overrides of direction, no half of a surrogate pair', () => {
    expect(escapeText('a\u0000b\u001b[31mc\u009fd\u202ee\u2066f\ud800g\uffff')).toBe('ab[31mcdef\ufffdg');
  });

  it('keeps lines and tabs', () => {
    expect(escapeText('a\n\tb')).toBe('a\n\tb');
  });
});

describe('a path', () => {
  it('takes relative steps of a tenth that do not add up their rounding', () => {
    const points = Array.from({ length: 1000 }, (_, i) => [i * 0.333, -i * 0.777] as const);
    const steps = [...pathThrough(points).matchAll(/[Ml](-?[\d.]+) ?(-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
    const end = steps.reduce(([x, y], [dx, dy]) => [x + dx, y + dy] as const, [0, 0] as const);
    expect(end[0]).toBeCloseTo(999 * 0.333, 1);
    expect(end[1]).toBeCloseTo(-999 * 0.777, 1);
  });
});

describe('labels at the ends of lines', () => {
  it('keep their order and their distance, inside the plot where they fit', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 1, maxLength: 8 }), (wanted) => {
        const placed = spread(wanted, 16, 0, 200);
        const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b);
        for (let rank = 1; rank < order.length; rank++)
          expect(placed[order[rank]!]! - placed[order[rank - 1]!]!).toBeGreaterThanOrEqual(16 - 1e-9);
        for (const at of placed) {
          expect(at).toBeGreaterThanOrEqual(-1e-9);
          expect(at).toBeLessThanOrEqual(200 + 1e-9);
        }
      }),
    );
  });

  it('stand where they want when nobody is near', () => {
    expect(spread([10, 100, 50], 16, 0, 200)).toEqual([10, 100, 50]);
  });
});

describe('a key', () => {
  it('takes as many rows as its labels need', () => {
    const entries = Array.from({ length: 6 }, (_, style) => ({ label: 'step-proportional factor 0.1', style }));
    expect(key(entries, 0, 0, 1500).height).toBe(24);
    expect(key(entries, 0, 0, 300).height).toBe(24 + 5 * 19);
    expect(key([], 0, 0, 300).height).toBe(0);
  });
});
