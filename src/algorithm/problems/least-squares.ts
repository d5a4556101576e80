/**
 * Regularised least squares.
 *
 *   f_i(x) = (1/m_i) sum_j (a_ij . x - y_ij)^2 / 2 + (l2/2) |x|^2
 *
 * @shape     x: d = columns of the data; data: rows x d, sparse
 * @cost      a full gradient reads every stored entry twice, a batch difference b rows twice
 * @random    none
 * @throws    MARINADE_PRECONDITION_UNSUPPORTED without data
 * @source    folklore
 * @deviates  none
 * @example   one row a = [2], y = 4, l2 = 0: minimiser [2], f* = 0
 */
import { z } from 'zod';
import { nonNegative } from '../../shared/config/units.ts';
import { defineProblem } from '../../shared/contracts/problem.ts';
import { createLinearModel } from './linear-model.ts';

export const leastSquares = defineProblem({
  name: 'least-squares',
  summary: 'Regularised least squares on sparse data.',
  source: { cite: 'folklore' },
  schema: z.strictObject({ l2: nonNegative.default(0).describe('weight of (l2/2) |x|^2') }),
  needsData: true,
  create: ({ l2 }, environment) => createLinearModel({ link: 'squared', l2, nonConvex: 0 }, environment),
});
