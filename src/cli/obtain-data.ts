/**
 * A worker's data: registered files it lacks come from the orchestrator by their sha256, with the cluster's token, into
 * the cache folder that is addressed by content. What does not have the sha256 never gets there. The orchestrator is
 * named on the worker's command line, never by a job: a job must not learn the token.
 */
import type { DataSpec } from '../algorithm/data/spec.ts';
import { type DataOptions, locate } from '../worker/data/locate.ts';
import type { Network } from '../worker/data/network.ts';
import { filesOf, registeredSet } from '../worker/data/registry.ts';
import { download } from './download.ts';

export interface Source {
  readonly address: string;
  readonly token: string;
}

/** Puts what a data set needs and this machine lacks into the cache; a file of the study's own is nowhere else. */
export function obtainFrom(
  { address, token }: Source,
  options: DataOptions,
  say: (text: string) => void,
): (spec: DataSpec) => Promise<void> {
  const network: Network = {
    refuses: (url) => (url.origin === new URL(address).origin ? undefined : `${url.origin} is not the orchestrator`),
    admits: () => true,
    headers: { authorization: `Bearer ${token}` },
  };
  return async (spec) => {
    const set = 'name' in spec ? registeredSet(spec.name) : undefined;
    for (const file of set === undefined ? [] : filesOf(set)) {
      if (locate(file, options) !== undefined) continue;
      say(`data set '${set!.name}': '${file.file}' comes from the orchestrator`);
      const urls = file.sha256.map((sha256) => new URL(`/api/v1/data/${sha256}`, address).href);
      await download({ ...file, urls }, { tries: 3, silenceMs: 30_000, network }).catch((thrown) => {
        // A set works without its test part; without the others loading says what is missing.
        say(thrown instanceof Error ? thrown.message : String(thrown));
      });
    }
  };
}
