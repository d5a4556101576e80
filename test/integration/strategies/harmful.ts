/**
 * Strategies that harm whoever computes them, for `--strategies`: a mean and a gradient descent that behave until they
 * were called so many times, then do what they are told. The count is part of the checkpoint, so that it goes on
 * where the run goes on.
 */
import { writeFileSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { ask, defineAggregator, defineMethod, MarinadeError, phase, type RuleContext } from '../../../src/index.ts';
import type { Vector } from '../../../src/shared/vector.ts';

const schema = {
  how: z.enum([
    'throw',
    'uncopyable',
    'abort',
    'exit',
    'kill',
    'memory',
    'overflow',
    'dawdle',
    'full',
    'stop',
    'lost',
    'vast',
    'riddle',
    'talk',
    'behave',
  ]),
  at: z.int().positive().describe('call at which it happens, and at every later one'),
};

type How = z.output<typeof schema.how>;

function harm(how: How, out: Vector): void {
  switch (how) {
    case 'throw':
      throw new Error('harmful: as it was told');
    case 'uncopyable':
      throw new MarinadeError('MARINADE_SHAPE_NON_FINITE', 'harmful: details that no thread can send', { secret: () => 1 });
    case 'full':
      throw Object.assign(new Error('harmful: no space for notes of its own'), { code: 'ENOSPC' });
    case 'stop':
      throw new MarinadeError('MARINADE_EXECUTION_INTERRUPTED', 'harmful: as if everything stopped');
    case 'lost':
      throw new MarinadeError('MARINADE_EXECUTION_WORKER_LOST', 'harmful: as if a thread had died');
    case 'vast':
      throw new Error(`harmful: ${'x'.repeat(50_000_000)}`);
    case 'riddle':
      throw Object.defineProperty(new Error(), 'message', { get: () => Symbol.for('harmful').description!.at(-1)!.repeat(-1) });
    case 'talk':
      console.log('harmful: not a result');
      return;
    case 'abort':
      process.abort();
      break;
    case 'exit':
      process.exit(0);
      break;
    case 'kill':
      // Written at once: a thread's own stderr goes through the main thread, which is about to be no more.
      writeSync(2, 'harmful: farewell\n');
      process.kill(process.pid, 'SIGKILL');
      // The signal arrives within microseconds; nothing is computed meanwhile.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
      return;
    case 'memory': {
      const kept: number[][] = [];
      for (;;) kept.push(Array.from({ length: 100_000 }, (_, i) => i + Math.random()));
    }
    case 'overflow':
      out.fill(Number.POSITIVE_INFINITY);
      return;
    case 'dawdle':
      // So that a test knows that rounds are under way.
      if (process.env['HARMFUL_MARK'] !== undefined) writeFileSync(process.env['HARMFUL_MARK'], '');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      return;
    case 'behave':
  }
}

const harmfulMean = defineAggregator({
  name: 'harmful-mean',
  summary: 'The mean, until it is told otherwise.',
  source: { cite: 'none' },
  schema: z.strictObject(schema),
  traits: {
    permutationInvariant: 'rounding',
    translationEquivariant: true,
    scaleEquivariant: true,
    staysInCoordinateHull: true,
    returnsLoneMessage: true,
    nonFinite: 'propagates',
  },
  create: ({ how, at }) => ({
    infeasible: () => undefined,
    beyondGuarantee: () => undefined,
    state: () => ({ calls: 1 }),
    aggregate({ rows, n }, { state: { calls } }: RuleContext<'calls'>, out) {
      out.fill(0);
      for (let i = 0; i < n; i++) for (let j = 0; j < out.length; j++) out[j]! += rows[i]![j]! / n;
      if (++calls[0]! >= at) harm(how, out);
    },
  }),
});

const harmfulDescent = defineMethod({
  name: 'harmful-descent',
  summary: 'Gradient descent whose client 1 does as it is told.',
  source: { cite: 'none' },
  schema: z.strictObject({ ...schema, stepSize: z.number().positive() }),
  create({ how, at, stepSize }) {
    const gradient = phase<'x', 'calls'>({
      name: 'gradient',
      request: ['x'],
      encoded: false,
      evaluations: (samples) => samples,
      compute({ x }, { oracle, client, memory: { calls } }, out) {
        oracle.gradient(x, out);
        if (++calls[0]! >= at && client === 1) harm(how, out);
      },
    });
    return {
      stepSize,
      memory: () => ({ calls: 1 }),
      phases: [gradient],
      clipsDifferences: false,
      compressor: 'none',
      *start({ x, g }, server) {
        server.aggregate(yield* ask(gradient, { x }, { clients: server.everyone }), g);
      },
      *round({ x: previous, g }, next, server) {
        const x = server.step(previous, g, next.x);
        server.aggregate(yield* ask(gradient, { x }, { clients: server.everyone }), next.g);
      },
    };
  },
});

export const strategies = { aggregators: [harmfulMean], methods: [harmfulDescent] };
