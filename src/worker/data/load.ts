/**
 * From what an experiment says about its data to a data set in an arena, with its identity (`identity.ts`).
 *
 * A registered set is what the registry says it is, or an error: its parts are checked by what they hold. Its test set
 * may be missing, which changes nothing but that test accuracy cannot be measured; the identity is the set's.
 */
import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { buildDataset, distinctLabels, requireLabels } from '../../algorithm/data/build-dataset.ts';
import { parseIdx } from '../../algorithm/data/parse-idx.ts';
import { parseLibsvm } from '../../algorithm/data/parse-libsvm.ts';
import type { ParsedRows } from '../../algorithm/data/parsed-rows.ts';
import type { DataSpec } from '../../algorithm/data/spec.ts';
import { syntheticAdult } from '../../algorithm/data/synthetic-adult.ts';
import type { Arena } from '../../shared/contracts/memory.ts';
import type { Dataset } from '../../shared/contracts/problem.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { identityOf, partDigest } from './identity.ts';
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

interface Part {
  /** The file, for messages. */
  readonly file: string;
  readonly parsed: ParsedRows;
  readonly digest: string;
  /** The arrays lie in the arena already. */
  readonly owned: boolean;
}

interface Parts {
  readonly name: string;
  readonly targets: 'classes' | 'real';
  readonly train: Part;
  readonly test: Part | undefined;
  /** Digest of the test set that belongs to the data, there or not. */
  readonly testDigest: string | undefined;
}

/** @throws data errors that name the file and what to do */
export async function loadDataset(spec: DataSpec, options: DataOptions & { readonly arena: Arena }): Promise<LoadedData> {
  const { arena } = options;
  const { name, targets, train, test, testDigest } = partsOf(spec, options);
  const labelValues = distinctLabels(train.parsed, targets, train.file);
  if (test !== undefined) requireLabels(test.parsed, labelValues, test.file);
  const build = ({ parsed, owned }: Part, part: string, rowsOnly: boolean): Dataset =>
    buildDataset(parsed, { name: part, normalize: spec.normalize, targets, labelValues, rowsOnly, owned }, arena);
  return {
    data: build(train, name, false),
    test: test === undefined ? undefined : build(test, `${name} (test)`, true),
    sha256: identityOf(train.digest, testDigest),
  };
}

function partsOf(spec: DataSpec, options: DataOptions & { readonly arena: Arena }): Parts {
  const { arena } = options;
  if (!('name' in spec)) {
    if (spec.format === 'idx' && spec.test !== undefined)
      throw new MarinadeError('MARINADE_CONFIG_INVALID', 'a test set in idx format has no place for its labels; write both sets as libsvm');
    const train = filePart(spec, spec.file, spec.dimension, arena);
    const test = spec.test === undefined ? undefined : filePart(spec, spec.test, train.parsed.columns, arena);
    return { name: basename(spec.file), targets: spec.targets, train, test, testDigest: test?.digest };
  }
  const { name } = spec;
  if (name === 'synthetic-adult') {
    const parsed = syntheticAdult();
    const train = { file: name, parsed, digest: partDigest(parsed), owned: false };
    return { name, targets: 'classes', train, test: undefined, testDigest: undefined };
  }
  const set = requireRegistered(name);
  const train = registeredPart(set, set.train, set.trainLabels, set.parsed.train, options);
  const hasTest = [set.test, set.testLabels].every((file) => file === undefined || locate(file, options) !== undefined);
  const test = set.test === undefined || !hasTest ? undefined : registeredPart(set, set.test, set.testLabels, set.parsed.test!, options);
  return { name, targets: 'classes', train, test, testDigest: set.parsed.test };
}

type FileSpec = Extract<DataSpec, { file: string }>;

function filePart({ format, labels }: FileSpec, file: string, dimension: number | undefined, arena: Arena): Part {
  const path = resolve(file);
  if (format === 'libsvm') {
    return readPart([path], `libsvm ${dimension ?? 'any'}`, arena, () => parseLibsvm(readContent(path, MAX_CONTENT), path, dimension));
  }
  if (labels === undefined) throw new MarinadeError('MARINADE_CONFIG_INVALID', 'data in idx format need `labels`, the file of labels');
  const labelsPath = resolve(labels);
  return readPart([path, labelsPath], 'idx', arena, () =>
    parseIdx(readContent(path, MAX_CONTENT), path, readContent(labelsPath, MAX_CONTENT), labelsPath),
  );
}

function registeredPart(
  set: RegisteredSet,
  file: RegisteredFile,
  labels: RegisteredFile | undefined,
  digest: string,
  options: DataOptions & { readonly arena: Arena },
): Part {
  const path = found(set.name, file, options);
  if (labels !== undefined) {
    const labelsPath = found(set.name, labels, options);
    const read = (): ParsedRows => parseIdx(readContent(path, file.bytes), path, readContent(labelsPath, labels.bytes), labelsPath);
    return requireDigest(readPart([path, labelsPath], 'idx', options.arena, read), digest, [
      [path, file],
      [labelsPath, labels],
    ]);
  }
  // A copy may spell its numbers at greater length.
  const read = (): ParsedRows => parseLibsvm(readContent(path, 4 * file.bytes), path, set.dimension);
  return requireDigest(readPart([path], `libsvm ${set.dimension}`, options.arena, read), digest, [[path, file]]);
}

function found(name: string, file: RegisteredFile, options: DataOptions): string {
  const path = locate(file, options);
  if (path === undefined) throw missing(name, file, options);
  return path;
}

/** The part, if it holds what is registered; else an error that names the file with other bytes. */
function requireDigest(part: Part, digest: string, files: readonly (readonly [string, RegisteredFile])[]): Part {
  if (part.digest === digest) return part;
  for (const [path, file] of files) requireChecksum(path, sha256Of(readContent(path, 4 * file.bytes)), file.sha256);
  throw new MarinadeError(
    'MARINADE_INVARIANT_BROKEN',
    `${part.file}: its bytes are the registered ones, yet it parses to ${part.digest}; expected ${digest}`,
  );
}

/** Parsed rows from the cache, or parsed now and kept. A warm start neither unpacks nor parses. */
function readPart(paths: readonly string[], format: string, arena: Arena, parse: () => ParsedRows): Part {
  const source = [...paths, format].join('\n');
  const file = paths[0]!;
  const stamp = stampOf(paths);
  if (stamp !== undefined) {
    const known = readParsed({ source, stamp }, arena);
    if (known !== undefined) return { file, ...known, owned: true };
  }
  const parsed = parse();
  const digest = partDigest(parsed);
  // Files that changed while they were read, or so lately that another change may leave no trace, are not kept.
  if (stamp !== undefined && stamp === stampOf(paths)) {
    const failure = writeParsed({ source, stamp }, { parsed, digest });
    if (failure !== undefined) warnOnce(failure);
  }
  return { file, parsed, digest, owned: false };
}

const SETTLED_MS = 50;

/** Changes when a file does; undefined where that cannot be told. */
function stampOf(paths: readonly string[]): string | undefined {
  try {
    const stats = paths.map((path) => statSync(path, { bigint: true }));
    if (stats.some(({ ctimeMs }) => Date.now() - Number(ctimeMs) < SETTLED_MS)) return undefined;
    return stats.map(({ dev, ino, size, mtimeNs, ctimeNs }) => [dev, ino, size, mtimeNs, ctimeNs].join('-')).join(' ');
  } catch {
    return undefined;
  }
}

let warned = false;

function warnOnce(failure: string): void {
  if (warned) return;
  warned = true;
  process.emitWarning(`parsed data cannot be kept, so every start parses them anew: ${failure}`);
}
