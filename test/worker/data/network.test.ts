/** Where downloads may go, and that processes that want one file fetch it once. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download } from '../../../src/cli/download.ts';
import { alone } from '../../../src/worker/data/fetch-lock.ts';
import { cachedFile } from '../../../src/worker/data/locate.ts';
import { ask, isPublic, type Network, registeredHosts } from '../../../src/worker/data/network.ts';
import { sha256Of } from '../../../src/worker/data/read-file.ts';
import { filesOf, registeredSets } from '../../../src/worker/data/registry.ts';
import { endChildren, mountProblem, mountTmpfs, remountReadOnly, startChild, unmountAll } from '../../orchestrator/ledger/processes.ts';
import { failureOf, filesBelow, temporaryFolder } from '../../orchestrator/ledger/support.ts';
import { ownCache } from './support.ts';

const noMounts = mountProblem();
if (noMounts !== undefined) console.log(`tests on file systems of their own are skipped: ${noMounts}`);

describe('the network of the registry', () => {
  it('lets every registered mirror be asked', () => {
    const urls = registeredSets.flatMap(filesOf).flatMap((file) => file.urls);
    expect(urls.length).toBeGreaterThan(20);
    for (const url of urls) expect(registeredHosts.refuses(new URL(url))).toBeUndefined();
  });

  it.each([
    ['http://www.csie.ntu.edu.tw/a9a', 'is not https'],
    ['file:///etc/passwd', 'is not https'],
    ['https://example.org/a9a', 'example.org is no host of the registry'],
    ['https://www.csie.ntu.edu.tw.example.org/a9a', 'is no host of the registry'],
    ['https://127.0.0.1/a9a', '127.0.0.1 is no host of the registry'],
    ['https://169.254.169.254/latest/meta-data', 'is no host of the registry'],
    ['https://www.csie.ntu.edu.tw:8443/a9a', 'has a port or a password'],
    ['https://user:word@www.csie.ntu.edu.tw/a9a', 'has a port or a password'],
  ])('refuses %s', (url, reason) => {
    expect(registeredHosts.refuses(new URL(url))).toContain(reason);
  });

  it.each(['140.112.30.28', '8.8.8.8', '192.0.1.1', '172.32.0.1', '2001:4860:4860::8888'])('takes %s for public', (address) => {
    expect(isPublic(address)).toBe(true);
  });

  it.each([
    '127.0.0.1',
    '127.255.0.3',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '64:ff9b::7f00:1',
    'localhost',
    '',
  ])('does not take %s for public', (address) => {
    expect(isPublic(address)).toBe(false);
  });
});

const content = Buffer.from('1 1:1 2:0.5\n-1 2:1\n'.repeat(50));
const anywhere: Network = { refuses: () => undefined, admits: () => true };
let server: Server;
let origin = '';
let asked: string[] = [];

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url!);
    const [, kind, rest] = /^\/([a-z]+)\/?(.*)$/.exec(request.url!)!;
    if (kind === 'to') response.writeHead(302, { location: decodeURIComponent(rest!) }).end();
    else if (kind === 'again') response.writeHead(307, { location: `/again/${Number(rest) + 1}` }).end();
    else setTimeout(() => response.end(content), kind === 'slow' ? 300 : 0);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await endChildren();
  unmountAll();
});

const text = async (path: string, network: Network = anywhere): Promise<string> =>
  (await ask(`${origin}${path}`, network, AbortSignal.timeout(5000))).text();
const toward = (target: string): string => `/to/${encodeURIComponent(target)}`;

describe('a request', () => {
  it('follows three redirects, and not a fourth', async () => {
    expect(await text(toward(toward(toward('/good'))))).toBe(content.toString());
    expect((await failureOf(text('/again/0'))).message).toBe('leads on more than 3 times');
    expect(asked.filter((url) => url.startsWith('/again'))).toHaveLength(4);
  });

  it.each(['http://169.254.169.254/latest/meta-data', 'https://example.org/', 'file:///etc/passwd', 'ftp://example.org/'])(
    'does not follow a redirect to %s',
    async (target) => {
      const network: Network = {
        refuses: (url) => (url.origin === origin ? undefined : `${url.href} is elsewhere`),
        admits: () => true,
      };
      expect((await failureOf(text(toward(target), network))).message).toContain('is elsewhere');
      expect(asked).toHaveLength(1);
    },
  );

  it('does not connect to an address that is not public, whatever its name', async () => {
    const network: Network = { refuses: () => undefined, admits: isPublic };
    for (const name of ['localhost', '127.0.0.1']) {
      const failure = await failureOf(ask(`${origin.replace('127.0.0.1', name)}/good`, network, AbortSignal.timeout(5000)));
      expect(failure.message).toMatch(/leads to (127\.0\.0\.1|::1), which is not a public address$/);
    }
    expect(asked).toEqual([]);
  });
});

describe('a download', () => {
  const file = (path: string) => ({ file: 'set', sha256: [sha256Of(content)], bytes: content.length, urls: [`${origin}${path}`] });
  const options = { tries: 1, silenceMs: 5000 };

  it('goes to no other place than the registry when nothing else is said', async () => {
    ownCache();
    const failure = await failureOf(download(file('/good'), options));
    expect(failure.code).toBe('MARINADE_DATA_DOWNLOAD');
    expect(failure.message).toContain('is not https');
    expect(asked).toEqual([]);
  });

  it('is made once by processes that want one file at the same time', async () => {
    const folder = temporaryFolder();
    ownCache(folder);
    const children = Array.from({ length: 4 }, () =>
      startChild('../../worker/data/fetching.ts', `${origin}/slow`, sha256Of(content), String(content.length)),
    );
    const exits = await Promise.all(children.map(({ exited }) => exited));
    expect(exits.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(asked).toEqual(['/slow']);
    const path = cachedFile(sha256Of(content));
    for (const child of children) expect(child.lines()).toEqual([path]);
    expect(readFileSync(path)).toEqual(content);
    expect(filesBelow(folder)).toHaveLength(1);
  });

  it('waits for nobody who was killed', async () => {
    ownCache();
    const child = startChild('../../worker/data/fetching.ts', `${origin}/slow`, sha256Of(content), String(content.length));
    while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    child.process.kill('SIGKILL');
    await child.exited;
    expect(readFileSync(await download(file('/good'), { ...options, network: anywhere }))).toEqual(content);
  });

  it('stops waiting when told to', async () => {
    ownCache();
    const controller = new AbortController();
    await alone(`${cachedFile(sha256Of(content))}.lock`, undefined, async () => {
      const stopped = download(file('/good'), { ...options, network: anywhere, signal: controller.signal });
      controller.abort();
      expect((await failureOf(stopped)).code).toBe('MARINADE_EXECUTION_INTERRUPTED');
    });
    expect(asked).toEqual([]);
  });

  it.skipIf(noMounts !== undefined)('names a cache folder that cannot be written, before anything is asked of anyone', async () => {
    const place = mountTmpfs(64);
    remountReadOnly(place);
    ownCache(place);
    const failure = await failureOf(download(file('/good'), { ...options, network: anywhere }));
    expect(failure.code).toBe('MARINADE_DATA_DOWNLOAD');
    expect(failure.message).toContain(`${place}/marinade, which cannot be written: EROFS`);
    expect(asked).toEqual([]);
  });

  it.skipIf(noMounts !== undefined)('names a disk that is full and leaves no half a file', async () => {
    const place = mountTmpfs(4);
    ownCache(place);
    const failure = await failureOf(download(file('/good'), { ...options, network: anywhere }));
    expect(failure.code).toBe('MARINADE_STORAGE_FULL');
    expect(filesBelow(place)).toEqual([]);
  });
});
