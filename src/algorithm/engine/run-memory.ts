/**
 * The memory of one run: a block that is the checkpoint, and the rows of the round's messages. Laid out once from the
 * compiled experiment, so that every thread finds the same vectors at the same places.
 *
 * The block holds, in this order: method state (current), client memory, rule state for difference and for refresh
 * rounds, state of attack, clipping and sampler, counters. Outside the checkpoint follow the next method state, the
 * start x^0 and the message rows.
 */
import { type Arrays, arraysFor, type Layout } from '../../shared/contracts/memory.ts';
import type { MethodState } from '../../shared/contracts/method.ts';
import { type Messages, messagesOver, type Vector } from '../../shared/vector.ts';
import type { CompiledExperiment } from './compile.ts';

/** Places of the numbers that accumulate over a run. */
export const counter = {
  round: 0,
  gradientEvaluations: 1,
  uplinkBits: 2,
  byzantineUplinkBits: 3,
  downlinkBits: 4,
  majorityRounds: 5,
  emptyCohorts: 6,
  loweredTolerance: 7,
  initialLoss: 8,
  divergedInRow: 9,
  recorded: 10,
  plateauBest: 11,
  plateauSince: 12,
} as const;

const COUNTERS = 16;

export interface RunMemory {
  /** What a checkpoint holds. */
  readonly block: Float64Array;
  readonly state: MethodState<string>;
  readonly next: MethodState<string>;
  readonly start: Vector;
  /** Per client, its rows of the client memory. */
  readonly clients: readonly Arrays[];
  readonly ruleState: { readonly difference: Arrays; readonly refresh: Arrays };
  readonly attackState: Arrays;
  readonly clippingState: Arrays;
  readonly samplerState: Arrays;
  readonly counters: Float64Array;
  readonly messages: Messages;
}

/** The memory a run needs in doubles, and how to view a piece of that size. */
export interface RunMemoryPlan {
  readonly length: number;
  view(memory: Float64Array): RunMemory;
}

/** Lays out the memory of a run. */
export function runMemoryPlan(
  compiled: Omit<CompiledExperiment, 'warnings' | 'need'>,
  d: number,
  samples: number,
  clippingState: Layout,
): RunMemoryPlan {
  const { method, pipeline, attack, participation, experiment } = compiled;
  const n = experiment.clients.total;
  const shape = { n, d };
  const methodLayout = { x: d, g: d, ...(method.state?.(shape) ?? {}) };
  const clientLayout: Layout = method.memory?.({ d, samples }) ?? {};
  const ruleLayout = pipeline.stateLayout(shape);
  const parts = {
    method: methodLayout,
    difference: ruleLayout,
    refresh: ruleLayout,
    attack: attack.state?.(shape) ?? {},
    clipping: clippingState,
    sampler: participation.state?.(shape) ?? {},
  } satisfies Record<string, Layout>;
  const lengthOf = (layout: Layout): number => Object.values(layout).reduce((sum, length) => sum + padded(length), 0);
  const blockLength = Object.values(parts).reduce((sum, layout) => sum + lengthOf(layout), 0) + n * lengthOf(clientLayout) + COUNTERS;
  const length = blockLength + lengthOf(methodLayout) + padded(d) + n * d;

  return {
    length,
    view(memory) {
      let at = 0;
      const take = (size: number): Float64Array => {
        const piece = memory.subarray(at, at + size);
        at += padded(size);
        return piece;
      };
      const state = arraysFor(parts.method, take) as MethodState<string>;
      const clients = Array.from({ length: n }, () => arraysFor(clientLayout, take));
      const ruleState = { difference: arraysFor(parts.difference, take), refresh: arraysFor(parts.refresh, take) };
      const attackState = arraysFor(parts.attack, take);
      const clippingArrays = arraysFor(parts.clipping, take);
      const samplerState = arraysFor(parts.sampler, take);
      const counters = take(COUNTERS);
      const block = memory.subarray(0, at);
      const next = arraysFor(parts.method, take) as MethodState<string>;
      const start = take(d);
      const messages = messagesOver(take(n * d), n, d);
      return {
        block,
        state,
        next,
        start,
        clients,
        ruleState,
        attackState,
        clippingState: clippingArrays,
        samplerState,
        counters,
        messages,
      };
    },
  };
}

/** Lengths are padded to whole cache lines of 8 doubles. */
function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}
