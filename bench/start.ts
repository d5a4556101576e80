/** How long a user waits before the first number, and what a process weighs. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plainArena } from '../src/algorithm/kernels/plain-arena.ts';
import type { Question } from './support/question.ts';
import { loadRegistered, referenceStudy } from './support/setting.ts';
import { against, spread } from './support/spread.ts';
import { inFolder, installPackage, marinade } from './support/study.ts';

const REPEATS = 9;

/** Calls `use` with a cache folder of its own. */
async function withOwnCache<T>(folder: string, use: () => Promise<T>): Promise<T> {
  const before = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = folder;
  try {
    return await use();
  } finally {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
  }
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export const start: Question = {
  name: 'start',
  asks: 'How long does it take from process start to the first metric, and to load a9a?',
  answer: (print) =>
    inFolder(async (folder) => {
      await loadRegistered('a9a', plainArena());
      const path = join(folder, 'study.yaml');
      writeFileSync(path, referenceStudy('start', 1, 1));
      const installed = installPackage(folder);
      const first: number[] = [];
      const fromSources: number[] = [];
      const help: number[] = [];
      const cold: number[] = [];
      const warm: number[] = [];
      for (let repeat = 0; repeat < REPEATS; repeat++) {
        const run = async (program?: string): Promise<number> => {
          const results = mkdtempSync(join(folder, 'results-'));
          const { wallMs, stdout } = await marinade(['run', path, '--results', results, '--json', '--quiet'], program);
          if (!stdout.includes('"outcome":"completed"')) throw new Error(`the run of the benchmark ended otherwise: ${stdout}`);
          return wallMs / 1000;
        };
        first.push(await run(installed));
        fromSources.push(await run());
        help.push((await marinade(['--help'], installed)).wallMs);
        await withOwnCache(join(folder, `cache-${repeat}`), async () => {
          cold.push(await milliseconds(() => loadRegistered('a9a', plainArena())));
          warm.push(await milliseconds(() => loadRegistered('a9a', plainArena())));
        });
      }
      print(
        `process start to the printed metrics of a run of one round, warm cache, as installed: ${spread(first, 's')}; ${against(first, { most: 0.7 })}`,
      );
      print(`the same from the sources of a checkout: ${spread(fromSources, 's')}`);
      print(`--help: ${spread(help, 'ms')}; ${against(help, { most: 150 })}`);
      print(`a9a parsed from its file, checksum included: ${spread(cold, 'ms')}; ${against(cold, { most: 250 })}`);
      print(`a9a from the binary cache: ${spread(warm, 'ms')}; ${against(warm, { most: 30 })}`);
    }),
};
