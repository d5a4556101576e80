/** The attacks there are: adding one is a file and a line here. */
import { z } from 'zod';
import { createRegistry } from '../../shared/contracts/strategy.ts';
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

export const attacks = createRegistry(
  'attack',
  [none, gaussian, bitFlip, labelFlip, innerProductManipulation, aLittleIsEnough, shiftBack, blowUp, inMajority],
  common,
);
