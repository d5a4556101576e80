/** Reports of studies nobody would wish: whole, escaped, self-contained, and honest about what was lost. */
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../../src/orchestrator/results/report.ts';
import { outside, overlapping, readSvg } from '../../figures/svg-reader.ts';
import { type MadeUp, type MadeUpSource, madeUp } from './made-up-study.ts';

const NASTY = '<img src=x onerror=alert(1)>';
const clippings = [{ name: 'none' }, { name: 'step-proportional', factor: 1 }];
const gap = (k: number, cell: number): number => 0.2 * 2 ** (-k / (60 + 20 * cell));

const studies: Readonly<Record<string, MadeUp>> = {
  'one run': { seeds: [7] },
  'one seed, two cells': { seeds: [0], parameters: { clipping: clippings } },
  'a hundred cells': {
    parameters: {
      clipping: [...clippings, { name: 'fixed', level: 1 }, { name: 'fixed', level: 2 }, { name: 'fixed', level: 3 }],
      'attack.name': ['shift-back', 'bit-flip', 'label-flip', 'a-little-is-enough'],
      'aggregator.name': ['mean', 'coordinate-median', 'trimmed-mean', 'rfa', 'krum'],
    },
    rounds: 100,
    outcome: (cell) => (cell % 7 === 0 ? 'diverged' : 'completed'),
  },
  'fifty values of one parameter': { parameters: { 'method.stepSize': Array.from({ length: 50 }, (_, i) => (i + 1) / 100) }, rounds: 100 },
  'all diverged': {
    parameters: { clipping: clippings },
    metrics: { 'optimality-gap': (k) => (k > 300 ? Number.NaN : 10 ** (k / 10)), loss: (k) => (k > 300 ? Number.POSITIVE_INFINITY : k) },
    outcome: () => 'diverged',
    reached: () => 330,
  },
  'zeros and less': { metrics: { 'optimality-gap': (k, _, seed) => (k > 500 ? (seed === 0 ? 0 : -2e-17) : gap(k, 0)) } },
  'nothing but NaN': { metrics: { 'optimality-gap': () => Number.NaN, 'clipping-level': () => Number.POSITIVE_INFINITY } },
  'no metrics': { metrics: {}, parameters: { clipping: clippings } },
  'runs under way and failed': {
    parameters: { clipping: clippings },
    outcome: (cell, seed) => (cell === 0 ? null : seed === 0 ? 'failed' : 'cancelled'),
    reached: (_, seed) => 10 * seed,
  },
  'names that are markup': {
    name: NASTY,
    source: `description: "${NASTY} \\u0007 </pre>"\n`,
    parameters: { [NASTY]: [NASTY, '"\'&amp;</td>', '\u202eevil\u001b[31m', 'm'.repeat(400)], 'deep.path': [1, 2] },
    warnings: [NASTY],
  },
  'every metric and axis': {
    metrics: Object.fromEntries(
      [
        'loss',
        'optimality-gap',
        'gradient-norm',
        'estimator-error',
        'clipping-level',
        'clipped-fraction',
        'test-accuracy',
        'byzantine-majority',
      ]
        .map((name) => [name, gap] as const)
        .concat([
          ['gradient-evaluations', (k) => 256 * k],
          ['uplink-bits', (k) => 31488 * k],
        ]),
    ),
  },
};

const VOID = new Set(['meta', 'input']);

/** Throws unless every element is closed in order; returns their attributes by name. */
function attributesOf(html: string): { readonly name: string; readonly attributes: Readonly<Record<string, string>> }[] {
  const found: { name: string; attributes: Record<string, string> }[] = [];
  const open: string[] = [];
  const body = html.replace('<!doctype html>', '').replace(/<style>[^<]*<\/style>/, '');
  for (const [, closing, name, written, empty] of body.matchAll(/<(\/?)([a-zA-Z0-9]+)((?:\s[^<>]*)?[^<>/]|)(\/?)>/g)) {
    if (closing === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes another element`);
      continue;
    }
    const attributes = Object.fromEntries(
      [...(written ?? '').matchAll(/([a-zA-Z:-]+)(?:="([^"]*)"|=(\S+))?/g)].map(([, key, quoted, bare]) => [key, quoted ?? bare ?? '']),
    );
    found.push({ name: name!, attributes });
    if (empty !== '/' && !VOID.has(name!)) open.push(name!);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> is not closed`);
  return found;
}

/** The text a reader sees. */
function textOf(html: string): string {
  return html
    .replace(/<style>[^<]*<\/style>|<svg.*?<\/svg>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

describe.each(Object.entries(studies))('the report of %s', (_, study) => {
  it('is one well-formed page that fetches nothing, runs nothing and whose links lead somewhere', async () => {
    const { html } = await renderReport(madeUp(study));
    const elements = attributesOf(html);
    const ids = elements.flatMap(({ attributes }) => attributes['id'] ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, attributes } of elements) {
      expect(['script', 'link', 'img', 'iframe', 'object', 'base', 'form']).not.toContain(name);
      expect(Object.keys(attributes).filter((key) => key.startsWith('on') || key === 'src')).toEqual([]);
      const target = attributes['href'];
      if (target?.startsWith('#')) expect(ids).toContain(target.slice(1));
      else if (target !== undefined) expect(target).toMatch(/^https:\/\/arxiv\.org\/abs\//);
      if (attributes['aria-labelledby'] !== undefined) expect(ids).toContain(attributes['aria-labelledby']);
      if (attributes['for'] !== undefined) expect(ids).toContain(attributes['for']);
    }
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; font-src data:"`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point
    expect(html.match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)).toBeNull();
    expect(textOf(html).match(/undefined|\[object/)).toBeNull();
  });

  it('has figures whose text stays inside and apart, at the width of a page and of a phone', async () => {
    const { figures } = await renderReport(madeUp(study));
    for (const { name, draw } of figures) {
      expect(name).toMatch(/^[a-z-]+$/);
      for (const width of [undefined, 358]) {
        const drawing = readSvg(draw(width));
        expect(outside(drawing)).toEqual([]);
        expect(overlapping(drawing)).toEqual([]);
      }
    }
  });

  it('is the same bytes for the same data', async () => {
    expect((await renderReport(madeUp(study))).html).toBe((await renderReport(madeUp(study))).html);
  });
});

describe('a report', () => {
  it('of no runs says so', async () => {
    const { html, figures } = await renderReport({ ...madeUp(), runs: [] });
    attributesOf(html);
    expect(figures).toEqual([]);
    expect(html).toContain('The study has no runs.');
  });

  it('gives the author the first word', async () => {
    const { html } = await renderReport(madeUp({ source: 'study: x\ndescription: Does clipping <survive>?\n' }));
    expect(html).toContain('<p class="lead">Does clipping &lt;survive&gt;?</p>');
    const broken = await renderReport(madeUp({ source: 'description: [}' }));
    expect(broken.html).not.toContain('class="lead"');
  });

  it('counts diverged runs in the first lines, in the table, at the mean and beside the figure', async () => {
    const { html } = await renderReport(
      madeUp({ parameters: { clipping: clippings }, outcome: (cell, seed) => (cell === 0 && seed === 1 ? 'diverged' : 'completed') }),
    );
    const text = textOf(html);
    expect(text).toContain('5 completed, 1 diverged');
    expect(text).toContain('1 of 6 runs diverged.');
    expect(html).toContain('<span class="lost">1 diverged</span>');
    expect(text).toMatch(/\(2 of 3\)/);
    expect(html).toMatch(/<text[^>]*>1 diverged<\/text>/);
  });

  it('says in plain words what was asked, without what is the default', async () => {
    const text = textOf((await renderReport(madeUp({ parameters: { clipping: clippings } }))).html);
    expect(text).toContain('Compared clipping none | step-proportional (factor 1)');
    expect(text).toContain(
      'method byz-vr-marina-pp (batchSize 32, refresh every 1000, stepSize 0.1) problem logistic-regression (l2 0.01)',
    );
    expect(text).toContain('clients 20 clients , 5 of them byzantine');
    expect(text).toContain('aggregator coordinate-median behind bucketing size 2 rounds 1,000');
  });

  it('holds nothing fixed that is varied, not even in part', async () => {
    const study = madeUp({
      parameters: {
        'partition.alpha': [0.1, 1],
        'method.stepSize': [0.1, 0.5],
        'clients.byzantine': [1, 5],
        'aggregator.preAggregators': [[], [{ name: 'bucketing', size: 2 }]],
        rounds: [100, 200],
      },
      seeds: [0],
    });
    const runs = study.runs.map((run) => {
      const experiment = JSON.parse(run.experiment) as object;
      return {
        ...run,
        experiment: JSON.stringify({ ...experiment, partition: { name: 'dirichlet', alpha: run.parameters['partition.alpha'] } }),
      };
    });
    const text = textOf((await renderReport({ ...study, runs })).html);
    expect(text.slice(text.indexOf('Held fixed'), text.indexOf('The study file'))).toBe(
      'Held fixed method byz-vr-marina-pp (batchSize 32, refresh every 1000) problem logistic-regression (l2 0.01) ' +
        'data a9a , rows of unit length partition dirichlet clients 20 clients participation uniform (cohort 4, largeCohort 20) ' +
        'attack shift-back clipping none compressor identity aggregator coordinate-median ',
    );
    const whole = await renderReport(
      madeUp({ parameters: { partition: [{ name: 'homogeneous' }, { name: 'iid' }], clients: [{ total: 9 }, { total: 8 }] } }),
    );
    const fixed = textOf(whole.html).match(/Held fixed(.*)The study file/)![1]!;
    expect(fixed).toContain('data a9a');
    expect(fixed).not.toMatch(/partition|clients/);
  });

  it('says first of all when the data are a stand-in, and otherwise says nothing of one', async () => {
    const study = madeUp({ parameters: { clipping: clippings } });
    const onStandIn = study.runs.map((run) => ({
      ...run,
      experiment: run.experiment.replace('"name":"a9a"', '"name":"synthetic-adult"'),
      dataSha256: 'ef'.repeat(32),
    }));
    const sentence = 'computed on synthetic-adult, which is made from a seed in the shape of a9a; these are not results on real data.';
    const text = textOf((await renderReport({ ...study, runs: onStandIn })).html);
    expect(text.slice(0, text.indexOf('What was asked'))).toContain(`stand-in data: all runs were ${sentence}`);
    expect(text).toContain('6 completed · synthetic-adult (stand-in) · 2026');
    const some = textOf((await renderReport({ ...study, runs: [...onStandIn.slice(0, 3), ...study.runs.slice(3)] })).html);
    expect(some).toContain(`stand-in data: 3 of 6 runs were ${sentence}`);
    const { html } = await renderReport(study);
    expect(html).not.toContain('stand-in');
    expect(textOf(html)).toContain('6 completed · a9a · 2026');
  });

  it('has a line in place of a figure of a metric that never changed', async () => {
    const flat = {
      'optimality-gap': gap,
      'clipped-fraction': () => 0,
      'clipping-level': () => Number.POSITIVE_INFINITY,
      'estimator-error': () => Number.NaN,
    };
    const { html, figures } = await renderReport(madeUp({ metrics: flat }));
    expect(figures.map(({ name }) => name)).toEqual(['curves-rounds', 'last-values']);
    const text = textOf(html);
    expect(text).toContain('Honest messages clipped (clipped-fraction): 0 at every recorded round of every run');
    expect(text).toContain('Clipping level (clipping-level): ∞ at every recorded round of every run');
    expect(text).toContain('Error of the estimator (estimator-error): no run recorded a number.');
    const changing = await renderReport(
      madeUp({ metrics: { ...flat, 'clipped-fraction': (k, _, seed) => (k === 10 && seed === 2 ? 0.5 : 0) } }),
    );
    expect(changing.figures.map(({ name }) => name)).toContain('clipped-fraction');
    // What a run under way has recorded is in no summary.
    const study = madeUp({ metrics: flat });
    const underWay = { ...study, runs: study.runs.map((run, i) => (i === 0 ? { ...run, summaries: {} } : run)) };
    expect((await renderReport(underWay)).figures.map(({ name }) => name)).toContain('clipped-fraction');
  });

  it('names the command of whoever made it', async () => {
    const { html } = await renderReport({ ...madeUp(), command: 'npm run marinade --' });
    expect(html).toContain('npm run marinade -- run study.yaml');
    expect(html).toContain('npm run marinade -- verify 0000');
    expect(html).not.toContain('npx');
  });

  it('writes out every cell with every default, and marks what differs', async () => {
    const { html } = await renderReport(madeUp({ parameters: { 'method.stepSize': [0.1, 0.5] } }));
    const marked = [...html.matchAll(/<mark>([^<]*)<\/mark>/g)].map(([, text]) => text);
    expect(marked).toEqual(['marked', 'stepSize: 0.1', 'stepSize: 0.5']);
    expect(html).toContain('initialEstimator: full-round');
  });

  it('lists of very many cells what they share once, and of each what is its own', async () => {
    const { html } = await renderReport(madeUp(studies['fifty values of one parameter']));
    expect(textOf(html)).toContain('What all 50 cells share');
    expect(html.match(/method\.stepSize: 0\.37/g)).toHaveLength(1);
    expect(html.match(/initialEstimator: full-round/g)).toHaveLength(1);
  });

  it('names the cells a warning concerns, and counts what runs noted', async () => {
    const study = madeUp({ parameters: { clipping: clippings }, warnings: ['beyond a guarantee'] });
    const runs = study.runs.map((run, i) =>
      i < 3 ? { ...run, notes: { emptyCohorts: 2, loweredTolerance: 0 } } : { ...run, warnings: [] },
    );
    const text = textOf((await renderReport({ ...study, runs })).html);
    expect(text).toContain('beyond a guarantee (none)');
    expect(text).toContain('in 6 rounds of 3 runs nobody was sampled and the estimator was kept');
    expect(textOf((await renderReport(study)).html)).toContain('beyond a guarantee (all cells)');
  });

  it('has the key and the whole result hash of every run, and the commands that repeat them', async () => {
    const study = madeUp({ parameters: { clipping: clippings } });
    const { html } = await renderReport(study);
    for (const { runKey, resultHash } of study.runs) {
      expect(html).toContain(runKey.slice(0, 16));
      expect(html).toContain(resultHash!);
    }
    expect(html).toContain(`npx marinade verify ${study.runs[0]!.runKey.slice(0, 16)}`);
  });

  it('offers the axes that every run recorded, as a choice without a script', async () => {
    const { html } = await renderReport(madeUp(studies['every metric and axis']));
    expect([...html.matchAll(/<label for="axis-\d">([^<]*)</g)].map(([, label]) => label)).toEqual([
      'rounds',
      'gradient evaluations',
      'uplink bits',
    ]);
    expect(html).toContain('#axis-2:checked~.axis-2{display:block}');
    expect((await renderReport(madeUp())).html).toContain('add gradient-evaluations and uplink-bits to metrics.names');
  });

  it('has the numbers of a figure beside it', async () => {
    const { figures } = await renderReport(
      madeUp({ parameters: { clipping: clippings }, metrics: { 'optimality-gap': (k, cell) => (cell + 1) / (k + 1) } }),
    );
    const { table } = figures.find(({ name }) => name === 'curves-rounds')!;
    expect(table.head).toEqual(['round', 'none', 'step-proportional factor 1']);
    expect(table.rows).toHaveLength(25);
    expect(table.rows[0]).toEqual(['0', '1', '2']);
    expect(table.rows.at(-1)).toEqual(['1000', shortThousandth(1), shortThousandth(2)]);
  });
});

function shortThousandth(numerator: number): string {
  return (numerator / 1001).toExponential(2).startsWith('9.99') ? '9.99e-4' : String(Number((numerator / 1001).toPrecision(4)));
}

describe('reading curves for a report', () => {
  it('happens one run at a time, once for each run that is drawn and no other', async () => {
    let open = 0;
    let most = 0;
    const watched = (study: MadeUpSource): MadeUpSource => ({
      ...study,
      async curves(runKey, metrics) {
        most = Math.max(most, ++open);
        const curves = await study.curves(runKey, metrics);
        open--;
        return curves;
      },
    });
    const study = madeUp({
      parameters: {
        'method.stepSize': Array.from({ length: 50 }, (_, i) => (i + 1) / 100),
        'clients.assumedByzantine': Array.from({ length: 9 }, (_, i) => i),
      },
      rounds: 100,
    });
    await renderReport(watched(study));
    expect(most).toBe(1);
    expect(study.asked).toHaveLength(8 * 3);
    expect(new Set(study.asked).size).toBe(study.asked.length);
  });
});
