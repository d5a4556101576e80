import { describe, expect, test } from 'vitest';
import { errorCodes, isDeath } from '../../src/shared/errors.ts';

describe('the table of error codes', () => {
  test('it calls two codes deaths: a lost worker and one out of memory', () => {
    const deaths = Object.entries(errorCodes).filter(([, { death }]) => death);
    expect(deaths.map(([code]) => code)).toEqual(['MARINADE_EXECUTION_WORKER_LOST', 'MARINADE_EXECUTION_OUT_OF_MEMORY']);
    for (const [code] of deaths) expect(isDeath(code as keyof typeof errorCodes)).toBe(true);
    expect(isDeath('MARINADE_EXECUTION_FAILED')).toBe(false);
  });

  test('it has every death tried again: the run is innocent until it dies alone', () => {
    for (const { death, retry } of Object.values(errorCodes)) if (death) expect(retry).toBe(true);
  });
});
