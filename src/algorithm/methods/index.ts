/** The methods there are: adding one is a file and a line here. */
import { createRegistry } from '../../shared/contracts/strategy.ts';
import { byzVrMarina } from './byz-vr-marina.ts';
import { byzVrMarinaPp } from './byz-vr-marina-pp.ts';
import { clientMomentum } from './client-momentum.ts';
import { gradientDescent } from './gradient-descent.ts';
import { sgd } from './sgd.ts';

export const methods = createRegistry('method', [byzVrMarinaPp, byzVrMarina, gradientDescent, sgd, clientMomentum]);
