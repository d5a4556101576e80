import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../src/shared/errors.ts';
import { fromQueued, MAX_JOB_BYTES, toQueued } from '../../../src/shared/messages/queued-job.ts';
import type { RoundJob } from '../../../src/shared/messages/round-job.ts';

const job: RoundJob = {
  runKey: 'a'.repeat(64),
  epoch: 1,
  fromRound: 3,
  rounds: 7,
  budgetMs: 2000,
  experiment: '{"rounds":10}',
  dataSha256: '',
  optimum: -0.5,
  checkpoint: Uint8Array.of(1, 2, 3),
};

const besideOf = (beside: Readonly<Record<string, Uint8Array | string>>) => ({
  experiment: typeof beside['experiment'] === 'string' ? new TextEncoder().encode(beside['experiment']) : null,
  checkpoint: (beside['checkpoint'] as Uint8Array | undefined) ?? null,
});

const codeOfReading = (data: unknown, beside = { experiment: null, checkpoint: job.checkpoint }): string => {
  try {
    fromQueued(data, beside);
  } catch (thrown) {
    return codeOf(thrown);
  }
  return 'none';
};

describe('a job of the queue', () => {
  test.each([
    ['short', job],
    ['long', { ...job, experiment: `{"name":"${'µ'.repeat(MAX_JOB_BYTES)}"}` }],
    ['first', { ...job, fromRound: -1, checkpoint: null, budgetMs: null, optimum: null }],
  ] as const)('it brings a %s job back, under 8 KB of JSON', (_, given) => {
    for (const isolated of [false, true]) {
      const { data, beside } = toQueued(given, isolated);
      const text = JSON.stringify(data);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_JOB_BYTES);
      expect(fromQueued(JSON.parse(text), besideOf(beside))).toEqual({ job: given, isolated });
    }
  });

  test.each([
    [{ runKey: 7 }],
    [{ runKey: '../../etc/passwd' }],
    [{ epoch: -1 }],
    [{ epoch: 1e300 }],
    [{ fromRound: -2 }],
    [{ fromRound: '3' }],
    [{ rounds: 0.5 }],
    [{ rounds: 2 ** 60 }],
    [{ budgetMs: 0 }],
    [{ budgetMs: -1 }],
    [{ experiment: { rounds: 1 } }],
    [{ dataSha256: '/data/a9a' }],
    [{ optimum: 'Infinity' }],
    [{ checkpoint: 1 }],
    [{ isolated: null }],
    [{ strategies: ['/somewhere/evil.js'] }],
  ])('it is refused when it is tampered with: %o', (changes) => {
    const { data } = toQueued(job, false);
    expect(codeOfReading(data)).toBe('none');
    expect(codeOfReading({ ...data, ...changes })).toBe('MARINADE_PROTOCOL_MALFORMED');
  });

  test.each([null, undefined, 1, 'job', [], {}])('it is refused when it is %o', (data) => {
    expect(codeOfReading(data)).toBe('MARINADE_PROTOCOL_MALFORMED');
  });

  test('it is asked for again when what belongs to it is gone', () => {
    const { data } = toQueued(job, false);
    expect(codeOfReading(data, { experiment: null, checkpoint: null })).toBe('MARINADE_PROTOCOL_LOST');
    expect(codeOfReading({ ...data, experiment: null })).toBe('MARINADE_PROTOCOL_LOST');
  });
});
