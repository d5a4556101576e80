import { afterEach, describe, expect, test, vi } from 'vitest';
import { giveWay } from '../../../src/orchestrator/plan/give-way.ts';
import { base, plan } from './support.ts';

afterEach(() => void vi.restoreAllMocks());

describe('long work that gives way', () => {
  test('it lets others go first once they have waited for long, and not before', async () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1000);
    const others = giveWay();
    let served = 0;
    setImmediate(() => served++);
    clock.mockReturnValue(1029);
    expect(others()).toBeUndefined();
    clock.mockReturnValue(1030);
    await others();
    expect(served).toBe(1);
    clock.mockReturnValue(1059);
    expect(others()).toBeUndefined();
    clock.mockReturnValue(1060);
    expect(others()).toBeInstanceOf(Promise);
  });

  test('planning gives way between any two cells and any two runs', async () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 100));
    let served = 0;
    let next = setImmediate(function serve() {
      served++;
      next = setImmediate(serve);
    });
    await plan(`${base}parameters:\n  method.stepSize: [${Array.from({ length: 20 }, (_, i) => (i + 1) / 100)}]\nseeds: 0..9\n`);
    clearImmediate(next);
    expect(served).toBeGreaterThanOrEqual(220);
  });
});
