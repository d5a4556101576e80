/**
 * Decides which data set a study really runs on: the one it names, downloaded if need be; or, only where the study
 * allows it by `fallback`, the stand-in. Never silently: the experiment that is recorded names what ran, a warning goes
 * with it, and what is said begins with that warning and goes on with what to do about it.
 */
import { type DataSpec, withoutFallback } from '../algorithm/data/spec.ts';
import { codeOf, MarinadeError } from '../shared/errors.ts';
import { type DataOptions, locate, missing } from '../worker/data/locate.ts';
import { filesOf, type RegisteredFile, type RegisteredSet, registeredSet } from '../worker/data/registry.ts';
import type { DownloadOptions } from './download.ts';

interface SettledData {
  readonly used: DataSpec;
  readonly warning?: string;
}

export interface Surroundings {
  readonly signal?: AbortSignal;
  say(text: string): void;
}

/** On the way to something else: short tries, as there may be no network at all. */
const IN_PASSING = { tries: 1, silenceMs: 8000 } as const satisfies DownloadOptions;

/** @throws MARINADE_DATA_MISSING that names the file, its hash and where to put it */
export async function settleData(spec: DataSpec, options: DataOptions, surroundings: Surroundings): Promise<SettledData> {
  const used = withoutFallback(spec);
  const set = 'name' in spec ? registeredSet(spec.name) : undefined;
  if (set === undefined || absentFiles(set, options).length === 0) return { used };
  try {
    await fetchInPassing(set, options, surroundings);
    return { used };
  } catch (thrown) {
    const fallback = 'name' in spec ? spec.fallback : undefined;
    if (fallback === undefined || codeOf(thrown) !== 'MARINADE_DATA_MISSING') throw thrown;
    const warning = `data set '${set.name}' was not found; these runs are on ${fallback}, a seeded stand-in of its shape`;
    const [, ...remedy] = (thrown as MarinadeError).text.split('\n');
    surroundings.say([warning, ...remedy].join('\n'));
    return { used: { ...used, name: fallback }, warning };
  }
}

/** Files without which a set cannot be loaded and that are nowhere on this machine. */
export function absentFiles({ train, trainLabels }: RegisteredSet, options: DataOptions): RegisteredFile[] {
  return [train, trainLabels].filter((file) => file !== undefined).filter((file) => locate(file, options) === undefined);
}

async function fetchInPassing(set: RegisteredSet, options: DataOptions, { signal, say }: Surroundings): Promise<void> {
  const [absent] = absentFiles(set, options);
  const error = missing(set.name, absent!, options);
  if (options.offline === true) throw error;
  // The client of HTTP is loaded by whoever needs it.
  const { download } = await import('./download.ts');
  try {
    for (const file of filesOf(set).filter((one) => locate(one, options) === undefined)) {
      say(`data set '${set.name}': downloading '${file.file}'`);
      await download(file, { ...IN_PASSING, ...(signal === undefined ? {} : { signal }) });
    }
  } catch (thrown) {
    if (!(thrown instanceof MarinadeError) || thrown.code === 'MARINADE_EXECUTION_INTERRUPTED') throw thrown;
    throw new MarinadeError(error.code, `${error.text}\n${thrown.text}`, error.details, thrown);
  }
}
