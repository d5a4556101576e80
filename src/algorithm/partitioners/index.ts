/** The partitioners there are: adding one is a file and a line here. */
import { createRegistry } from '../../shared/contracts/strategy.ts';
import { dirichlet } from './dirichlet.ts';
import { explicit } from './explicit.ts';
import { homogeneous } from './homogeneous.ts';
import { iid } from './iid.ts';
import { labelSorted } from './label-sorted.ts';

export const partitioners = createRegistry('partition', [homogeneous, iid, dirichlet, labelSorted, explicit]);
