/** Stochastic rounding of |x_j| / |x| to multiples of 1/levels: what l2-quantization and qsgd share. */
import type { Stream, Vector } from '../../shared/vector.ts';
import { norm } from '../kernels/reference/vectors.ts';

/** In place; a zero vector stays zero; a vector without a finite norm stays as it is. */
export function quantize(vector: Vector, levels: number, stream: Stream): void {
  const length = norm(vector);
  if (!(length > 0) || length === Number.POSITIVE_INFINITY) return;
  for (let j = 0; j < vector.length; j++) {
    const value = vector[j]!;
    const magnitude = value < 0 ? -value : value;
    const position = (levels * magnitude) / length;
    const lower = Math.floor(position);
    const level = stream.uniform() < position - lower ? lower + 1 : lower;
    vector[j] = level === 0 ? 0 : ((value < 0 ? -length : length) * level) / levels;
  }
}
