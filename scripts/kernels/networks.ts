/** Straight-line comparator networks as AssemblyScript: medians and trimmed means of a fixed number of rows. */

export const mostRows = 32;

type Comparator = readonly [lower: number, upper: number];

/** Batcher's merge exchange for n values: Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M. */
export function mergeExchange(n: number): Comparator[] {
  const comparators: Comparator[] = [];
  const largest = 2 ** (Math.ceil(Math.log2(n)) - 1);
  for (let p = largest; p > 0; p >>= 1) {
    let q = largest;
    let r = 0;
    let distance = p;
    for (;;) {
      for (let i = 0; i < n - distance; i++) if ((i & p) === r) comparators.push([i, i + distance]);
      if (q === p) break;
      distance = q - p;
      q >>= 1;
      r = p;
    }
  }
  return comparators;
}

/** The comparators of which an output among `wanted` depends, and for each which of its two results is used. */
export function pruned(
  comparators: readonly Comparator[],
  wanted: readonly number[],
): { readonly lower: number; readonly upper: number; readonly keeps: 'both' | 'lower' | 'upper' }[] {
  const needed = new Set(wanted);
  const kept: ReturnType<typeof pruned> = [];
  for (const [lower, upper] of comparators.toReversed()) {
    const keepsLower = needed.has(lower);
    const keepsUpper = needed.has(upper);
    if (!keepsLower && !keepsUpper) continue;
    kept.push({ lower, upper, keeps: keepsLower && keepsUpper ? 'both' : keepsLower ? 'lower' : 'upper' });
    needed.add(lower).add(upper);
  }
  return kept.reverse();
}

function loads(n: number): string[] {
  return Array.from({ length: n }, (_, i) => `    let v${i} = clean(v128.load(at${i === 0 ? '' : ` + ${i} * stride`}));`);
}

function steps(n: number, wanted: readonly number[]): string[] {
  return pruned(mergeExchange(n), wanted).map(({ lower, upper, keeps }) => {
    const smaller = `f64x2.pmin(v${lower}, v${upper})`;
    const larger = `f64x2.pmax(v${lower}, v${upper})`;
    if (keeps === 'lower') return `    v${lower} = ${smaller};`;
    if (keeps === 'upper') return `    v${upper} = ${larger};`;
    return `    t = ${smaller}; v${upper} = ${larger}; v${lower} = t;`;
  });
}

/** A loop over pairs of coordinates; a lone last one is left to the caller. */
function loop(name: string, parameters: string, body: readonly string[]): string {
  return [
    `function ${name}(matrix: usize, d: i32, ${parameters}out: usize): void {`,
    '  const stride = <usize>d << 3;',
    '  for (let j = 0; j + 2 <= d; j += 2) {',
    '    const at = matrix + (<usize>j << 3);',
    '    let t: v128;',
    ...body,
    '  }',
    '}',
  ].join('\n');
}

function medianFunction(n: number): string {
  const upper = n >> 1;
  const wanted = n % 2 === 1 ? [upper] : [upper - 1, upper];
  const value = n % 2 === 1 ? `v${upper}` : `f64x2.div(f64x2.add(v${upper - 1}, v${upper}), f64x2.splat(2))`;
  return loop(`median${n}`, '', [...loads(n), ...steps(n, wanted), `    v128.store(out + (<usize>j << 3), ${value});`]);
}

function trimmedMeanFunction(n: number): string {
  const all = Array.from({ length: n }, (_, i) => i);
  return loop(`trimmedMean${n}`, 'trim: i32, scratch: usize, ', [
    ...loads(n),
    ...steps(n, all),
    ...all.map((i) => `    v128.store(scratch, v${i}, ${16 * i});`),
    '    v128.store(out + (<usize>j << 3), meanOfKept(scratch, n, trim));'.replace('n,', `${n},`),
  ]);
}

/** The module `./networks` that `order-statistics.ts` imports. */
export function networksSource(): string {
  const sizes = Array.from({ length: mostRows - 2 }, (_, i) => i + 3);
  const choose = (call: (n: number) => string): string => sizes.map((n) => `    case ${n}: ${call(n)}; break;`).join('\n');
  return `import { clean } from './clean';

export const MOST_ROWS: i32 = ${mostRows};

@inline
function meanOfKept(scratch: usize, n: i32, trim: i32): v128 {
  let sum = f64x2.splat(0);
  const end = scratch + (<usize>(n - trim) << 4);
  for (let at = scratch + (<usize>trim << 4); at < end; at += 16) sum = f64x2.add(sum, v128.load(at));
  return f64x2.div(sum, f64x2.splat(<f64>(n - 2 * trim)));
}

${sizes.map(medianFunction).join('\n\n')}

${sizes.map(trimmedMeanFunction).join('\n\n')}

/** Medians of pairs of coordinates; returns the number of coordinates done. */
export function medianByNetwork(matrix: usize, n: i32, d: i32, out: usize): i32 {
  switch (n) {
${choose((n) => `median${n}(matrix, d, out)`)}
    default: return 0;
  }
  return d & -2;
}

export function trimmedMeanByNetwork(matrix: usize, n: i32, d: i32, trim: i32, scratch: usize, out: usize): i32 {
  switch (n) {
${choose((n) => `trimmedMean${n}(matrix, d, trim, scratch, out)`)}
    default: return 0;
  }
  return d & -2;
}
`;
}
