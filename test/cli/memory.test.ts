import { describe, expect, it } from 'vitest';
import { requireMemory } from '../../src/cli/memory.ts';
import { sharedMemoryBytes } from '../../src/shared/contracts/memory.ts';
import { base, plan } from '../orchestrator/plan/support.ts';

describe('the memory of runs at once', () => {
  const large = base.replace('dimension: 20', 'dimension: 10000000');

  it('is refused before any run begins, with what each needs and what fits', async () => {
    const planned = await plan(`${large}seeds: 0..3\n`);
    expect(planned.need.perRun).toBeGreaterThan(sharedMemoryBytes / 2);
    const refused =
      /MARINADE_PRECONDITION_MEMORY.*3 runs at once need \d\.\d GiB of memory, 2\.\d GiB each; a process has 4\.0 GiB: use --threads 1, or --parallel clients/;
    expect(() => requireMemory(planned, { parallel: 'auto', threads: 3 })).toThrow(refused);
    expect(() => requireMemory(planned, { parallel: 'runs', threads: 3 })).toThrow(refused);
    for (const parallel of ['clients', 'inline'] as const) expect(() => requireMemory(planned, { parallel, threads: 3 })).not.toThrow();
    expect(() => requireMemory(planned, { parallel: 'runs', threads: 1 })).not.toThrow();
  });

  it('is that of as many runs as there are', async () => {
    const planned = await plan(`${large}seeds: 0..0\n`);
    expect(() => requireMemory(planned, { parallel: 'runs', threads: 8 })).not.toThrow();
  });

  it('counts data once', () => {
    const need = { perRun: sharedMemoryBytes / 4, shared: sharedMemoryBytes / 2 };
    const runs = Array(8).fill({}) as never;
    expect(() => requireMemory({ need, runs }, { parallel: 'runs', threads: 2 })).not.toThrow();
    expect(() => requireMemory({ need, runs }, { parallel: 'runs', threads: 3 })).toThrow(/use --threads 2/);
    expect(() => requireMemory({ need: { perRun: 0, shared: 0 }, runs }, { parallel: 'runs', threads: 8 })).not.toThrow();
  });
});
