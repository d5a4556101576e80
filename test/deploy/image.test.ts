/**
 * The image of deploy/Dockerfile as compose.yaml confines it: no root, no capability, a root file system that nobody
 * writes to. Where a container engine answers and the image is built: `docker build -f deploy/Dockerfile -t marinade .`,
 * on a base of `scripts/node-image.sh` where none can be pulled.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { jsonOf, marinade, temporaryFolder, writeStudy } from '../cli/harness.ts';
import { freePort, startRedis } from '../support/redis.ts';

const image = 'marinade';
const confined = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--init'];

function docker(...args: readonly string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: 'pipe' });
}

function whyNot(): string | undefined {
  try {
    docker('version');
  } catch {
    return 'no container engine answers';
  }
  try {
    docker('image', 'inspect', image);
  } catch {
    return `there is no image '${image}' (docker build -f deploy/Dockerfile -t ${image} .)`;
  }
  return undefined;
}

const missing = whyNot();
if (missing !== undefined) process.stderr.write(`the image of deploy/Dockerfile is not run: ${missing}\n`);

/** Runs a container without a network to its end. */
function run(options: readonly string[], ...args: readonly string[]): string {
  return docker('run', '--rm', '--network', 'none', ...confined, ...options, image, ...args);
}

/** Starts a container on this machine's network, which is gone after the test. */
function startContainer(name: string, options: readonly string[], args: readonly string[]): void {
  docker('run', '--detach', '--network', 'host', '--name', name, ...confined, ...options, image, ...args);
  onTestFinished(() => void docker('rm', '--force', '--volumes', name));
}

/** A folder with the study and a token in it, which a container of another user may read. */
function sharedFolder(): string {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  writeStudy(folder);
  writeFileSync(join(folder, 'token'), 'a-token-of-a-test-that-is-long-enough-to-be-one\n');
  return folder;
}

function volume(): string {
  const name = docker('volume', 'create').trim();
  onTestFinished(() => void docker('volume', 'rm', '--force', name));
  return name;
}

type Study = { readonly runs: readonly { readonly runKey: string; readonly resultHash: string }[] };
const hashesOf = ({ runs }: Study): readonly string[] => runs.map(({ runKey, resultHash }) => `${runKey} ${resultHash}`).sort();

async function hashesHere(folder: string): Promise<readonly string[]> {
  return hashesOf(jsonOf<Study>(await marinade(['run', 'study.yaml', '--json'], { cwd: folder })));
}

describe.skipIf(missing !== undefined)(`the image '${image}'`, { timeout: 180_000 }, () => {
  test('it runs as a user who can read all of the program and write none of it', () => {
    const program = `
      const fs = require('node:fs');
      const failed = (act) => { try { act(); return 'nothing'; } catch ({ code }) { return code; } };
      const files = fs.readdirSync('/opt/marinade', { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      for (const { parentPath, name } of files) fs.accessSync(parentPath + '/' + name, fs.constants.R_OK);
      console.log(JSON.stringify({ uid: process.getuid(), writing: failed(() => fs.writeFileSync('/opt/marinade/x', '')), many: files.length > 100 }));`;
    const told = docker('run', '--rm', '--network', 'none', ...confined, '--entrypoint', 'node', image, '-e', program);
    expect(JSON.parse(told)).toEqual({ uid: 1000, writing: 'EROFS', many: true });
  });

  test('it shows its help, and has the studies of the documentation', () => {
    expect(run([])).toContain('Usage: marinade');
    expect(run(['--entrypoint', 'ls'], '/opt/marinade/studies')).toContain('quickstart.yaml');
  });

  test('it carries out a study into a volume, with the results of this checkout', async () => {
    const folder = sharedFolder();
    const mounts = ['--volume', `${folder}:/study:ro`, '--volume', `${volume()}:/results`];
    const told = run(mounts, 'run', '/study/study.yaml', '--results', '/results', '--threads', '1', '--json', '--quiet');
    expect(hashesOf(JSON.parse(told) as Study), 'is the image one of this checkout?').toEqual(await hashesHere(folder));
  });

  test('it serves the page, and carries out over a queue what is submitted, in containers of a service and two workers', async () => {
    const folder = sharedFolder();
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const port = await freePort();
    const server = `http://127.0.0.1:${port}`;
    const names = ['serve', 'worker-1', 'worker-2'].map((name) => `marinade-test-${process.pid}-${name}`) as [string, string, string];
    const mounts = ['--volume', `${folder}:/secrets:ro`];
    const results = volume();
    const serve = ['serve', '--port', `${port}`, '--token-file', '/secrets/token', '--results', '/results', '--redis', redis.url];
    startContainer(names[0], [...mounts, '--volume', `${results}:/results`], [...serve, '--threads', '1']);
    for (const name of names.slice(1)) startContainer(name, [], ['worker', '--redis', redis.url, '--threads', '1', '--offline']);
    await answering(`${server}/readyz`);
    const page = await fetch(server);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    const submit = await marinade(['submit', 'study.yaml', '--server', server, '--token-file', 'token'], { cwd: folder });
    expect(submit).toMatchObject({ status: 0 });
    docker('exec', names[0], 'node', '/opt/marinade/bin/marinade.mjs', 'watch', 'small', '--results', '/results');
    const shown = run(['--volume', `${results}:/results:ro`], 'show', 'small', '--results', '/results', '--json');
    expect(hashesOf(JSON.parse(shown) as Study), 'is the image one of this checkout?').toEqual(await hashesHere(folder));
    for (const name of names) docker('stop', '--time', '30', name);
    expect(names.map((name) => docker('inspect', '--format', '{{.State.ExitCode}}', name).trim())).toEqual(['143', '143', '143']);
  });
});

async function answering(url: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    if (tries === 300) throw new Error(`${url} never answered`);
    await pause(100);
  }
}
