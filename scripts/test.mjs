/*
 * `npm test`: installs what is missing, then types, lint, generated files and every test; `--long` adds test/long.
 * Other arguments go to vitest (`npm test -- test/shared`). Every step runs whatever the others say. The last line is
 * `N passed, N failed`, where a step that is no test runner counts as one; the exit status is that of the worst step.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, root, toolEnvironment } from './ensure-installed.mjs';
import { ensureRedis } from './ensure-redis.mjs';

/** A test run that hangs is killed: CI must hear of it. */
const limitMs = { usual: 30 * 60_000, long: 240 * 60_000 };

const long = process.argv.includes('--long');
const further = process.argv.slice(2).filter((argument) => argument !== '--long');

/** Runs a tool of node_modules/.bin to its end; true when it succeeded. */
function run(command, parameters, timeout = limitMs.usual) {
  return new Promise((resolve) => {
    const child = spawn(command, parameters, {
      cwd: root,
      env: toolEnvironment(),
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout,
      killSignal: 'SIGKILL',
    });
    child.on('error', (error) => {
      process.stderr.write(`${command} cannot be started: ${error.message}\n`);
      resolve(false);
    });
    child.on('exit', (code, signal) => {
      if (signal !== null) process.stderr.write(`${command} ended by ${signal}; it may run for ${timeout / 60_000} minutes\n`);
      resolve(code === 0);
    });
  });
}

/** What vitest did, from its JSON report; a file that cannot be loaded or whose hooks fail is one failure. */
function countTests(report) {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  ).length;
  return { passed: numPassedTests, failed: numFailedTests + broken, skipped: numPendingTests + numTodoTests };
}

async function vitest() {
  const folder = mkdtempSync(join(tmpdir(), 'marinade-test-'));
  try {
    const report = join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const scope = long ? [] : ['--exclude=test/long/**'];
    const ok = await run('vitest', ['run', ...reporters, ...scope, ...further], long ? limitMs.long : limitMs.usual);
    const counts = countTests(report);
    if (counts.passed + counts.failed === 0) {
      process.stderr.write('no test ran\n');
      return { ...counts, failed: 1 };
    }
    // Errors outside any test (an unhandled rejection) fail the run without failing a test.
    return ok || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  } catch (error) {
    process.stderr.write(`vitest left no report: ${error.message}\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  try {
    await ensureInstalled();
  } catch (error) {
    process.stderr.write(`marinade cannot be set up: ${error.message}\n0 passed, 1 failed\n`);
    return 1;
  }
  const total = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];
  const note = (name, { passed, failed, skipped }) => {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
    if (failed > 0) failures.push(name);
  };
  const steps = [
    ['types', 'tsc', ['--noEmit']],
    ['types of the page', 'tsc', ['--noEmit', '--project', 'src/dashboard/web/tsconfig.json']],
    ['lint', 'biome', ['check', '.']],
    ['generated files', 'node', ['scripts/generate.ts', '--check']],
    ['kernels', 'node', ['scripts/build-kernels.ts', '--check']],
  ];
  for (const [name, command, parameters] of steps) {
    process.stdout.write(`\n== ${name}\n`);
    const ok = await run(command, parameters);
    process.stdout.write(ok ? 'ok\n' : `${name}: FAILED\n`);
    note(name, { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 });
  }
  process.stdout.write('\n== tests\n');
  ensureRedis();
  note('tests', await vitest());
  process.stdout.write(failures.length === 0 ? '\n' : `\nfailed: ${failures.join(', ')}\n`);
  process.stdout.write(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}\n`);
  return total.failed > 0 ? 1 : 0;
}

process.exitCode = await main();
