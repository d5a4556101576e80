import { describe, expect, it } from 'vitest';
import { failureLines } from '../../src/cli/failures.ts';

const failure = (message: string) => ({ code: 'MARINADE_EXECUTION_FAILED' as const, message, details: {} });
const run = (key: string, message?: string, outcome: 'failed' | 'quarantined' = 'failed') => ({
  runKey: key.padEnd(64, '0'),
  outcome: message === undefined ? ('completed' as const) : outcome,
  failure: message === undefined ? null : failure(message),
});

describe('failures of a study', () => {
  it('are told one by one where they differ, in the order of the runs', () => {
    expect(failureLines([run('a', 'one'), run('b'), run('c', 'two'), run('d', 'one', 'quarantined')])).toEqual([
      'failed a00000000000: MARINADE_EXECUTION_FAILED: one',
      'failed c00000000000: MARINADE_EXECUTION_FAILED: two',
      'quarantined d00000000000: MARINADE_EXECUTION_FAILED: one',
    ]);
  });

  it('are told once where runs share them, with how many and the first few', () => {
    expect(failureLines([run('a', 'one\nat b'), run('b', 'one\nat b')])).toEqual([
      'failed 2 runs (a00000000000, b00000000000): MARINADE_EXECUTION_FAILED: one\nat b',
    ]);
    const many = Array.from({ length: 1500 }, (_, i) => run(`${i}x`, 'all alike'));
    expect(failureLines(many)).toEqual([
      'failed 1,500 runs (0x0000000000, 1x0000000000, 2x0000000000, ...): MARINADE_EXECUTION_FAILED: all alike',
    ]);
  });

  it('are none where no run failed', () => {
    expect(failureLines([run('a')])).toEqual([]);
  });
});
