/** What the manifest of this package says about itself. */
import { readFileSync } from 'node:fs';
import { packageUrl } from '../shared/program.ts';

const manifest = JSON.parse(readFileSync(packageUrl('package.json'), 'utf8')) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};

export const version = manifest.version;

/** Oldest Node that runs marinade: major and minor. */
export const neededNode: readonly [number, number] = (() => {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(manifest.engines.node)!;
  return [Number(major), Number(minor)];
})();
