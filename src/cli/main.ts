/** The command line: runs what was typed, prints errors as a person wants them, ends with the right status. */
import { Console } from 'node:console';
import { CommanderError } from 'commander';
import { codeOf, type ErrorCode, errorCodes, MarinadeError } from '../shared/errors.ts';
import { watchLauncher } from './launcher-link.ts';
import { guardStandardStreams, paint, say, withoutColor } from './output.ts';
import { createProgram } from './program.ts';

/** Codes that mean a bug of ours: only these show a stack. */
const bugs: ReadonlySet<ErrorCode> = new Set(['MARINADE_EXECUTION_FAILED', 'MARINADE_INVARIANT_BROKEN']);

/** Tells an error and returns the exit status it means. */
function fail(thrown: unknown): number {
  // Commander has told its own already.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  const code = codeOf(thrown);
  const isBug = bugs.has(code);
  const text =
    thrown instanceof MarinadeError && !isBug ? thrown.text : thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  say(text, `${paint(['bold', 'red'], thrown instanceof MarinadeError ? code : 'error')}: `);
  if (isBug) say('Unless a module of yours threw it, this is a bug in marinade: please report it with the lines above.');
  return errorCodes[code].exit;
}

watchLauncher();
// Standard output is for results; what users' modules say is none.
globalThis.console = new Console(process.stderr);
if (process.argv.includes('--no-color')) withoutColor();
let outputFailed = false;
guardStandardStreams((message) => {
  outputFailed = true;
  process.exitCode = 1;
  say(message);
});

/** Node's own status where nothing is left to do, and what is waited for never comes. */
const NEVER_SETTLED = 13;
let ended = false;
process.on('exit', (code) => {
  if (ended || (code !== 0 && code !== NEVER_SETTLED)) return;
  say(
    `the process ended before the command had: a module of --strategies ${code === 0 ? 'called process.exit' : 'is never loaded to its end'}`,
  );
  process.exitCode = 1;
});

try {
  await createProgram().parseAsync(process.argv);
} catch (thrown) {
  process.exitCode = fail(thrown);
}
ended = true;
if (outputFailed) process.exitCode = 1;
// What an interrupted command left behind (a download, a thread of a user's module) must not keep the process.
if (process.exitCode === 130 || process.exitCode === 143) process.exit();
