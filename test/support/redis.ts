/**
 * A Redis of a test's own: in a container when a Docker engine answers and has the image, else a private `redis-server`
 * on a free port of the loopback interface. Says which on standard error.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** SIGKILL, then a new server on the same port and, with `keep`, the same files. */
  kill(): Promise<void>;
  restart(options: { readonly keep: boolean }): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  unpause(): void;
  stop(): Promise<void>;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** The path of a redis-server or valkey-server, or undefined. */
export function redisServer(): string | undefined {
  for (const name of ['redis-server', 'valkey-server']) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    } catch {}
  }
  return undefined;
}

export async function startRedis(options: readonly string[] = ['--appendonly', 'yes']): Promise<TestRedis> {
  const server = redisServer();
  if (server === undefined) throw new Error('no redis-server on the PATH; install it (apt-get install redis-server)');
  const port = await freePort();
  let folder = mkdtempSync(join(tmpdir(), 'marinade-redis-'));
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn(server, ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
      child.stdout!.on('data', (text: Buffer) => {
        if (text.includes('Ready to accept connections')) resolve();
      });
    });
  };
  const kill = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    kill,
    async restart({ keep }) {
      if (!keep) {
        rmSync(folder, { recursive: true, force: true });
        folder = mkdtempSync(join(tmpdir(), 'marinade-redis-'));
      }
      await start();
    },
    pause: () => void child.kill('SIGSTOP'),
    unpause: () => void child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT');
      if (child.exitCode === null && child.signalCode === null) await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
