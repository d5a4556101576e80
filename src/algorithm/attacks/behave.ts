/** Following the protocol: the branch of many attacks. */
import type { AttackView, Frame } from '../../shared/contracts/attack.ts';
import type { Vector } from '../../shared/vector.ts';

/** Sends the liar's own message as it would have been. */
export function behave(view: AttackView, out: Vector): Frame {
  if (view.ownMessage !== out) out.set(view.ownMessage!);
  return 'message';
}
