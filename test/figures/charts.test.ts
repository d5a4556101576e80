/** Every chart at every width, with data nobody would wish: what is drawn can be read. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CurvePanel, curveChart } from '../../src/figures/curve-chart.ts';
import { dotChart } from '../../src/figures/dot-chart.ts';
import { majorityChart } from '../../src/figures/majority-chart.ts';
import { outside, overlapping, readSvg } from './svg-reader.ts';

const width = fc.constantFrom(358, 480, 720);
/** The numbers of diverging, stalled and finished runs. */
const value = fc.oneof(
  fc.double({ noNaN: false }),
  fc.double({ min: 1e-18, max: 1e3, noNaN: true }),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 1e308, -1e-17),
);
const label = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('', 'none', '<img src=x onerror=alert(1)>', '"\'&amp;</text></svg>', 'step-proportional factor 0.1', 'm'.repeat(200)),
);
const points = fc.array(fc.tuple(value, value, value, fc.boolean()), { maxLength: 12 }).map((drawn) =>
  drawn.map(([a, b, c, partial], i) => {
    const [low, centre, high] = [a, b, c].sort((left, right) => left - right);
    return { x: 100 * i, low: low!, centre: centre!, high: high!, partial };
  }),
);
const curve = fc.record({
  label,
  style: fc.nat(7),
  points,
  ends: fc.array(fc.record({ x: fc.nat(1200), y: value, diverged: fc.boolean() }), { maxLength: 2 }),
});
const panels = fc.array(fc.record({ title: label, curves: fc.array(curve, { maxLength: 8 }) }), { maxLength: 7 });

function expectReadable(svg: string): void {
  const drawing = readSvg(svg);
  expect(outside(drawing)).toEqual([]);
  expect(overlapping(drawing)).toEqual([]);
}

const chart = { title: 'title', xLabel: 'round', yLabel: 'optimality gap', logarithmic: true, reach: 1000 } as const;

function falling(rate: number, low = 0): CurvePanel['curves'][number]['points'] {
  return Array.from({ length: 11 }, (_, i) => {
    const centre = Math.max(low, 0.2 * 10 ** (-rate * i));
    return { x: 100 * i, low: 0.8 * centre, centre, high: 1.2 * centre, partial: false };
  });
}

describe('a chart of curves', () => {
  it('is well-formed, has no number that is none, and no text that leaves it or covers another, whatever the data', () => {
    fc.assert(
      fc.property(panels, width, fc.boolean(), fc.boolean(), fc.nat(1e7), (drawn, wide, logarithmic, floored, reach) => {
        expectReadable(curveChart({ ...chart, panels: drawn, width: wide, logarithmic, reach, floor: floored ? 1e-14 : undefined }));
      }),
      { numRuns: 300 },
    );
  });

  it('labels lines at their ends where the labels fit, and has a key above where they do not', () => {
    const curves = ['none', 'step-proportional factor 1'].map((name, style) => ({ label: name, style, points: falling(style), ends: [] }));
    const texts = (wide: number): number[] =>
      readSvg(curveChart({ ...chart, panels: [{ title: '', curves }], width: wide }))
        .texts.filter(({ content }) => content.startsWith('step-proportional'))
        .map(({ left }) => left);
    expect(texts(720)[0]).toBeGreaterThan(450);
    expect(texts(358)[0]).toBeLessThan(200);
  });

  it('gives values that are not positive a line of their own on a logarithmic axis', () => {
    const zero = curveChart({ ...chart, panels: [{ title: '', curves: [{ label: '', style: 0, points: falling(1), ends: [] }] }] });
    expect(readSvg(zero).texts.map(({ content }) => content)).not.toContain('≤ 0');
    const points = [...falling(1), { x: 1100, low: 0, centre: 0, high: 0, partial: false }];
    const floored = curveChart({ ...chart, panels: [{ title: '', curves: [{ label: '', style: 0, points, ends: [] }] }] });
    expect(readSvg(floored).texts.map(({ content }) => content)).toContain('≤ 0');
  });

  it('shades what the loss cannot resolve, where curves go there', () => {
    const drawn = (rate: number): string =>
      curveChart({ ...chart, floor: 1e-14, panels: [{ title: '', curves: [{ label: '', style: 0, points: falling(rate), ends: [] }] }] });
    expect(drawn(1)).not.toContain('resolution');
    expect(drawn(2)).toContain('below the resolution of the loss');
  });

  it('lets a diverging run flatten no other: the axis ends four decades above its start', () => {
    const away = Array.from({ length: 11 }, (_, i) => ({
      x: 100 * i,
      low: 10 ** (20 * i),
      centre: 10 ** (20 * i),
      high: 10 ** (20 * i),
      partial: false,
    }));
    const diverged = { label: 'b', style: 1, points: away, ends: [{ x: 1000, y: 1e200, diverged: true }] };
    const texts = readSvg(
      curveChart({ ...chart, panels: [{ title: '', curves: [{ label: 'a', style: 0, points: falling(1), ends: [] }, diverged] }] }),
    ).texts.map(({ content }) => content);
    expect(texts).toContain('104');
    expect(texts).not.toContain('106');
  });

  it('marks the end of a diverged run with a cross and of a stopped one with a ring', () => {
    const drawn = (diverged: boolean): string =>
      curveChart({
        ...chart,
        panels: [{ title: '', curves: [{ label: 'a', style: 0, points: falling(1), ends: [{ x: 500, y: 0.1, diverged }] }] }],
      });
    expect(drawn(true).match(/m0 -8l-8 8/g)).toHaveLength(1);
    expect(drawn(false).match(/m0 -8l-8 8/g)).toBeNull();
    expect(drawn(false).match(/<circle[^>]*fill="none"/g)).toHaveLength(1);
  });

  it('draws thinner what only some runs have left, and does not connect it with the mean over all', () => {
    const points = falling(1).map((point, i) => ({ ...point, partial: i > 5 }));
    const svg = curveChart({ ...chart, panels: [{ title: '', curves: [{ label: 'a', style: 0, points, ends: [] }] }] });
    expect(svg.match(/stroke-width="1.8"[^>]*fill="none"/g)).toHaveLength(1);
    expect(svg.match(/stroke-width="1"[^>]*fill="none"/g)).toHaveLength(1);
  });

  it('has the title of a panel on two lines, broken where parameters meet, before it cuts it', () => {
    const curves = [{ label: '', style: 0, points: falling(1), ends: [] }];
    const titles = ['uniform cohort 4, largeCohort 20 · batches independent', 'full · batches independent'];
    const { texts } = readSvg(curveChart({ ...chart, panels: titles.map((title) => ({ title, curves })) }));
    const placed = (content: string): number => texts.find((one) => one.content === content)!.bottom;
    expect(placed('batches independent') - placed('uniform cohort 4, largeCohort 20')).toBe(14);
    // What fits on one line stands just above its plot, as the last line of the others does.
    expect(placed('full · batches independent')).toBe(placed('batches independent'));
  });

  it('has the last number of an axis centred under its end, in one panel and in several', () => {
    const panel = { title: 'a', curves: [{ label: '', style: 0, points: falling(1), ends: [] }] };
    for (const drawn of [[panel], [panel, panel]]) {
      const svg = curveChart({ ...chart, reach: 10_000, panels: drawn });
      const ends = [...svg.matchAll(/<line x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="\2" stroke="currentColor" stroke-opacity="0.6"/g)];
      const numbers = readSvg(svg).texts.filter(({ content }) => content === '10,000');
      expect(numbers).toHaveLength(drawn.length);
      expect(ends).toHaveLength(drawn.length);
      numbers.forEach(({ left, right }, i) => {
        expect((left + right) / 2).toBeCloseTo(Number(ends[i]![3]), 2);
      });
    }
  });

  it('says so where nothing was recorded', () => {
    const svg = curveChart({ ...chart, panels: [{ title: '', curves: [{ label: 'a', style: 0, points: [], ends: [] }] }] });
    expect(svg).toContain('no value was recorded');
  });

  it('has a name and a description with first and last values', () => {
    const svg = curveChart({ ...chart, panels: [{ title: '', curves: [{ label: 'a', style: 0, points: falling(1), ends: [] }] }] });
    expect(svg).toContain('role="img"');
    expect(svg).toContain('<title>title</title>');
    expect(svg).toContain('<desc>optimality gap against round, logarithmic vertical axis. a: from 0.200 to 2.00e-11.</desc>');
  });
});

describe('a chart of last values', () => {
  const row = fc.record({
    label,
    style: fc.nat(7),
    values: fc.array(value, { maxLength: 5 }),
    mean: fc.option(value, { nil: undefined }),
    low: value,
    high: value,
    diverged: fc.nat(12),
  });

  it('is well-formed, has no number that is none, and no text that leaves it or covers another, whatever the data', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), width, fc.boolean(), (rows, wide, logarithmic) => {
        expectReadable(dotChart({ title: 'title', xLabel: 'optimality gap', logarithmic, rows, width: wide }));
      }),
      { numRuns: 200 },
    );
  });

  it('counts diverged runs beside the axis', () => {
    const rows = [{ label: 'a', style: 0, values: [1, 2], mean: 1.5, low: 1, high: 2, diverged: 3 }];
    expect(dotChart({ title: 'title', xLabel: 'gap', logarithmic: true, rows })).toContain('3 diverged');
  });
});

describe('a chart of majorities', () => {
  const series = fc.record({
    label,
    probability: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    runs: fc.array(
      fc.array(fc.double({ min: 0, max: 1 }), { maxLength: 10 }).map((shares) => ({ rounds: shares.map((_, i) => 100 * (i + 1)), shares })),
      { maxLength: 4 },
    ),
  });

  it('is well-formed, has no number that is none, and no text that leaves it or covers another, whatever the data', () => {
    fc.assert(
      fc.property(fc.array(series, { maxLength: 8 }), width, (drawn, wide) => {
        expectReadable(majorityChart({ title: 'title', series: drawn, width: wide }));
      }),
      { numRuns: 200 },
    );
  });

  it('names the expected share', () => {
    const svg = majorityChart({
      title: 'title',
      series: [{ label: '4 of 20', probability: 0.032, runs: [{ rounds: [100], shares: [0.03] }] }],
    });
    expect(svg).toContain('4 of 20: expected 3.20 %');
  });
});
