/** The compressors there are: adding one is a file and a line here. */
import { createRegistry } from '../../shared/contracts/strategy.ts';
import { identity } from './identity.ts';
import { l2Quantization } from './l2-quantization.ts';
import { natural } from './natural.ts';
import { qsgd } from './qsgd.ts';
import { randK } from './rand-k.ts';

export const compressors = createRegistry('compressor', [identity, randK, l2Quantization, qsgd, natural]);
