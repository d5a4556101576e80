/**
 * Regularised logistic regression without bias, labels -1 and +1.
 *
 *   f_i(x) = (1/m_i) sum_j log(1 + exp(-y_ij a_ij . x)) + (l2/2) |x|^2 + nonConvex sum_j x_j^2 / (1 + x_j^2)
 *
 * @shape     x: d = columns of the data; data: rows x d, sparse
 * @cost      a full gradient reads every stored entry twice, a batch difference b rows twice
 * @random    none
 * @throws    MARINADE_PRECONDITION_UNSUPPORTED without data or with other than two classes
 * @source    arXiv 2311.14127, section 5; the released code's (l2/2) |x|^2, not the text's l2 |x|^2
 * @deviates  the regulariser follows the released code, whose optimum on a9a the calibration numbers use
 * @example   l2 = 0.01 on a9a with unit rows: f* = 0.487100159001288
 */
import { z } from 'zod';
import { nonNegative } from '../../shared/config/units.ts';
import { defineProblem } from '../../shared/contracts/problem.ts';
import { createLinearModel } from './linear-model.ts';

export const logisticRegression = defineProblem({
  name: 'logistic-regression',
  summary: 'Regularised logistic regression on sparse data, no bias, labels -1 and +1.',
  source: { cite: 'Malinovsky, Richtárik, Horváth, Gorbunov. NeurIPS 2024, arXiv 2311.14127', where: 'section 5' },
  schema: z.strictObject({
    l2: nonNegative.default(0).describe('weight of (l2/2) |x|^2'),
    nonConvex: nonNegative.default(0).describe('weight of sum_j x_j^2 / (1 + x_j^2)'),
  }),
  needsData: true,
  create: ({ l2, nonConvex }, environment) => createLinearModel({ link: 'logistic', l2, nonConvex }, environment),
});
