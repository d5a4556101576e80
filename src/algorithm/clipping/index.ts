/** The clipping policies there are: adding one is a file and a line here. */
import { createRegistry } from '../../shared/contracts/strategy.ts';
import { directionProportional } from './direction-proportional.ts';
import { fixed } from './fixed.ts';
import { none } from './none.ts';
import { stepProportional } from './step-proportional.ts';
import { theory } from './theory.ts';

export const clippings = createRegistry('clipping', [none, stepProportional, directionProportional, theory, fixed]);
