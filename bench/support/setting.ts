/** The reference setting: a9a under shift-back with clipped gradient differences and partial participation. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalog } from '../../src/algorithm/catalog.ts';
import { compile } from '../../src/algorithm/engine/compile.ts';
import { Simulation } from '../../src/algorithm/engine/simulation.ts';
import type { Arena } from '../../src/shared/contracts/memory.ts';
import type { Dataset } from '../../src/shared/contracts/problem.ts';
import { resolveExperiment } from '../../src/simulate.ts';
import { loadDataset } from '../../src/worker/data/load.ts';
import type { SharedHeap } from '../../src/worker/shared-heap.ts';

/** The setting as a study writes it. */
export function referenceExperiment(rounds: number): Record<string, unknown> {
  return {
    problem: { name: 'logistic-regression', l2: 0.01 },
    data: { name: 'a9a', normalize: 'rows' },
    clients: { total: 20, byzantine: 5 },
    participation: { name: 'uniform', cohort: 4, largeCohort: 20 },
    method: { name: 'byz-vr-marina-pp', stepSize: 0.1, refresh: { every: 1000 }, batchSize: 32, batches: 'independent' },
    clipping: { name: 'step-proportional', factor: 1 },
    aggregator: { name: 'coordinate-median', preAggregators: [{ name: 'bucketing', size: 2 }] },
    attack: { name: 'shift-back' },
    rounds,
    metrics: { every: Math.max(rounds, 1), names: ['loss'] },
  };
}

/** The setting as a study's text (JSON is YAML). */
export function referenceStudy(name: string, rounds: number, seeds: number): string {
  return JSON.stringify({ study: name, experiment: referenceExperiment(rounds), seeds: `0..${seeds - 1}` });
}

/** The registered training set, from the data folder or the cache, in an arena. */
export async function loadRegistered(name: string, arena: Arena): Promise<Dataset> {
  return (await loadDataset({ name, normalize: 'rows' }, { dataDirectory: undefined, offline: false, arena })).data;
}

/** One run of the setting on this thread from its start, by the kernels of the heap that holds the data. */
export function referenceRun(heap: SharedHeap, data: Dataset, seed: number, rounds: number): { seconds: number; loss: number } {
  const experiment = resolveExperiment({ ...referenceExperiment(rounds), seed });
  const compiled = compile(experiment, catalog);
  const arena = heap.arena();
  const simulation = new Simulation({ compiled, data, testData: undefined, arena, optimum: null });
  const began = process.threadCpuUsage();
  simulation.begin();
  for (let k = 0; k < rounds; k++) simulation.advance();
  const { user, system } = process.threadCpuUsage(began);
  arena.release();
  return { seconds: (user + system) / 1e6, loss: simulation.takePoints().columns['loss']!.at(-1)! };
}

/** A data set in a file as `bench/native/round.c` describes it; `remove` deletes it. */
export function dataFile(data: Dataset): { readonly path: string; remove(): void } {
  const { rows, columns, rowStart, columnOf, rowValue, labels } = data;
  if (rowValue === undefined) throw new Error(`${data.name}: the file format holds one value per row`);
  const folder = mkdtempSync(join(tmpdir(), 'marinade-bench-'));
  const path = join(folder, 'data.bin');
  const parts = [Int32Array.of(rows, columns, columnOf.length, 0), rowValue, labels, rowStart, columnOf];
  writeFileSync(path, Buffer.concat(parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength))));
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
