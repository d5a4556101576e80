/** The recipes of deploy/ against the program they start: no option that is not there, nothing that runs as root. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { createProgram } from '../../src/cli/program.ts';
import { temporaryFolder } from '../cli/harness.ts';
import { startRedis } from '../support/redis.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, 'deploy', path), 'utf8');

/** Values of options of a command line as commander reads it; a verb or an option that is not there fails. */
function optionsOf([verb, ...parameters]: readonly string[]): Readonly<Record<string, unknown>> {
  const command = createProgram().commands.find((candidate) => candidate.name() === verb);
  if (command === undefined) throw new Error(`there is no verb '${verb}'`);
  const { operands, unknown } = command.parseOptions([...parameters]);
  expect({ operands, unknown }).toEqual({ operands: [], unknown: [] });
  return command.opts();
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly replicas?: number;
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds?: number;
        readonly securityContext: Readonly<Record<string, unknown>>;
        readonly containers: readonly Container[];
        readonly volumes: readonly { readonly name: string; readonly secret?: { readonly items: readonly { readonly key: string }[] } }[];
      };
    };
  };
}

interface Compose {
  readonly services: Readonly<
    Record<string, { readonly command: readonly string[]; readonly secrets: readonly string[] } & Readonly<Record<string, unknown>>>
  >;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** Settings of a `redis-server` command line. */
function settingsOf([, ...parameters]: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(parameters.flatMap((name, i) => (i % 2 === 0 ? [[name.slice(2), parameters[i + 1]!]] : [])));
}

const forQueue = { appendonly: 'yes', 'maxmemory-policy': 'noeviction' };
const kubernetes = readdirSync(join(root, 'deploy/kubernetes')).filter((name) => name.endsWith('.yaml'));
const manifests = kubernetes.flatMap((name) =>
  parseAllDocuments(read(`kubernetes/${name}`)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  }),
);
const workloads = manifests.filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment');
const ofKind = (kind: string, name: string): Manifest => manifests.find((one) => one.kind === kind && one.metadata.name === name)!;

describe('deploy/compose.yaml', () => {
  const { services, secrets } = parse(read('compose.yaml'), { merge: true }) as Compose;

  test('it starts what there is, with the same queue, host and secrets', () => {
    const serve = optionsOf(services['orchestrator']!.command);
    const worker = optionsOf(services['worker']!.command);
    expect(serve).toMatchObject({ host: '0.0.0.0', allowHost: ['orchestrator'], tokenFile: '/run/secrets/token' });
    expect(worker).toMatchObject({ orchestrator: `http://orchestrator:${serve['port']}`, tokenFile: serve['tokenFile'] });
    for (const name of ['redis', 'queue', 'redisPasswordFile']) expect(worker[name]).toBe(serve[name]);
    expect(settingsOf(services['valkey']!.command)).toMatchObject({ ...forQueue, aclfile: '/run/secrets/users.acl' });
    for (const { secrets: used } of Object.values(services)) expect(used.filter((name) => secrets[name] === undefined)).toEqual([]);
    expect(Number.parseInt(String(services['worker']!['stop_grace_period']), 10)).toBeGreaterThan(Number(worker['drainLimit']));
  });

  test('it gives no service more rights than it needs, and none a secret on its command line', () => {
    for (const service of Object.values(services)) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
      expect(JSON.stringify(service)).not.toMatch(/password=|:[^/@]+@/i);
    }
    expect(services['orchestrator']!['ports']).toEqual(['127.0.0.1:7070:7070']);
  });

  test('it mounts what make-secrets.sh makes', () => {
    const folder = join(temporaryFolder(), 'secrets');
    const make = (): string => execFileSync(join(root, 'deploy/make-secrets.sh'), [folder], { encoding: 'utf8', stdio: 'pipe' });
    expect(make()).toBe('');
    const made = readdirSync(folder).sort();
    expect(made).toEqual(
      Object.values(secrets)
        .map(({ file }) => file.replace('./secrets/', ''))
        .sort(),
    );
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const before = made.map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(before.every((text) => text.trim().length >= 43)).toBe(true);
    make();
    expect(made.map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(before);
  });
});

describe('deploy/kubernetes', () => {
  test('it starts what there is, with the same queue, host and secrets', () => {
    const [orchestrator] = ofKind('StatefulSet', 'orchestrator').spec.template.spec.containers;
    const { containers, terminationGracePeriodSeconds } = ofKind('Deployment', 'worker').spec.template.spec;
    const serve = optionsOf(orchestrator!.args);
    const worker = optionsOf(containers[0]!.args);
    expect(ofKind('StatefulSet', 'orchestrator').spec.replicas).toBe(1);
    expect(worker).toMatchObject({ orchestrator: `http://orchestrator:${serve['port']}`, tokenFile: serve['tokenFile'] });
    for (const name of ['redis', 'queue', 'redisPasswordFile']) expect(worker[name]).toBe(serve[name]);
    expect(terminationGracePeriodSeconds).toBeGreaterThan(Number(worker['drainLimit']));
    const [valkey] = ofKind('StatefulSet', 'valkey').spec.template.spec.containers;
    expect(settingsOf(valkey!.args)).toMatchObject(forQueue);
    for (const name of ['valkey', 'orchestrator']) expect(ofKind('Service', name)).toBeDefined();
  });

  test.each(workloads.map((workload) => [workload.metadata.name, workload] as const))(
    'it runs %s without rights, from volumes that are there',
    (_, workload) => {
      const { securityContext, containers, volumes } = workload.spec.template.spec;
      expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      const there = [...volumes, ...(workload.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata)].map(({ name }) => name);
      for (const container of containers) {
        const confined = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } };
        expect(container.securityContext).toMatchObject(confined);
        expect(container.volumeMounts.filter(({ name }) => !there.includes(name))).toEqual([]);
      }
      const secret = ofKind('Secret', 'marinade').stringData!;
      const used = volumes.flatMap((volume) => volume.secret?.items ?? []).map(({ key }) => key);
      expect(used.filter((key) => secret[key] === undefined)).toEqual([]);
    },
  );

  test('it lists its files, and scales by a metric and to the threads that there are', () => {
    const { resources } = parse(read('kubernetes/kustomization.yaml')) as { readonly resources: readonly string[] };
    const apart = ['kustomization.yaml', 'scaler.yaml', 'secret.example.yaml'];
    expect([...resources, ...apart].sort()).toEqual(kubernetes.sort());
    const scaler = ofKind('ScaledObject', 'worker') as unknown as {
      readonly spec: { readonly scaleTargetRef: { name: string }; readonly triggers: readonly { metadata: Record<string, string> }[] };
    };
    const { valueLocation, targetValue, url } = scaler.spec.triggers[0]!.metadata;
    expect(readFileSync(join(root, 'src/cli/service-metrics.ts'), 'utf8')).toContain(`gauge('${valueLocation}'`);
    const [orchestrator] = ofKind('StatefulSet', 'orchestrator').spec.template.spec.containers;
    expect(optionsOf(orchestrator!.args)['allowHost']).toContain(new URL(url!).hostname);
    const [worker] = ofKind(scaler.spec.scaleTargetRef.name === 'worker' ? 'Deployment' : '', 'worker').spec.template.spec.containers;
    expect(Number(targetValue)).toBe(optionsOf(worker!.args)['threads']);
  });
});

describe('deploy/Dockerfile', () => {
  const lines = read('Dockerfile').replaceAll('\\\n', ' ').split('\n');

  test('it copies what is there and what the build may see, and runs as a user', () => {
    const seen = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    for (const name of seen) expect(existsSync(join(root, name)), name).toBe(true);
    const copied = lines.flatMap((line) => /^COPY (?!--from)(.*) \S+$/.exec(line)?.[1]?.split(' ') ?? []).filter((name) => name !== '.');
    expect(copied.filter((name) => !seen.includes(name))).toEqual([]);
    const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly files: readonly string[] };
    const needed = files.filter((name) => !/\.(md|cff)$|^LICENSE$|^dist$/.test(name));
    expect(needed.filter((name) => !copied.includes(name))).toEqual([]);
    expect(lines).toContain('USER node');
    expect(lines.findLastIndex((line) => line.startsWith('USER'))).toBeGreaterThan(lines.findLastIndex((line) => line.startsWith('RUN')));
  });

  test('the page that its build makes may be read by that user', async () => {
    const { ensureWebBuilt } = (await import(pathToFileURL(join(root, 'scripts/build-web.mjs')).href)) as {
      ensureWebBuilt(say: () => void): Promise<void>;
    };
    await ensureWebBuilt(() => {});
    for (const name of ['', 'assets', 'index.html']) expect(statSync(join(root, 'dist/web', name)).mode & 0o004, name).toBe(0o004);
    for (const name of ['', 'assets']) expect(statSync(join(root, 'dist/web', name)).mode & 0o001, name).toBe(0o001);
  });
});

describe('deploy/slurm/workers.sbatch', { timeout: 60_000 }, () => {
  test('it says what it needs', () => {
    const script = join(root, 'deploy/slurm/workers.sbatch');
    expect(() => execFileSync('bash', [script], { stdio: 'pipe', env: { PATH: process.env['PATH'] } })).toThrow('MARINADE_HOME');
  });

  test('it starts a worker that drains on SIGTERM', async () => {
    const redis = await startRedis();
    const folder = temporaryFolder();
    // A Slurm of one node: what is behind srun's own options is run here.
    writeFileSync(join(folder, 'srun'), '#!/bin/sh\nwhile case $1 in --*) ;; *) false ;; esac; do shift; done\nexec "$@"\n');
    chmodSync(join(folder, 'srun'), 0o755);
    writeFileSync(join(folder, 'password'), '');
    mkdirSync(join(folder, 'home/node_modules/.bin'), { recursive: true });
    symlinkSync(join(root, 'bin'), join(folder, 'home/bin'));
    symlinkSync(process.execPath, join(folder, 'home/node_modules/.bin/node'));
    const child = spawn('bash', [join(root, 'deploy/slurm/workers.sbatch'), '--threads', '1'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: `${folder}:${process.env['PATH']}`,
        MARINADE_HOME: join(folder, 'home'),
        MARINADE_QUEUE_URL: redis.url,
        MARINADE_PASSWORD_FILE: join(folder, 'password'),
      },
    });
    const ended = once(child, 'close');
    let said = '';
    try {
      for await (const text of child.stderr.setEncoding('utf8')) {
        said += text as string;
        if (said.includes('computes on 1 threads')) child.kill('SIGTERM');
      }
      expect({ status: (await ended)[0] as unknown, said }).toMatchObject({
        status: 143,
        said: expect.stringContaining('SIGTERM: finishing'),
      });
    } finally {
      child.kill('SIGKILL');
      await redis.stop();
    }
  });
});
