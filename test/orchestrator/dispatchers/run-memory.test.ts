import { describe, expect, test } from 'vitest';
import { RunMemory } from '../../../src/orchestrator/dispatchers/run-memory.ts';
import type { RoundJobResult } from '../../../src/shared/messages/round-job.ts';

const result = { runKey: 'a' } as RoundJobResult;

describe('what a dispatcher remembers of runs', () => {
  test('it is bounded, however many runs come and end', () => {
    const memory = new RunMemory();
    for (let i = 0; i < 50_000; i++) {
      memory.began(`run-${i}`);
      memory.keepCheckpoint(`run-${i}`, { round: i, checksum: '' });
      memory.keepEarly(`other-${i}`, result);
      memory.ended(`run-${i}`);
    }
    expect(memory.size).toEqual({ living: 0, ended: 10_000, early: 1000, checkpoints: 0 });
    expect([memory.stateOf('run-39999'), memory.stateOf('run-40000')]).toEqual(['unknown', 'ended']);
    expect([memory.takeEarly('other-48999'), memory.takeEarly('other-49000')]).toEqual([undefined, result]);
  });

  test('it knows a run that somebody goes on with as living again', () => {
    const memory = new RunMemory();
    expect(memory.stateOf('a')).toBe('unknown');
    memory.began('a');
    memory.ended('a');
    expect(memory.stateOf('a')).toBe('ended');
    memory.began('a');
    expect(memory.stateOf('a')).toBe('lives');
    expect(memory.size).toMatchObject({ living: 1, ended: 0 });
  });

  test('it does not remember a run that ended without a job from here', () => {
    const memory = new RunMemory();
    memory.ended('a');
    expect(memory.stateOf('a')).toBe('unknown');
  });

  test('it gives an early result once', () => {
    const memory = new RunMemory();
    memory.keepEarly('a', result);
    expect([memory.takeEarly('a'), memory.takeEarly('a')]).toEqual([result, undefined]);
  });

  test('it forgets the checkpoints that are in doubt: of one run, or of all', () => {
    const memory = new RunMemory();
    for (const run of ['a', 'b', 'c']) memory.keepCheckpoint(run, { round: 3, checksum: run });
    memory.doubt('a');
    expect([memory.checkpointOf('a'), memory.checkpointOf('b')]).toEqual([undefined, { round: 3, checksum: 'b' }]);
    memory.doubt();
    expect(memory.size.checkpoints).toBe(0);
  });
});
