/** The attacks there are: adding one is a file and a line here. */
import { z } from 'zod';
import type { AttackDefinition } from '../../shared/contracts/attack.ts';
import { createRegistry, type Registry } from '../../shared/contracts/strategy.ts';
import { aLittleIsEnough } from './a-little-is-enough.ts';
import { bitFlip } from './bit-flip.ts';
import { blowUp } from './blow-up.ts';
import { gaussian } from './gaussian.ts';
import { inMajority } from './in-majority.ts';
import { innerProductManipulation } from './inner-product-manipulation.ts';
import { labelFlip } from './label-flip.ts';
import { none } from './none.ts';
import { shiftBack } from './shift-back.ts';

/** Keys every attack takes beside its own parameters. */
const common = {
  on: z
    .enum(['estimate', 'message'])
    .default('estimate')
    .describe('the scale: built from vectors base + message, as in released code, or from the messages themselves'),
};

const builtIn = [none, gaussian, bitFlip, labelFlip, innerProductManipulation, aLittleIsEnough, shiftBack, blowUp, inMajority];

/** How deep attacks may be nested in wrappers. */
const MAX_NESTING = 3;

/** The wrappers' `attack` parsed as any attack, so that its parameters are checked and get their defaults; the scale is the outermost's. */
function nested(definitions: readonly AttackDefinition[], depth: number): readonly AttackDefinition[] {
  const isWrapper = ({ schema }: AttackDefinition): boolean => 'attack' in schema.shape;
  const plain = definitions.filter((definition) => !isWrapper(definition));
  if (depth === 0) return plain;
  const inner = createRegistry('attack', nested(definitions, depth - 1)).schema;
  return [
    ...plain,
    ...definitions.filter(isWrapper).map((wrapper) => ({
      ...wrapper,
      schema: wrapper.schema.extend({ attack: inner.describe(wrapper.schema.shape['attack']?.description ?? '') }),
    })),
  ];
}

/** The built-in attacks and a user's own. */
export function attackRegistry(more: readonly AttackDefinition[] = []): Registry<AttackDefinition> {
  return createRegistry('attack', nested([...builtIn, ...more], MAX_NESTING), common);
}

export const attacks = attackRegistry();
