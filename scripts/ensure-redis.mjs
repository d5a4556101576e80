/*
 * Tests of the queue take their Redis from a container engine, else they start a private redis-server. Where neither is
 * there, this installs redis-server: as root on a system with apt-get; elsewhere it says what to install. The system's
 * own server is not started: each test starts one for itself, on loopback, and stops it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

const POLICY = '/usr/sbin/policy-rc.d';
const LIMIT_MS = 300_000;

const has = (name) => spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0;

function install() {
  // Keeps the package from starting its service.
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const apt = (...parameters) =>
      spawnSync('apt-get', ['-q', '-y', ...parameters], {
        stdio: ['ignore', 'ignore', 'inherit'],
        timeout: LIMIT_MS,
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      }).status === 0;
    const wanted = ['install', '--no-install-recommends', 'redis-server'];
    return apt(...wanted) || (apt('update') && apt(...wanted));
  } finally {
    if (ours) rmSync(POLICY, { force: true });
  }
}

/** Says what it does; never fails, as all other tests can run. */
export function ensureRedis() {
  if (has('redis-server') || has('valkey-server')) return;
  if (process.getuid?.() === 0 && has('apt-get')) {
    process.stderr.write('installing redis-server by apt-get, for the tests of the queue\n');
    if (install() && has('redis-server')) return;
    process.stderr.write('redis-server could not be installed\n');
  }
  process.stderr.write(
    'without redis-server the tests of the queue need a container engine that has or can pull redis:7-alpine; to install it:\n' +
      '  apt-get install redis-server   (Debian, Ubuntu)\n  brew install redis             (macOS)\n',
  );
}
