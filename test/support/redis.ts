/**
 * A Redis of a test's own: in a container when a container engine answers and has the image, else a private
 * `redis-server` on a free port of the loopback interface. Says which on standard error.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** A new server on the same port and, with `keep`, the same files. */
  restart(options: { readonly keep: boolean }): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): Promise<void>;
  unpause(): Promise<void>;
  stop(): Promise<void>;
}

export interface RedisNeeds {
  /** Whether it is reached by TLS only; what that takes is among the options. */
  readonly tls?: boolean;
  /** A folder that options name files of. */
  readonly folder?: string;
}

export const redisImage = 'redis:7-alpine';

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

let said = '';

/** Says it once, not for every Redis of a test file. */
function tell(what: string): void {
  if (what !== said) process.stderr.write(`redis of the tests: ${what}\n`);
  said = what;
}

export async function startRedis(options: readonly string[] = ['--appendonly', 'yes'], needs: RedisNeeds = {}): Promise<TestRedis> {
  // Loaded here, as it takes half a second.
  const { containerEngine, startRedisContainer } = await import('./redis-container.ts');
  const engine = await containerEngine(redisImage);
  if ('unusable' in engine) {
    const server = redisServer();
    if (server === undefined) throw new Error(`${engine.unusable}, and no redis-server on the PATH (apt-get install redis-server)`);
    tell(`${server} (${engine.unusable})`);
    return startRedisServer(server, options, needs);
  }
  tell(`${redisImage} in a container of ${engine.about}`);
  return startRedisContainer(engine, redisImage, options, { ...needs, port: await freePort() });
}

async function startRedisServer(server: string, options: readonly string[], { tls = false }: RedisNeeds): Promise<TestRedis> {
  const port = await freePort();
  const listening = tls ? ['--port', '0', '--tls-port', String(port)] : ['--port', String(port)];
  let folder = mkdtempSync(join(tmpdir(), 'marinade-redis-'));
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn(server, [...listening, '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...options], {
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
    url: `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}/0`,
    port,
    kill,
    async restart({ keep }) {
      if (!keep) {
        rmSync(folder, { recursive: true, force: true });
        folder = mkdtempSync(join(tmpdir(), 'marinade-redis-'));
      }
      await start();
    },
    async pause() {
      child.kill('SIGSTOP');
    },
    async unpause() {
      child.kill('SIGCONT');
    },
    async stop() {
      child.kill('SIGCONT');
      if (child.exitCode === null && child.signalCode === null) await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
