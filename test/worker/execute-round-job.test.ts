import { describe, expect, test } from 'vitest';
import { codeOf } from '../../src/shared/errors.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/shared/messages/codec.ts';
import { numericsVersion, type RoundJobResult } from '../../src/shared/messages/round-job.ts';
import { failureOf } from '../orchestrator/ledger/support.ts';
import { carry, harmfulStudy, jobAfter, jobOf, makePool, runsOf } from './support.ts';

const study = harmfulStudy('client', 'behave', 1, {
  method: { name: 'client-momentum', stepSize: 0.1, batchSize: 1 },
  metrics: { every: 7, names: ['loss'] },
});
const [run] = await runsOf(study);
const pool = () => makePool(1, { plan: 'inline' });

/** The same checkpoint with another envelope or content. */
function rewritten({ checkpoint }: RoundJobResult, changes: { round?: number; numericsVersion?: number; length?: number }): Uint8Array {
  const content = decodeCheckpoint(checkpoint, { runKey: run!.runKey });
  const block = content.sections['block']!;
  const sections = { block: block.slice(0, changes.length ?? block.length) };
  return encodeCheckpoint({ ...content, ...changes, sections });
}

describe('a round job', () => {
  test('it hands over the points since the last one, x at the end only, and stands where it stopped', async () => {
    const executor = pool();
    const first = await executor.execute(jobOf(run!, { rounds: 15 }));
    expect(first).toMatchObject({ fromRound: -1, toRound: 15, outcome: null, x: null, points: { first: 0, count: 3 } });
    const second = await executor.execute(jobAfter(jobOf(run!), first, { rounds: 5 }));
    expect(second).toMatchObject({ fromRound: 15, toRound: 20, outcome: null, points: { first: 3, count: 0 } });
    const last = await executor.execute(jobAfter(jobOf(run!), second, { rounds: 1000 }));
    // Round 40 is no multiple of 7, but the last.
    expect(last).toMatchObject({ fromRound: 20, toRound: 40, outcome: 'completed', points: { first: 3, count: 4 } });
    expect(last.x).toHaveLength(8);
  });

  test('it computes x^0 and g^0 alone where no round is asked for', async () => {
    const result = await pool().execute(jobOf(run!, { rounds: 0 }));
    expect(result).toMatchObject({ toRound: 0, outcome: null, points: { first: 0, count: 1 } });
  });

  test('it gives the same checkpoint to the last bit, warm or restored, however the rounds are cut', async () => {
    const warm = pool();
    const half = await warm.execute(jobOf(run!, { rounds: 20 }));
    const whole = await warm.execute(jobAfter(jobOf(run!), half, { rounds: 13 }));
    const cold = await pool().execute(jobAfter(jobOf(run!), half, { rounds: 13 }));
    const once = await pool().execute(jobOf(run!, { rounds: 33 }));
    expect(Buffer.from(cold.checkpoint).equals(Buffer.from(whole.checkpoint))).toBe(true);
    expect(Buffer.from(once.checkpoint).equals(Buffer.from(whole.checkpoint))).toBe(true);
  });

  test('it does not trust a warm run that stands elsewhere: an older checkpoint is restored', async () => {
    const executor = pool();
    const early = await executor.execute(jobOf(run!, { rounds: 5 }));
    await executor.execute(jobAfter(jobOf(run!), early, { rounds: 20 }));
    const again = await executor.execute(jobAfter(jobOf(run!), early, { rounds: 20 }));
    const fresh = await pool().execute(jobOf(run!, { rounds: 25 }));
    expect(Buffer.from(again.checkpoint).equals(Buffer.from(fresh.checkpoint))).toBe(true);
  });

  test('it starts over where a run is begun again under a new epoch', async () => {
    const executor = pool();
    const half = await executor.execute(jobOf(run!, { rounds: 20 }));
    const whole = await carry(run!, executor, 40, { epoch: 2 });
    expect(whole.resultHash).toBe((await carry(run!, pool())).resultHash);
    expect(half.toRound).toBe(20);
  });

  test('it refuses checkpoints of another version, another round, another size, and damaged ones', async () => {
    const half = await pool().execute(jobOf(run!, { rounds: 20 }));
    const refused = async (checkpoint: Uint8Array): Promise<string> =>
      codeOf(await failureOf(pool().execute(jobAfter(jobOf(run!), { ...half, checkpoint }))));
    expect(await refused(rewritten(half, { numericsVersion: numericsVersion + 1 }))).toBe('MARINADE_PROTOCOL_VERSION');
    expect(await refused(rewritten(half, { round: 19 }))).toBe('MARINADE_STORAGE_CHECKPOINT');
    expect(await refused(rewritten(half, { length: 8 }))).toBe('MARINADE_STORAGE_CHECKPOINT');
    expect(await refused(half.checkpoint.map((byte, i) => (i === 200 ? byte ^ 1 : byte)))).toBe('MARINADE_STORAGE_CHECKPOINT');
  });
});
