/** The rules of the geometry and of order statistics against NumPy, on the same messages. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aggregators } from '../src/algorithm/aggregators/index.ts';
import { preAggregators } from '../src/algorithm/pre-aggregators/index.ts';
import { type Arena, arraysFor } from '../src/shared/contracts/memory.ts';
import { instantiate } from '../src/shared/contracts/strategy.ts';
import { type Messages, messagesOver, type Stream } from '../src/shared/vector.ts';
import { SharedHeap } from '../src/worker/shared-heap.ts';
import { type Peer, pythonPeer } from './support/peer.ts';
import type { Question } from './support/question.ts';
import { against, spread } from './support/spread.ts';

const REPEATS = 9;
const SIZES = [
  [20, 10_000],
  [20, 1_000_000],
  [100, 10_000],
] as const;

/** A rule here, its name and variants in peers/rules.py, and how many times as fast it should be at n clients. */
interface Row {
  readonly choice: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly peer: string;
  readonly variants: Readonly<Record<string, (n: number) => number>>;
  /** Without target at 100 clients. */
  readonly twentyOnly?: boolean;
}

const geometry = { direct: () => 3, gram: (n: number) => (n === 100 ? 0.4 : 0.8) };

const ROWS: readonly Row[] = [
  { choice: { name: 'coordinate-median' }, peer: 'median', variants: { np: () => 15 }, twentyOnly: true },
  { choice: { name: 'trimmed-mean' }, peer: 'trimmed', variants: { np: () => 4 }, twentyOnly: true },
  { choice: { name: 'rfa', iterations: 8 }, peer: 'rfa', variants: geometry },
  { choice: { name: 'krum' }, peer: 'krum', variants: geometry },
  { choice: { name: 'multi-krum' }, peer: 'multi_krum', variants: geometry },
  { choice: { name: 'nearest-neighbor-mixing' }, peer: 'mixing', variants: geometry },
  { choice: { name: 'centered-clipping', start: 'zero' }, peer: 'clipping', variants: geometry },
];

/** What the variants stand for. */
const spelled: Readonly<Record<string, string>> = {
  'median np': 'np.median',
  'trimmed np': 'np.sort',
  direct: 'NumPy, differences',
  gram: 'NumPy, BLAS Gram matrix',
};

/** One call of a rule on the messages, giving the length of its result. */
function callOf({ choice }: Row, messages: Messages, arena: Arena): () => number {
  const { n, d } = messages;
  const before = preAggregators.names.includes(choice.name);
  const rule = before ? instantiate(preAggregators, preAggregators.schema.parse(choice), undefined) : undefined;
  const aggregator = before ? undefined : instantiate(aggregators, aggregators.schema.parse(choice), undefined);
  const context = {
    toleratedByzantine: Math.floor(n / 5),
    state: {},
    workspace: arraysFor((rule ?? aggregator)?.workspace?.({ n, d }) ?? {}, (length) => arena.doubles(length)),
    kernels: arena.kernels,
    stream: undefined as unknown as Stream,
    permutation: undefined,
  };
  if (rule !== undefined) {
    const matrix = arena.doubles(n * d);
    const out = messagesOver(matrix, n, d);
    return () => {
      rule.apply(messages, context, out);
      return Math.hypot(...out.rows.map((row) => arena.kernels.norm(row)));
    };
  }
  const out = arena.doubles(d);
  return () => {
    aggregator!.aggregate(messages, context, out);
    return arena.kernels.norm(out);
  };
}

/** Thread time ticks in milliseconds: so many calls are timed together that a tick does not matter. */
const LONG_ENOUGH = 0.1;

/** Seconds by the clock for the quickest of a few calls. */
function quickest(call: () => void): number {
  const seconds = Array.from({ length: 5 }, () => {
    const began = performance.now();
    call();
    return (performance.now() - began) / 1000;
  });
  return Math.min(...seconds);
}

/** Seconds of thread time for a call. */
function timed(call: () => void, calls: number): number {
  const { user, system } = process.threadCpuUsage();
  for (let i = 0; i < calls; i++) call();
  const after = process.threadCpuUsage();
  return (after.user + after.system - user - system) / 1e6 / calls;
}

export const rules: Question = {
  name: 'rules',
  asks: 'How much faster than NumPy on one thread are the rules, f64?',
  async answer(print) {
    const numpy = await pythonPeer('rules', []);
    if ('missing' in numpy) {
      print(`skipped: ${numpy.missing}`);
      return;
    }
    print(`[${numpy.description}]`);
    const folder = mkdtempSync(join(tmpdir(), 'marinade-bench-'));
    const heap = new SharedHeap();
    try {
      for (const [n, d] of SIZES) await answerSize({ n, d, numpy, heap, path: join(folder, 'messages.bin') }, print);
    } finally {
      numpy.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Size {
  readonly n: number;
  readonly d: number;
  readonly numpy: Peer;
  readonly heap: SharedHeap;
  /** Where NumPy puts the messages. */
  readonly path: string;
}

async function answerSize({ n, d, numpy, heap, path }: Size, print: (line: string) => void): Promise<void> {
  await numpy.ask(`setup ${n} ${d} ${path}`);
  const arena = heap.arena();
  const messages = messagesOver(arena.doubles(n * d), n, d);
  messages.n = n;
  const bytes = readFileSync(path);
  messages.matrix.set(new Float64Array(bytes.buffer, bytes.byteOffset, n * d));
  for (const row of ROWS) {
    if (row.twentyOnly === true && n > 20) continue;
    const own = heap.arena();
    const call = callOf(row, messages, own);
    const length = call();
    const calls = Math.ceil(LONG_ENOUGH / quickest(call));
    const ofNumpy = n * d >= 10_000_000 ? 1 : 5;
    const times: number[] = [];
    const ratios = new Map<string, number[]>();
    let worst = 0;
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      for (const variant of Object.keys(row.variants)) {
        const mine = timed(call, calls);
        const [seconds, norm] = (await numpy.ask(`${row.peer} ${variant} ${ofNumpy}`)).split(' ').map(Number);
        times.push(mine);
        ratios.set(variant, [...(ratios.get(variant) ?? []), seconds! / mine]);
        worst = Math.max(worst, Math.abs(norm! - length) / length);
      }
    }
    own.release();
    print(
      `${row.choice.name}, ${n} x ${d}: ${spread(
        times.map((one) => one * 1e3),
        'ms',
      )}; lengths agree to ${worst.toExponential(0)}`,
    );
    for (const [variant, target] of Object.entries(row.variants)) {
      const values = ratios.get(variant)!;
      print(
        `  times ${spelled[`${row.peer} ${variant}`] ?? spelled[variant]}: ${spread(values)}; ${against(values, { least: target(n) })}`,
      );
    }
  }
  arena.release();
}
