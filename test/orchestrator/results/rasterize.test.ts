/** A rasteriser without a font draws no text and says nothing: here it must have drawn it. */
import { describe, expect, it } from 'vitest';
import { figure, text } from '../../../src/figures/svg.ts';
import { rasterize } from '../../../src/orchestrator/results/rasterize.ts';
import { metricAxis } from '../../../src/orchestrator/results/report-names.ts';

const picture = (content: string): Buffer => Buffer.from(rasterize(figure(80, 40, 'title', 'description', content)));
const empty = picture('');

describe('a picture', () => {
  it('is a PNG of two pixels a unit, on white', () => {
    expect(empty.subarray(1, 4).toString()).toBe('PNG');
    expect([empty.readUInt32BE(16), empty.readUInt32BE(20)]).toEqual([160, 80]);
  });

  it('has the text that the figure has, in both weights, raised and not', () => {
    const plain = picture(text(5, 20, 'a'));
    const heavy = picture(text(5, 20, 'a', { 'font-weight': 600 }));
    const raised = picture(text(5, 20, '<tspan dy="-4" font-size="8.5">a</tspan>'));
    const pictures = [empty, plain, heavy, raised].map((bytes) => bytes.toString('base64'));
    expect(new Set(pictures).size).toBe(4);
  });

  it('has a glyph for every character that figures write of themselves', () => {
    const missing = picture(text(5, 20, '\u{f0000}')).toString('base64');
    const written = [...`·−×–…≤²λ%()|/*[]0123456789${metricAxis('squared-gradient-norm')}${metricAxis('estimator-error')}`];
    const tofu = written.filter((character) => character !== ' ' && picture(text(5, 20, character)).toString('base64') === missing);
    expect(tofu).toEqual([]);
    // The comparison can fail: this one has none.
    expect(picture(text(5, 20, '∇')).toString('base64')).toBe(missing);
  });
});
