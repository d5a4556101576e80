/**
 * Writes fixtures/replay.json anew: `node test/replay/record.ts`.
 *
 * Only after a deliberate change of numbers, in a commit of its own that raises `numericsVersion` (every run key and
 * result hash depends on it) and says in one sentence why the numbers changed. A new run may be added at any time;
 * the others must then stay as they are.
 */
import { writeFileSync } from 'node:fs';
import { numericsVersion } from '../../src/shared/messages/round-job.ts';
import { kept, replay, runNames } from './runs.ts';

const runs: Record<string, unknown> = {};
for (const name of runNames) runs[name] = kept(await replay(name));
writeFileSync(new URL('../fixtures/replay.json', import.meta.url), `${JSON.stringify({ numericsVersion, runs }, null, 1)}\n`);
