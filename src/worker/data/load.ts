/**
 * From what an experiment says about its data to a data set in an arena, with its identity: the sha256 of the
 * canonical parsed form, before normalisation.
 *
 *   identity = sha256( "marinade-data-1", then for the training set and, where there is one, the test set:
 *                      rows u32, columns u32, entries u32, row starts i32, columns i32, values f64, labels f64 )
 *
 * all little-endian. Copies of a file that differ in bytes only have one identity.
 */
import { createHash, type Hash } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildDataset, distinctLabels } from '../../algorithm/data/build-dataset.ts';
import { parseIdx } from '../../algorithm/data/parse-idx.ts';
import { type ParsedRows, parseLibsvm } from '../../algorithm/data/parse-libsvm.ts';
import type { DataSpec } from '../../algorithm/data/spec.ts';
import { syntheticAdult } from '../../algorithm/data/synthetic-adult.ts';
import type { Arena } from '../../shared/contracts/memory.ts';
import type { Dataset } from '../../shared/contracts/problem.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { sha256Hex } from '../../shared/hash.ts';
import { type DataOptions, locate, missing } from './locate.ts';
import { readParsed, writeParsed } from './parsed-cache.ts';
import { MAX_CONTENT, readContent, requireChecksum, sha256Of } from './read-file.ts';
import { type RegisteredFile, type RegisteredSet, requireRegistered } from './registry.ts';

export type { DataOptions } from './locate.ts';

export interface LoadedData {
  readonly data: Dataset;
  readonly test: Dataset | undefined;
  /** Identity. */
  readonly sha256: string;
}

/** @throws data errors that name the file and what to do */
export async function loadDataset(spec: DataSpec, options: DataOptions & { readonly arena: Arena }): Promise<LoadedData> {
  const { train, test, name, targets } = parsedOf(spec, options);
  const labelValues = distinctLabels(train, targets, name);
  const build = (parsed: ParsedRows, part: string): Dataset =>
    buildDataset(parsed, { name: part, normalize: spec.normalize, targets, labelValues }, options.arena);
  const hash = createHash('sha256').update('marinade-data-1');
  addToIdentity(hash, train);
  if (test !== undefined) addToIdentity(hash, test);
  return { data: build(train, name), test: test === undefined ? undefined : build(test, `${name} (test)`), sha256: hash.digest('hex') };
}

interface ParsedData {
  readonly name: string;
  readonly targets: 'classes' | 'real';
  readonly train: ParsedRows;
  readonly test: ParsedRows | undefined;
}

function parsedOf(spec: DataSpec, options: DataOptions): ParsedData {
  if ('name' in spec) {
    if (spec.name === 'synthetic-adult') return { name: spec.name, targets: 'classes', train: syntheticAdult(), test: undefined };
    const set = requireRegistered(spec.name);
    const test =
      set.test !== undefined && locate(set.test, options) !== undefined
        ? registeredPart(set, set.test, set.testLabels, options)
        : undefined;
    return { name: set.name, targets: 'classes', train: registeredPart(set, set.train, set.trainLabels, options), test };
  }
  const train = filePart(spec, spec.file, spec.labels, spec.dimension);
  const test = spec.test === undefined ? undefined : filePart(spec, spec.test, undefined, train.columns);
  return { name: spec.file.split(/[\\/]/).at(-1)!, targets: spec.targets, train, test };
}

function filePart(
  spec: Extract<DataSpec, { file: string }>,
  file: string,
  labels: string | undefined,
  dimension: number | undefined,
): ParsedRows {
  const path = resolve(file);
  if (spec.format === 'idx') {
    if (labels === undefined) throw new MarinadeError('MARINADE_CONFIG_INVALID', 'data in idx format need `labels`, the file of labels');
    return parseIdx(readContent(path, MAX_CONTENT), path, readContent(resolve(labels), MAX_CONTENT), resolve(labels));
  }
  return cached(path, [], MAX_CONTENT, `libsvm-${dimension ?? 'any'}`, (content) => parseLibsvm(content, path, dimension));
}

function registeredPart(set: RegisteredSet, file: RegisteredFile, labels: RegisteredFile | undefined, options: DataOptions): ParsedRows {
  const path = found(set.name, file, options);
  if (set.format === 'libsvm')
    return cached(path, file.sha256, file.bytes, `libsvm-${set.dimension}`, (content) => parseLibsvm(content, path, set.dimension));
  const labelsPath = found(set.name, labels!, options);
  return cached(path, file.sha256, file.bytes, 'idx', (content) => {
    const labelContent = readContent(labelsPath, labels!.bytes);
    requireChecksum(labelsPath, sha256Of(labelContent), labels!.sha256);
    return parseIdx(content, path, labelContent, labelsPath);
  });
}

function found(name: string, file: RegisteredFile, options: DataOptions): string {
  const path = locate(file, options);
  if (path === undefined) throw missing(name, file, options);
  return path;
}

/**
 * Parsed rows from the cache, or parsed now and kept. The key is the file's path, size and time of change: a warm
 * start neither unpacks nor hashes; a file that changed is read and verified again.
 */
function cached(
  path: string,
  accepted: readonly string[],
  maxBytes: number,
  format: string,
  parse: (content: Uint8Array) => ParsedRows,
): ParsedRows {
  const stamp = stampOf(path);
  const key = stamp === undefined ? undefined : sha256Hex(`${path}\n${stamp}\n${format}\n${accepted.join()}`);
  const known = key === undefined ? undefined : readParsed(key);
  if (known !== undefined) return known;
  const content = readContent(path, maxBytes);
  if (accepted.length > 0) requireChecksum(path, sha256Of(content), accepted);
  const parsed = parse(content);
  if (key !== undefined) writeParsed(key, parsed);
  return parsed;
}

function stampOf(path: string): string | undefined {
  try {
    const { size, mtimeNs, ino } = statSync(path, { bigint: true });
    return `${size}-${mtimeNs}-${ino}`;
  } catch {
    return undefined;
  }
}

function addToIdentity(hash: Hash, { rows, columns, rowStart, columnOf, values, labels }: ParsedRows): void {
  hash.update(Uint32Array.of(rows, columns, columnOf.length));
  for (const array of [rowStart, columnOf, values, labels]) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
}
