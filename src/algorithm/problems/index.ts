/** The problems there are: adding one is a file and a line here. */
import { createRegistry } from '../../shared/contracts/strategy.ts';
import { leastSquares } from './least-squares.ts';
import { logisticRegression } from './logistic-regression.ts';
import { quadratic } from './quadratic.ts';

export const problems = createRegistry('problem', [logisticRegression, leastSquares, quadratic]);
