/** A seeded generator of studies that are wrong in one of many ways. */
import { randomFrom } from '../ledger/runs.ts';

const healthy = `study: healthy
experiment:
  problem: { name: quadratic, dimension: 20, smoothness: 2 }
  clients: { total: 16, byzantine: 3 }
  participation: { name: uniform, cohort: 4, largeCohort: 12 }
  method: { name: byz-vr-marina-pp, stepSize: 0.05, refresh: { probability: 0.1 }, batchSize: 1 }
  clipping: { name: step-proportional, factor: 1 }
  aggregator: { name: coordinate-median, preAggregators: [{ name: bucketing, size: 2 }] }
  attack: { name: shift-back }
  rounds: 20
  metrics: { every: 5, names: [loss, gradient-norm] }
parameters:
  clipping.factor: [1, 0.1]
  clients.total: [12, 14]
seeds: 0..1
exclude: [{ clients.total: 14, clipping.factor: 1 }]
where: "clients.byzantine < clients.total / 2"
`;

type Pick = <Item>(items: readonly Item[]) => Item;
type Corruption = (pick: Pick, uniform: () => number) => string;

/** The scalars of the study that matter whatever is varied: [text, key, value]. */
const scalars = [...healthy.slice(0, healthy.indexOf('parameters')).matchAll(/([A-Za-z][\w.]*): ([^[\]{},\n]+)/g)].filter(
  ([, key]) => key !== 'factor' && key !== 'total',
);
const wrongValues = [
  '.nan',
  '-.inf',
  '-1e309',
  '-7.5',
  '[[[]]]',
  '{ a: { b: [1] } }',
  'null',
  '"\\u0000\\u001b[31m"',
  '!!js/function x',
  '!!binary aGk=',
  '2026-01-01T00:00:00Z',
  '"<img src=x onerror=alert(1)>"',
  `"${'é'.repeat(300)}"`,
  '{ name: ../../etc/passwd }',
  '*nowhere',
  '-99999999999999999999',
];

const corruptions: Readonly<Record<string, Corruption>> = {
  truncated: (_, uniform) => {
    // Cut inside a bracket or a quote, so that what is left is never whole.
    const cuts = [...healthy.matchAll(/[{["]/g)].map(({ index }) => index + 1).filter((at) => at < healthy.lastIndexOf('"'));
    const at = cuts[Math.floor(uniform() * cuts.length)]!;
    return healthy.slice(0, at);
  },
  'wrong type': (pick) => {
    const [whole, key] = pick(scalars);
    const value = pick(key === 'study' ? wrongValues.filter((text) => !text.startsWith('2026')) : wrongValues);
    return healthy.replace(whole, `${key}: ${value}`);
  },
  'unknown key': (pick, uniform) => {
    const [whole, key, value] = pick(scalars);
    const at = Math.floor(uniform() * key!.length);
    return healthy.replace(whole, `${key!.slice(0, at)}q${key!.slice(at)}: ${value}`);
  },
  'unknown name': (pick) => {
    const [whole, name] = pick([...healthy.matchAll(/name: ([\w-]+)/g)]);
    return healthy.replace(whole, `name: ${name}${pick(['x', '-', '/../x', ' y'])}`);
  },
  'missing key': (pick) =>
    healthy.replace(pick([/ {2}problem.*\n/, / {2}method.*\n/, / {2}aggregator: .*\n/, / {2}rounds.*\n/, /study.*\n/]), ''),
  huge: (pick) =>
    pick([
      (text: string) => `${text}description: "${'x'.repeat(1_000_000)}"\n`,
      (text: string) => text.replace('rounds: 20', `rounds: ${'9'.repeat(400)}`),
      (text: string) => text.replace('0..1', '0..999999999'),
      (text: string) => text.replace('[1, 0.1]', `[${'1, '.repeat(50_000)}x]`),
      (text: string) => `${text}${Array.from({ length: 3000 }, (_, i) => `k${i}: 1\n`).join('')}`,
      (text: string) => text.replace('[12, 14]', '[12, 1000000000]'),
      (text: string) => text.replace('clients.byzantine <', `${'('.repeat(1900)}clients.byzantine <`),
    ])(healthy),
  deep: (pick) => {
    const depth = pick([70, 500, 3000, 20_000]);
    const value = pick([`${'['.repeat(depth)}${']'.repeat(depth)}`, '{ a: '.repeat(depth) + '}'.repeat(depth), '['.repeat(depth)]);
    return healthy.replace(pick(['{ name: shift-back }', '[1, 0.1]', '"clients.byzantine < clients.total / 2"']), value);
  },
  'alias bomb': () =>
    `${healthy}x: &a [${'1,'.repeat(9)}1]\ny: &b [${'*a,'.repeat(9)}*a]\nz: &c [${'*b,'.repeat(9)}*b]\nw: [${'*c,'.repeat(9)}*c]\n`,
  'self reference': (pick) => healthy.replace(pick(['{ name: shift-back }', '[1, 0.1]']), pick(['&a [*a]', '&a { name: *a }'])),
  prototype: (pick) => {
    const key = pick(['__proto__', 'constructor', 'prototype', '"__proto__"']);
    return pick([
      healthy.replace('{ name: shift-back', `{ ${key}: { polluted: 1 }, name: shift-back`),
      healthy.replace('parameters:\n', `parameters:\n  ${key}: [1]\n`),
      healthy.replace('parameters:\n', `parameters:\n  attack.${key.replaceAll('"', '')}.polluted: [1]\n`),
      healthy.replace('exclude: [{', `exclude: [{ ${key}: 1,`),
      healthy.replace('experiment:\n', `experiment:\n  ${key}: { polluted: 1 }\n`),
      `${healthy}${key}: { polluted: 1 }\n`,
    ]);
  },
  'duplicate key': (pick) => {
    const [whole, key, value] = pick(scalars);
    return pick([
      `${healthy}study: again\n`,
      healthy.replace(/( {2}rounds.*\n)/, '$1$1'),
      healthy.replace(`{ ${whole}`, `{ ${key}: ${value}, ${whole}`).replace('study: healthy', 'study: healthy\nstudy: x'),
    ]);
  },
  'impossible combination': (pick) =>
    pick([
      healthy.replace('byzantine: 3', 'byzantine: 14'),
      healthy.replace('cohort: 4, largeCohort: 12', 'cohort: 40, largeCohort: 12'),
      healthy.replace('coordinate-median', 'krum').replace('cohort: 4', 'cohort: 5').replace('byzantine: 3', 'byzantine: 5'),
      healthy.replace('[loss, gradient-norm]', '[loss, loss]'),
      healthy.replace('{ name: quadratic, dimension: 20, smoothness: 2 }', '{ name: logistic-regression }'),
      healthy.replace('[12, 14]', '[12, 3]').replace(/where.*\n/, ''),
      healthy.replace('byzantine < clients', 'byzantine > clients'),
    ]),
  'broken condition': (pick) =>
    healthy.replace(
      'clients.byzantine < clients.total / 2',
      pick(['clients.byzantine <', 'process.exit(1)', 'attack.name < 3', '1 +', 'clients.byzantine = 3', 'rounds in 3', 'x.y < 2']),
    ),
  'noise in the bytes': (_, uniform) => {
    const at = Math.floor(uniform() * healthy.length);
    return `${healthy.slice(0, at)}${String.fromCharCode(1 + Math.floor(uniform() * 8))}\u0000{${healthy.slice(at)}`;
  },
  'bare names and bare values': (pick) =>
    pick([
      healthy.replace('{ name: shift-back }', pick(['shift-back', '[shift-back]', '3', 'alie'])),
      healthy.replace('[{ name: bucketing, size: 2 }]', pick(['bucketing', '[bucketing]', '{ name: bucketing, size: 2 }', '[[]]'])),
      healthy.replace('{ every: 5, names: [loss, gradient-norm] }', pick(['[loss]', 'loss', '{ names: loss }', '{ names: [] }'])),
      healthy.replace('{ probability: 0.1 }', pick(['0.1', '10', 'often', '{ p: 0.1 }', '[]'])),
      healthy.replace('[1, 0.1]', pick(['1', '{}', '{ values: [] }', 'null', '[]'])),
      healthy.replace('[{ clients.total: 14, clipping.factor: 1 }]', pick(['{ clients.total: 14 }', '[clients.total]', '3', '[{}]'])),
    ]),
  'what no experiment has': (pick) =>
    pick([
      healthy.replace('clipping.factor: [1, 0.1]', pick(['lr: [1]', 'seed: [1]', 'clipping.factr: [1]', 'experiment.rounds: [1]'])),
      healthy.replace(
        '{ clients.total: 14, clipping',
        pick(['{ client.total: 14, clipping', '{ seed: 1, clipping', '{ attack.name: alie, clipping']),
      ),
      healthy.replace('"clients.byzantine <', pick(['"client.byzantine <', '"seed <', '"byzantine <', `"attack.name == 'alie' or 1 <`])),
    ]),
  'beyond all bounds': (pick) =>
    pick([
      healthy.replace('dimension: 20', 'dimension: 100000000'),
      healthy.replace('total: 16', 'total: 1000000').replace('dimension: 20', 'dimension: 100000').replace('[12, 14]', '[1000000]'),
      healthy.replace('rounds: 20', 'rounds: 1e300'),
      healthy.replace('0..1', `[${Array.from({ length: 30_000 }, (_, i) => i).join(', ')}]`),
      healthy.replace('smoothness: 2', 'smoothness: 1e-300'),
    ]),
  'another document': (pick) =>
    pick([
      '',
      '---\n---\n',
      '[1, 2',
      '\u0000\u0000\u0000',
      'study',
      '{}',
      '- a\n- b\n',
      '%YAML 9.9\n---\n',
      '\ufeff\ufeff',
      `${healthy}...\n---\nstudy: b\n`,
      `\t${healthy}`,
      [...healthy].join('\u0000'),
      healthy.replace('experiment:\n', 'experiment:\n  <<: { rounds: 3 }\n'),
    ]),
};

export interface CorruptedStudy {
  readonly what: string;
  readonly text: string;
}

/** `count` studies, each wrong in one way, every way equally often. */
export function corruptedStudies(count: number, seed: number): CorruptedStudy[] {
  const uniform = randomFrom(seed);
  const pick: Pick = (items) => items[Math.floor(uniform() * items.length)]!;
  const ways = Object.entries(corruptions);
  return Array.from({ length: count }, (_, i) => {
    const [what, corrupt] = ways[i % ways.length]!;
    return { what, text: corrupt(pick, uniform) };
  });
}

/** The study they are made from, which is right. */
export const healthyStudy = healthy;
