/** The container kind of a test's Redis: reached on loopback alone, at a port it keeps, gone after the test. */
import { RedisContainer } from '@testcontainers/redis';
import { getContainerRuntimeClient, ImageName } from 'testcontainers';
import type { RedisNeeds, TestRedis } from './redis.ts';

type Client = Awaited<ReturnType<typeof getContainerRuntimeClient>>;

export interface ContainerEngine {
  readonly client: Client;
  readonly about: string;
}

/** A pull that takes longer is given up: the registry cannot be reached. */
const PULL_LIMIT_MS = 30_000;
const REDIS_PORT = 6379;

/** Names the process a container belongs to: the image of the usual reaper cannot be had everywhere. */
const OWNER = 'marinade.test.process';
process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';

const asked = new Map<string, Promise<ContainerEngine | { readonly unusable: string }>>();

/** The engine, when it answers and has or gets the image; else why not. */
export function containerEngine(image: string): Promise<ContainerEngine | { readonly unusable: string }> {
  const answer = asked.get(image) ?? findEngine(image);
  asked.set(image, answer);
  return answer;
}

async function findEngine(image: string): Promise<ContainerEngine | { readonly unusable: string }> {
  let client: Client;
  try {
    client = await getContainerRuntimeClient();
  } catch {
    return { unusable: 'no container engine answers' };
  }
  const name = ImageName.fromString(image);
  const { serverVersion } = client.info.containerRuntime as { readonly serverVersion?: string | number };
  if (!(await client.image.exists(name))) {
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`no answer within ${PULL_LIMIT_MS / 1000} s`)), PULL_LIMIT_MS).unref();
    });
    try {
      await Promise.race([client.image.pull(name), late]);
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      return { unusable: `${image} cannot be pulled (${why}) and scripts/redis-image.sh has not built it` };
    }
  }
  await removeOrphans(client);
  return { client, about: `Docker ${serverVersion ?? ''}`.trim() };
}

/** Containers of test processes that were killed. */
async function removeOrphans({ container }: Client): Promise<void> {
  for (const { Id, Labels } of await container.dockerode.listContainers({ all: true, filters: { label: [OWNER] } })) {
    try {
      process.kill(Number(Labels[OWNER]), 0);
    } catch {
      await container
        .getById(Id)
        .remove({ force: true, v: true })
        .catch(() => {});
    }
  }
}

class LoopbackRedis extends RedisContainer {
  protected override async beforeContainerCreated(): Promise<void> {
    for (const bindings of Object.values(this.hostConfig.PortBindings as Record<string, { HostIp?: string }[]>))
      for (const binding of bindings) binding.HostIp = '127.0.0.1';
  }
}

export async function startRedisContainer(
  { client }: ContainerEngine,
  image: string,
  options: readonly string[],
  { tls = false, folder, port }: RedisNeeds & { readonly port: number },
): Promise<TestRedis> {
  const listening = tls ? ['--port', '0', '--tls-port', String(REDIS_PORT)] : [];
  const create = async (): Promise<ReturnType<Client['container']['getById']>> => {
    const wanted = new LoopbackRedis(image)
      .withExposedPorts({ container: REDIS_PORT, host: port })
      .withLabels({ [OWNER]: String(process.pid) })
      .withCommand(['redis-server', ...listening, '--save', '', ...options]);
    if (folder !== undefined) wanted.withCopyDirectoriesToContainer([{ source: folder, target: folder }]);
    return client.container.getById((await wanted.start()).getId());
  };
  let container = await create();
  const remove = (): Promise<unknown> => container.remove({ force: true, v: true });
  return {
    url: `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}/0`,
    port,
    async kill() {
      await container.kill({ signal: 'SIGKILL' });
      await container.wait({ condition: 'not-running' });
    },
    async restart({ keep }) {
      if (keep) await container.start();
      else {
        await remove();
        container = await create();
      }
    },
    pause: () => container.kill({ signal: 'SIGSTOP' }),
    unpause: () => container.kill({ signal: 'SIGCONT' }),
    async stop() {
      await remove();
    },
  };
}
