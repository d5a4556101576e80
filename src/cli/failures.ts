/** What runs ended with an error, for people: a failure that many share is told once, with how many. */
import type { StudyRun } from '../shared/contracts/ledger.ts';
import { counted } from './output.ts';

/** Run keys that are named beside a shared failure. */
const NAMED = 3;

/** One line for each failure there is, in the order of the first run that has it. */
export function failureLines(runs: readonly Pick<StudyRun, 'runKey' | 'outcome' | 'failure'>[]): string[] {
  const keysByFailure = new Map<string, string[]>();
  for (const { runKey, outcome, failure } of runs) {
    if (failure === null) continue;
    const text = `${outcome}\n${failure.code}: ${failure.message}`;
    const keys = keysByFailure.get(text) ?? [];
    keys.push(runKey.slice(0, 12));
    keysByFailure.set(text, keys);
  }
  return [...keysByFailure].map(([text, keys]) => {
    const at = text.indexOf('\n');
    const more = keys.length > NAMED ? ', ...' : '';
    const who = keys.length === 1 ? keys[0]! : `${counted(keys.length, 'run')} (${keys.slice(0, NAMED).join(', ')}${more})`;
    return `${text.slice(0, at)} ${who}: ${text.slice(at + 1)}`;
  });
}
