/** The participations there are: adding one is a file and a line here. */
import { createRegistry } from '../../shared/contracts/strategy.ts';
import { bernoulli } from './bernoulli.ts';
import { full } from './full.ts';
import { uniform } from './uniform.ts';

export const participations = createRegistry('participation', [full, uniform, bernoulli]);
