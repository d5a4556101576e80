/** `marinade data`, and downloads from servers that misbehave in every way a mirror did to others. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { download } from '../../src/cli/download.ts';
import { codeOf, type MarinadeError } from '../../src/shared/errors.ts';
import { sha256Hex } from '../../src/shared/hash.ts';
import type { RegisteredFile } from '../../src/worker/data/registry.ts';
import { jsonOf, marinade, newFolder } from './harness.ts';

const { folder, remove } = newFolder();
const here = { cwd: folder };
afterAll(remove);

describe('marinade data', () => {
  interface Listed {
    readonly folders: readonly string[];
    readonly dataSets: readonly { name: string; files: { file: string; sha256: string[]; bytes: number; path: string | null }[] }[];
  }

  it('lists registered sets with their checksums and where they are', async () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data/mushrooms'), '1 1:1\n');
    const listed = jsonOf<Listed>(await marinade(['data', 'list', '--json', '--data-dir', 'data'], here));
    expect(listed.folders).toEqual(['data', join(folder, 'cache/marinade')]);
    const mushrooms = listed.dataSets.find(({ name }) => name === 'mushrooms')!;
    expect(mushrooms.files).toEqual([
      {
        file: 'mushrooms',
        sha256: ['881c79cc993e7ea423d1ac3488877f26f0a86d5c88484b06029bbce75a7a674b'],
        bytes: 879711,
        path: 'data/mushrooms',
      },
    ]);
    const { stdout } = await marinade(['data', 'list'], here);
    expect(stdout).toMatch(/^a9a +32,561 +123 +a9a +2\.3 MB +f5d5ffd8d865ff41 +–$/m);
    expect(stdout).toContain('synthetic-adult');
  });

  it('prints the path of a set that is here, without judging it', async () => {
    const env = { MARINADE_DATA_DIR: join(folder, 'data') };
    expect(await marinade(['data', 'path', 'mushrooms'], { ...here, env })).toMatchObject({
      status: 0,
      stdout: `${join(folder, 'data/mushrooms')}\n`,
    });
  });

  it('finds the file that is not the registered one', async () => {
    const ended = await marinade(['data', 'verify', '--data-dir', 'data', '--json'], here);
    expect(ended.status).toBe(7);
    expect(jsonOf(ended)).toEqual({ schema: 1, files: [{ name: 'mushrooms', file: 'mushrooms', path: 'data/mushrooms', intact: false }] });
    expect(ended.stderr).toMatch(/data\/mushrooms: its content has sha256 [0-9a-f]{64}; expected 881c79cc/);
    expect((await marinade(['data', 'verify', 'mushrooms', '--data-dir', 'data'], here)).stdout).toBe('DAMAGED  data/mushrooms\n');
  });

  it('ends with 7 for a set that is not here, and never touches the network offline', async () => {
    for (const args of [
      ['path', 'w8a'],
      ['verify', 'w8a'],
      ['fetch', 'w8a'],
      ['fetch', 'w8a', '--offline'],
    ]) {
      const ended = await marinade(['data', ...args], here);
      expect(ended).toMatchObject({ status: 7, stdout: '' });
      expect(ended.stderr).toMatch(/^MARINADE_DATA_MISSING: data set 'w8a': the file 'w8a' was not found/);
    }
  });

  it('refuses names it does not know, and a set that has no files', async () => {
    expect((await marinade(['data', 'path', 'a9'], here)).stderr).toMatch(/^MARINADE_CONFIG_INVALID: unknown data set 'a9'/);
    expect((await marinade(['data', 'fetch', 'synthetic-adult'], here)).status).toBe(2);
  });
});

describe('a download', () => {
  const content = Buffer.from('1 1:1 2:0.5\n-1 2:1\n'.repeat(50));
  let server: Server;
  let origin = '';
  let asked: string[] = [];
  const answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
    '/good': (_request, response) => response.end(content),
    '/packed': (_request, response) => response.end(gzipSync(content)),
    '/page': (_request, response) => response.end('<html>this domain is for sale</html>'),
    '/gone': (_request, response) => response.writeHead(404).end(),
    '/endless': (_request, response) => {
      const more = setInterval(() => response.write(Buffer.alloc(1 << 16)), 1);
      response.on('close', () => clearInterval(more));
    },
    '/silent': () => {},
    '/short': (_request, response) => {
      response.writeHead(200, { 'content-length': String(content.length) });
      response.write(content.subarray(0, 10));
      setTimeout(() => response.destroy(), 20);
    },
    '/bomb': (_request, response) => response.end(gzipSync(Buffer.alloc(1 << 20))),
    '/second-time': (request, response) =>
      asked.filter((url) => url === request.url).length < 2 ? response.writeHead(503).end() : response.end(content),
  };

  beforeAll(async () => {
    process.env['XDG_CACHE_HOME'] = join(folder, 'downloads');
    server = createServer((request, response) => {
      asked.push(request.url!);
      answers[request.url!]!(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    delete process.env['XDG_CACHE_HOME'];
    server.closeAllConnections();
    server.close();
  });

  // What is in the cache already is not fetched again.
  const forget = (): void => rmSync(join(folder, 'downloads'), { recursive: true, force: true });
  beforeEach(forget);

  const file = (...paths: string[]): RegisteredFile => ({
    file: 'set',
    sha256: [sha256Hex(content)],
    bytes: content.length,
    urls: paths.map((path) => `${origin}${path}`),
  });
  const network = { refuses: () => undefined, admits: () => true };
  const options = { tries: 2, silenceMs: 300, pauseMs: 1, network };

  it('arrives packed or plain, whole, under its checksum', async () => {
    for (const path of ['/good', '/packed']) {
      forget();
      const at = await download(file(path), options);
      expect(at.endsWith(sha256Hex(content))).toBe(true);
      expect(readFileSync(at)).toEqual(content);
    }
  });

  it('goes on to the next mirror past every failure, and tries again only where that can help', async () => {
    asked = [];
    await download(file('/page', '/gone', '/endless', '/bomb', '/short', '/silent', '/second-time'), options);
    expect(asked).toEqual([
      '/page',
      '/gone',
      '/endless',
      '/bomb',
      '/bomb',
      '/short',
      '/short',
      '/silent',
      '/silent',
      '/second-time',
      '/second-time',
    ]);
  });

  it('says what each mirror did when none helps, and leaves nothing behind', async () => {
    const failure = await download(file('/page', '/gone', '/endless', '/short', '/silent'), { ...options, tries: 1 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(codeOf(failure)).toBe('MARINADE_DATA_DOWNLOAD');
    const lines = (failure as MarinadeError).text.split('\n');
    expect(lines[0]).toBe("'set' could not be downloaded:");
    expect(lines[1]).toMatch(/page: sends other bytes \(sha256 [0-9a-f]{64}\)$/);
    expect(lines[2]).toMatch(/gone: status 404$/);
    expect(lines[3]).toMatch(/endless: sends more than the registered 950 bytes$/);
    expect(lines[4]).toMatch(/short: /);
    expect(lines[5]).toMatch(/silent: silent for 0\.3 s$/);
    const left = readdirSync(join(folder, 'downloads'), { recursive: true }).map(String);
    expect(left.filter((name) => name.endsWith('.tmp') || name.endsWith('.lock'))).toEqual([]);
    expect((await download(file(), options).catch((thrown: unknown) => thrown)) as Error).toMatchObject({ code: 'MARINADE_DATA_DOWNLOAD' });
  });

  it('stops when told to', async () => {
    const controller = new AbortController();
    const stopped = download(file('/silent'), { ...options, silenceMs: 20_000, signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    expect(codeOf(await stopped.catch((thrown: unknown) => thrown))).toBe('MARINADE_EXECUTION_INTERRUPTED');
    expect(existsSync(join(folder, 'downloads'))).toBe(true);
  });
});
