/** What the manifest of this package says about itself. */
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};

export const version = manifest.version;

/** Oldest Node that runs marinade: major and minor. */
export const neededNode: readonly [number, number] = (() => {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(manifest.engines.node)!;
  return [Number(major), Number(minor)];
})();
