/** What every clipping policy must do, run for each registered one with each set of parameters of `support/strategies.ts`. */
import { describe, expect, test } from 'vitest';
import { clippings } from '../../src/algorithm/clipping/index.ts';
import { distance, norm } from '../../src/algorithm/kernels/reference/vectors.ts';
import type { Clipping, ClippingContext, ClippingEnvironment } from '../../src/shared/contracts/clipping.ts';
import { instantiate } from '../../src/shared/contracts/strategy.ts';
import { messagesFrom } from '../../src/shared/vector.ts';
import { codeThrownBy, everyChoice, exampleOf, normalRows, streamFor, testDefinitions } from '../support/strategies.ts';

const constants: ClippingEnvironment = { clientSmoothness: 0.25, sampleSmoothness: 0.75, compressorBound: 3 };

const policyOf = (choice: object, environment = constants): Clipping => instantiate(clippings, clippings.schema.parse(choice), environment);

/** A step of the given length along one coordinate, after an estimator of the given length. */
function contextOf(stepNorm: number, g: ArrayLike<number> = [0.6, 0.8]): ClippingContext {
  const xPrevious = Float64Array.of(1, -1);
  const x = Float64Array.of(1 + stepNorm, -1);
  return { xPrevious, x, g: Float64Array.from(g), stepNorm, messages: messagesFrom(normalRows(streamFor('messages'), 4, 2)), state: {} };
}

testDefinitions(clippings, 'clipping');

describe.each(everyChoice(clippings))('%s', (_, choice) => {
  const policy = policyOf(choice);

  test('its level is a length, and leaves what it looks at as it was', () => {
    for (const stepNorm of [0, 1e-12, 0.5, 40]) {
      const context = contextOf(stepNorm);
      const before = structuredClone([context.x, context.g, context.messages.matrix]);
      const level = policy.level(context);
      expect(level).toBeGreaterThanOrEqual(0);
      expect(policy.level(context)).toBe(level);
      expect([context.x, context.g, context.messages.matrix]).toEqual(before);
    }
  });

  test('it is infinite exactly if it says that it is disabled', () => {
    expect(policy.level(contextOf(1)) === Number.POSITIVE_INFINITY).toBe(policy.disabled === true);
  });

  test('it vanishes where nothing moves exactly if it says so', () => {
    expect(policy.level(contextOf(0, [0, 0])) === 0).toBe(policy.absorbingAtZero === true);
  });
});

describe('levels', () => {
  test('they are those of their formulas', () => {
    expect(policyOf({ name: 'step-proportional', factor: 2 }).level(contextOf(3))).toBe(6);
    expect(policyOf({ name: 'direction-proportional', factor: 2 }).level(contextOf(3, [3, 4]))).toBe(10);
    expect(policyOf({ name: 'theory' }).level(contextOf(3))).toBe(2 * 0.25 * 3);
    expect(policyOf({ name: 'theory', bound: 'bounded-compressor' }).level(contextOf(3))).toBe(3 * 0.75 * 3);
    expect(policyOf({ name: 'fixed', level: 2 }).level(contextOf(3))).toBe(2);
  });

  test('the released code and the paper agree where the factor is multiplied by the step size', () => {
    const gamma = 0.125;
    const g = Float64Array.of(3, 4);
    const x = Float64Array.of(1 - gamma * 3, -1 - gamma * 4);
    const context: ClippingContext = { ...contextOf(0), x, g, stepNorm: distance(x, Float64Array.of(1, -1)) };
    expect(policyOf({ name: 'direction-proportional', factor: gamma * 2 }).level(context)).toBe(
      policyOf({ name: 'step-proportional', factor: 2 }).level(context),
    );
    expect(context.stepNorm).toBe(gamma * norm(g));
  });

  test('the theory is refused where its constants are not known', () => {
    const unknown = 'MARINADE_PRECONDITION_UNKNOWN_CONSTANT';
    expect(codeThrownBy(() => policyOf({ name: 'theory' }, { sampleSmoothness: 1, compressorBound: 1 }))).toBe(unknown);
    expect(codeThrownBy(() => policyOf({ name: 'theory', bound: 'bounded-compressor' }, { clientSmoothness: 1, compressorBound: 1 }))).toBe(
      unknown,
    );
    expect(
      codeThrownBy(() => policyOf({ name: 'theory', bound: 'bounded-compressor' }, { clientSmoothness: 1, sampleSmoothness: 1 })),
    ).toBe(unknown);
  });
});

describe.each(clippings.names)('the example of %s', (name) => {
  test('it is true', () => {
    const { inputs, result } = exampleOf('clipping', name);
    const { stepNorm = 1, g, clientSmoothness, ...parameters } = inputs as { stepNorm?: number; g?: number[]; clientSmoothness?: number };
    expect(policyOf({ name, ...parameters }, { clientSmoothness }).level(contextOf(stepNorm, g))).toBe(result);
  });
});
