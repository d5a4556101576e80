/** What every attack must do, run for each registered one with each set of parameters of `support/strategies.ts`. */

import { describe, expect, test } from 'vitest';
import { hiddenShift } from '../../src/algorithm/attacks/a-little-is-enough.ts';
import { attacks } from '../../src/algorithm/attacks/index.ts';
import { catalog } from '../../src/algorithm/catalog.ts';
import { compile } from '../../src/algorithm/engine/compile.ts';
import { referenceKernels } from '../../src/algorithm/kernels/reference/index.ts';
import type { Attack, AttackView, Knowledge, Needs, Scale, Situation } from '../../src/shared/contracts/attack.ts';
import { arraysFor } from '../../src/shared/contracts/memory.ts';
import type { StrategyChoice } from '../../src/shared/contracts/strategy.ts';
import { attackOf, type LyingRound, lies, liesOf, situationOf } from '../support/lies.ts';
import {
  codeThrownBy,
  everyChoice,
  exampleOf,
  expectClose,
  golden,
  largest,
  normalRows,
  poisoned,
  streamFor,
  testDefinitions,
} from '../support/strategies.ts';
import { smallExperiment } from '../support/tolerance.ts';

const ROUNDING = 1e-13;
const scales: readonly Scale[] = ['estimate', 'message'];

interface Golden {
  readonly rounds: readonly LyingRound[];
  readonly cases: readonly {
    readonly round: number;
    readonly attack: StrategyChoice;
    readonly on: Scale;
    readonly expected: readonly (readonly number[])[];
  }[];
  readonly shifts: readonly (readonly [number, number, number])[];
}

const { rounds, cases, shifts } = golden<Golden>('attacks');

/** What each level of knowledge adds to a view; the situation is known to all. */
const knows: readonly (readonly [Knowledge, readonly (keyof AttackView)[]])[] = [
  ['none', ['k', 'refresh', 'cohortSize', 'cohortByzantine', 'total', 'byzantineCount', 'd', 'scale']],
  ['own', ['own', 'ownMessage']],
  ['honest-messages', ['honest', 'equivariant']],
  ['honest-messages-and-rule', ['rule']],
  ['everything', ['x', 'start', 'estimate', 'stepSize', 'clippingLevel', 'gradient']],
];
const allowed = (knowledge: Knowledge): Set<keyof AttackView> =>
  new Set(knows.slice(0, knows.findIndex(([level]) => level === knowledge) + 1).flatMap(([, keys]) => keys));

/** A view on which touching what is not allowed, or was not asked for, throws. */
function guardedView(knowledge: Knowledge, needs: Needs, situation: Situation, scale: Scale): AttackView {
  const d = 4;
  const vector = (label: string): Float64Array => normalRows(streamFor(label), 1, d)[0]!;
  // As in the engine, whoever has not asked for honest messages sees none.
  const honest = needs.honest === true ? normalRows(streamFor('honest'), 3, d) : [];
  const view: AttackView = {
    ...situation,
    d,
    scale,
    own: vector('own'),
    ownMessage: vector('own message'),
    honest,
    equivariant: { rows: honest, frame: 'message' },
    rule: (rows, out) => out.set(rows[0]!),
    x: vector('x'),
    start: vector('start'),
    estimate: vector('estimate'),
    stepSize: 0.1,
    clippingLevel: 1,
    gradient: (out) => out.fill(1),
  };
  const open = allowed(knowledge);
  const unasked: Partial<Record<keyof AttackView, boolean>> = {
    own: needs.own === undefined,
    ownMessage: needs.own === undefined || needs.own === 'gradient' || needs.own === 'flipped-gradient',
  };
  return new Proxy(view, {
    get(target, key: keyof AttackView) {
      if (!open.has(key)) throw new Error(`knowledge '${knowledge}' does not show ${key}`);
      if (unasked[key]) throw new Error(`${key} was read but not asked for`);
      return target[key];
    },
  });
}

/** Cohorts without and with a byzantine majority, a tie, liars alone; in usual and in refresh rounds. */
const situations: readonly Situation[] = [
  [5, 1],
  [4, 2],
  [4, 3],
  [2, 2],
].flatMap(([cohortSize, cohortByzantine]) =>
  [false, true].map((refresh) => ({
    k: 3,
    refresh,
    cohortSize: cohortSize!,
    cohortByzantine: cohortByzantine!,
    total: 12,
    byzantineCount: 4,
  })),
);

testDefinitions(attacks, 'attacks');

describe.each(everyChoice(attacks))('%s', (label, choice) => {
  const { attack, traits } = attackOf(choice);

  test('it reads only what its knowledge allows and its needs ask for', () => {
    for (const situation of situations) {
      for (const scale of scales) {
        const needs = attack.needs(situation);
        const workspace = arraysFor(attack.workspace?.({ n: 12, d: 4 }) ?? {}, poisoned);
        const out = poisoned(4);
        const frame = attack.craft(
          guardedView(traits.knowledge, needs, situation, scale),
          { state: {}, workspace, kernels: referenceKernels, stream: streamFor(label) },
          out,
        );
        expect(['scale', 'message']).toContain(frame);
        expect(out.every(Number.isFinite)).toBe(true);
      }
    }
  });

  test('it asks for nothing its knowledge does not cover', () => {
    const open = allowed(traits.knowledge);
    for (const situation of situations) {
      const needs = attack.needs(situation);
      if (needs.own !== undefined) expect(open).toContain('own');
      if (needs.honest !== undefined) expect(open).toContain('honest');
      if (needs.own?.startsWith('flipped')) expect(traits.needsLabels).toBe(true);
    }
  });

  test('its message is the same on both scales exactly if it says so', () => {
    const differences = rounds.map((round) => {
      const [estimate, message] = scales.map((on) => lies(choice, on, round));
      return largest(estimate!.map((lie, i) => lie.map((value, j) => value - message![i]![j]!)));
    });
    if (traits.scaleFree) expect(Math.max(...differences)).toBeLessThan(ROUNDING * 10);
    else expect(Math.max(...differences)).toBeGreaterThan(0.1);
  });

  test('its liars send the same vector if they collude', () => {
    for (const round of rounds) {
      const sent = lies(choice, 'message', round);
      if (traits.colludes) for (const lie of sent) expect(lie).toEqual(sent[0]);
    }
  });

  test('it sends the same bits for the same seed, and reads no vector it has not asked for', () => {
    for (const round of rounds) {
      for (const on of scales) {
        const sent = lies(choice, on, round);
        expect(sent.flatMap((lie) => [...lie]).every(Number.isFinite)).toBe(true);
        expect(lies(choice, on, round)).toEqual(sent);
      }
    }
  });

  const alone: LyingRound = { ...rounds[3]!, cohort: [7, 9] };
  const looksAtNobody = traits.knowledge === 'honest-messages' && attack.needs(situationOf(alone)).honest !== true;
  if (looksAtNobody) {
    test('it behaves honestly when it looks at honest messages and sees none', () => {
      expect(lies(choice, 'estimate', alone)).toEqual([7, 9].map((liar) => Float64Array.from(alone.messages[liar]!)));
    });
  }

  test('it works where clients have bases of their own', () => {
    const round = rounds[0]!;
    const bases = normalRows(streamFor(`${label} bases`), round.total, 5);
    // With equal bases it is the same as with a common one, up to rounding.
    const equal = round.messages.map(() => round.base!);
    for (const on of scales) {
      const common = lies(choice, on, round);
      for (const [i, lie] of lies(choice, on, { ...round, base: undefined, bases: equal }).entries())
        expectClose(lie, common[i]!, ROUNDING * Math.max(1, largest(common)));
      const own = lies(choice, on, { ...round, base: undefined, bases });
      if (on === 'message')
        expect(own.map((lie) => [...lie])).toEqual(lies(choice, on, { ...round, base: undefined }).map((lie) => [...lie]));
      else expect(own.flatMap((lie) => [...lie]).every(Number.isFinite)).toBe(true);
    }
  });
});

describe('a view of the engine', () => {
  test.each(knows.map(([knowledge]) => knowledge))('it shows an attack of knowledge %s what that allows, and nothing else', (knowledge) => {
    const keys = knows.flatMap(([, names]) => names).filter((key) => key !== 'clippingLevel');
    const shown: (keyof AttackView)[][] = [];
    const spy: Attack = {
      needs: () => ({ own: 'message', honest: true }),
      craft(view, _context, out) {
        shown.push(keys.filter((key) => view[key] !== undefined));
        out.fill(0);
        return 'message';
      },
    };
    liesOf({ attack: spy, traits: { knowledge, colludes: false, scaleFree: false } }, true, 'estimate', rounds[0]!);
    const open = allowed(knowledge);
    expect(shown).toEqual(rounds[0]!.cohort.filter((client) => client >= 5).map(() => keys.filter((key) => open.has(key))));
  });

  test('it lifts honest and own vectors by the base on the estimate scale only', () => {
    const round = rounds[1]!;
    const seen: Float64Array[][] = [];
    const spy: Attack = {
      needs: () => ({ own: 'message', honest: true }),
      craft(view, _context, out) {
        seen.push([view.own!.slice(), ...view.honest!.map((row) => row.slice())]);
        out.fill(0);
        return 'message';
      },
    };
    const spied = { attack: spy, traits: { knowledge: 'honest-messages', colludes: false, scaleFree: false } } as const;
    liesOf(spied, false, 'message', round);
    liesOf(spied, false, 'estimate', round);
    const [liar] = round.cohort.filter((client) => client >= 6);
    const plain = [liar!, 1, 4].map((client) => Float64Array.from(round.messages[client]!));
    expect(seen[0]).toEqual(plain);
    expect(seen[2]).toEqual(plain.map((row) => row.map((value, j) => value + round.base![j]!)));
  });
});

describe('against an independent implementation', () => {
  test('it has golden values for every attack that draws nothing', () => {
    expect([...new Set(cases.map(({ attack }) => attack.name)), 'gaussian'].sort()).toEqual([...attacks.names].sort());
  });

  const groups = Map.groupBy(cases, ({ attack }) => JSON.stringify(attack));
  test.each([...groups])('it agrees: %s', (_, rows) => {
    for (const { attack, on, round, expected } of rows) {
      const sent = lies(attack, on, rounds[round]!);
      expect(sent.length).toBe(expected.length);
      for (const [i, lie] of sent.entries()) expectClose(lie, expected[i]!, ROUNDING * Math.max(1, largest(expected)));
    }
  });

  test('it agrees on the z that still hides', () => {
    for (const [n, byzantine, z] of shifts) expect(Math.abs(hiddenShift(n, byzantine) - z)).toBeLessThan(1e-14);
  });
});

describe('attacks that see only the cohort', () => {
  test('they behave honestly where they are alone, which the suite has tried', () => {
    const alone: LyingRound = { ...rounds[3]!, cohort: [7, 9] };
    const quiet = everyChoice(attacks).filter(([, choice]) => {
      const { attack, traits } = attackOf(choice);
      return traits.knowledge === 'honest-messages' && attack.needs(situationOf(alone)).honest !== true;
    });
    expect([...new Set(quiet.map(([, choice]) => choice.name))].sort()).toEqual([
      'a-little-is-enough',
      'bit-flip',
      'blow-up',
      'in-majority',
      'inner-product-manipulation',
    ]);
  });

  test('they take standard deviations as zero where they see one honest client', () => {
    const round: LyingRound = { ...rounds[0]!, cohort: [2, 5, 6] };
    const sent = lies({ name: 'a-little-is-enough', visibility: 'cohort', z: 3 }, 'message', round);
    expect(sent.map((lie) => [...lie])).toEqual([round.messages[2], round.messages[2]]);
  });
});

describe('what an experiment refuses', () => {
  const onQuadratic =
    (attack: object): (() => unknown) =>
    () =>
      compile(smallExperiment({ attack, clients: { total: 5, byzantine: 1 } }), catalog);

  test('it refuses to flip labels where there are none, in a wrapper too', () => {
    expect(codeThrownBy(onQuadratic({ name: 'label-flip' }))).toBe('MARINADE_PRECONDITION_UNSUPPORTED');
    expect(codeThrownBy(onQuadratic({ name: 'in-majority', attack: { name: 'label-flip' } }))).toBe('MARINADE_PRECONDITION_UNSUPPORTED');
    expect(onQuadratic({ name: 'bit-flip' })).not.toThrow();
  });
});

describe.each(attacks.names)('the example of %s', (name) => {
  test('it is true', () => {
    const { inputs, result } = exampleOf('attacks', name);
    const {
      honest,
      own,
      flipped,
      liars = 1,
      x,
      start,
      ...parameters
    } = inputs as {
      honest?: number[][];
      own?: number[];
      flipped?: number[];
      liars?: number;
      x?: number[];
      start?: number[];
    };
    const d = (result as number[]).length;
    const zero = new Float64Array(d);
    const others = honest ?? [[...zero], [...zero]];
    const clients = (given: number[] | undefined): number[][] => [...others, ...Array.from({ length: liars }, () => given ?? [...zero])];
    const round: LyingRound = {
      total: others.length + liars,
      byzantine: liars,
      cohort: Array.from({ length: others.length + liars }, (_, i) => i),
      x: x ?? zero,
      start: start ?? zero,
      base: undefined,
      stepSize: 0.1,
      messages: clients(own),
      gradients: clients(undefined),
      flippedMessages: clients(flipped),
      flippedGradients: clients(undefined),
    };
    expect(lies({ name, ...parameters }, 'estimate', round).map((lie) => [...lie])).toEqual(Array(liars).fill(result));
  });
});
