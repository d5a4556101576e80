/**
 * Identity of runs: content hashes over what decides the numbers, and nothing else.
 *
 *   runKey        = sha256( canonical resolved experiment, data identity, user strategies, numericsVersion )
 *   trajectoryKey = the same without rounds, metrics and stop
 *   objectiveKey  = sha256( problem, data identity, partition, seed where it is random, honest set, weights )
 *
 * A data set enters by the sha256 of its canonical parsed form, never by a path.
 */
import type { CompiledExperiment } from '../../algorithm/engine/compile.ts';
import type { Experiment } from '../../algorithm/experiment.ts';
import { canonicalJson, sha256Hex } from '../../shared/hash.ts';
import { numericsVersion } from '../../shared/messages/round-job.ts';

export interface RunIdentity {
  readonly runKey: string;
  readonly trajectoryKey: string;
}

/** What is made of the data: the part of a data choice that is not a place. */
function dataPart({ data }: Experiment, dataSha256: string): unknown {
  if (data === undefined) return null;
  return { sha256: dataSha256, normalize: data.normalize, targets: 'targets' in data ? data.targets : 'classes' };
}

/** @param strategies content hashes of users' strategy modules, in order of their names */
export function runIdentity(experiment: Experiment, dataSha256: string, strategies: readonly string[]): RunIdentity {
  const { rounds, metrics, stop, ...trajectory } = experiment;
  const base = { ...trajectory, data: dataPart(experiment, dataSha256), strategies, numericsVersion };
  return {
    runKey: sha256Hex(canonicalByParts({ ...base, rounds, metrics, stop })),
    trajectoryKey: sha256Hex(canonicalByParts(base)),
  };
}

/** Canonical texts of the parts of experiments: the seeds of a cell share them, and nobody changes them. */
const texts = new WeakMap<object, string>();

function textOf(part: unknown): string {
  if (typeof part !== 'object' || part === null) return canonicalJson(part);
  const text = texts.get(part) ?? canonicalJson(part);
  texts.set(part, text);
  return text;
}

/** `canonicalJson` of an experiment, which remembers the texts of its parts. */
export function canonicalByParts(experiment: object): string {
  const members = Object.entries(experiment).map(([key, part]) => [JSON.stringify(key), textOf(part)] as const);
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, text]) => `${key}:${text}`)
    .join(',')}}`;
}

/** The key under which f* is cached: it belongs to an objective, not to a run. */
export function objectiveKey({ experiment, catalog, partitioner, honest, owners }: CompiledExperiment, dataSha256: string): string {
  const randomProblem = !catalog.problems.get(experiment.problem.name).needsData;
  return sha256Hex(
    canonicalJson({
      problem: experiment.problem,
      data: dataPart(experiment, dataSha256),
      // All clients holding all rows is one objective, however many they are.
      partition: partitioner.homogeneous && !randomProblem ? 'homogeneous' : { ...experiment.partition, honest, owners },
      seed: partitioner.random || randomProblem ? experiment.seed : null,
      weights: partitioner.homogeneous && !randomProblem ? null : experiment.clients.weights,
      numericsVersion,
    }),
  );
}
