/** Data sets by name and by file: identities against an independent reader, places in their order, the right refusals. */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { syntheticAdult } from '../../../src/algorithm/data/synthetic-adult.ts';
import { identityOf, partDigest } from '../../../src/worker/data/identity.ts';
import { cachedFile, locate } from '../../../src/worker/data/locate.ts';
import { sha256Of } from '../../../src/worker/data/read-file.ts';
import { filesOf, registeredSets, requireRegistered } from '../../../src/worker/data/registry.ts';
import golden from '../../fixtures/data-identity.json' with { type: 'json' };
import { failureOf, temporaryFolder } from '../../orchestrator/ledger/support.ts';
import { dataDirectory } from '../../support/data.ts';
import { load, ownCache } from './support.ts';

// Taken before any test changes the environment.
const folder = dataDirectory() ?? '';
const withData = describe.skipIf(folder === '');

interface GoldenPart {
  readonly digest: string;
  readonly rows: number;
  readonly columns: number;
  readonly entries: number;
  readonly labels: Readonly<Record<string, number>>;
}
const goldens = Object.entries(golden as Record<string, { identity: string; train: GoldenPart; test?: GoldenPart }>);

/** A folder with copies of data files under other names. */
function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const made = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(made, name, '..'), { recursive: true });
    if (typeof content === 'string') symlinkSync(content, join(made, name));
    else writeFileSync(join(made, name), content);
  }
  return made;
}

describe('the registry', () => {
  it('pins the parsed form that the independent reader finds', () => {
    expect(Object.fromEntries(registeredSets.map(({ name, parsed }) => [name, parsed]))).toEqual(
      Object.fromEntries(
        goldens.map(([name, { train, test }]) => [name, { train: train.digest, ...(test === undefined ? {} : { test: test.digest }) }]),
      ),
    );
    for (const [name, { train }] of goldens) expect(requireRegistered(name)).toMatchObject({ rows: train.rows, dimension: train.columns });
  });

  it('names https mirrors alone, and files that stay inside a folder', () => {
    for (const file of registeredSets.flatMap(filesOf)) {
      for (const url of file.urls) expect(new URL(url).protocol).toBe('https:');
      expect(file.file).toMatch(/^[a-z0-9][a-z0-9.-]*(\/[a-z0-9][a-z0-9.-]*)?$/);
      for (const sha256 of file.sha256) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  });
});

describe('synthetic-adult', () => {
  it('is a constant', async () => {
    ownCache();
    const { data, test, sha256 } = await load({ name: 'synthetic-adult', normalize: 'rows' });
    expect(sha256).toBe('aa919baa478548861b23a04a76fdaba9968902adcc6df731f1cc27c2f7b70db6');
    expect(sha256).toBe(identityOf(partDigest(syntheticAdult()), undefined));
    expect(test).toBeUndefined();
    expect(data).toMatchObject({ name: 'synthetic-adult', rows: 32561, columns: 123, classes: 2 });
  });
});

withData('a registered set', () => {
  beforeEach(() => void ownCache());

  it.each(goldens.filter(([name]) => !name.includes('mnist')))(
    '%s has the identity of the independent reader, cold and warm',
    async (name, facts) => {
      for (let i = 0; i < 2; i++) {
        const { data, test, sha256 } = await load({ name }, { dataDirectory: folder });
        expect(sha256).toBe(facts.identity);
        expect(data).toMatchObject({ name, rows: facts.train.rows, columns: facts.train.columns, classes: 2 });
        expect(data.columnOf.length).toBe(facts.train.entries);
        const [low, high] = Object.entries(facts.train.labels).sort(([a], [b]) => Number(a) - Number(b));
        expect([data.labels.filter((y) => y === -1).length, data.labels.filter((y) => y === 1).length]).toEqual([low![1], high![1]]);
        expect(test?.rows).toBe(facts.test?.rows);
        if (test !== undefined) expect(test.columns).toBe(data.columns);
      }
    },
  );

  it.each(goldens.filter(([name]) => name.includes('mnist')))(
    '%s is found in its own folder and flat, beside its namesakes',
    async (name, facts) => {
      const { data, test, sha256 } = await load({ name }, { dataDirectory: folder });
      expect(sha256).toBe(facts.identity);
      expect(data).toMatchObject({ rows: 60000, columns: 784, classes: 10 });
      expect(test).toMatchObject({ rows: 10000, columns: 784 });
      expect(data.labels.filter((label) => label === 3).length).toBe(facts.train.labels['3']);

      const files = filesOf(requireRegistered(name));
      const flat = folderWith(Object.fromEntries(files.map(({ file }) => [`${basename(file)}.gz`, join(folder, `${file}.gz`)])));
      for (const file of files) expect(locate(file, { dataDirectory: flat })).toBe(join(flat, `${basename(file.file)}.gz`));
      const other = requireRegistered(name === 'mnist' ? 'fashion-mnist' : 'mnist');
      for (const file of filesOf(other)) expect(locate(file, { dataDirectory: flat })).toBeUndefined();
      expect((await failureOf(load({ name: other.name }, { dataDirectory: flat }))).code).toBe('MARINADE_DATA_MISSING');
    },
    120_000,
  );

  it('is looked for in --data-dir, then MARINADE_DATA_DIR, then the cache, packed or plain', async () => {
    const set = requireRegistered('mushrooms');
    const packed = readFileSync(join(folder, 'mushrooms.gz'));
    const first = folderWith({ mushrooms: gunzipSync(packed) });
    const second = folderWith({ 'mushrooms.gz': packed });
    const cached = cachedFile(set.train.sha256[0]!);
    expect(locate(set.train, {})).toBeUndefined();
    mkdirSync(join(cached, '..'), { recursive: true });
    writeFileSync(cached, gunzipSync(packed));
    expect(locate(set.train, {})).toBe(cached);
    process.env['MARINADE_DATA_DIR'] = second;
    expect(locate(set.train, {})).toBe(join(second, 'mushrooms.gz'));
    expect(locate(set.train, { dataDirectory: first })).toBe(join(first, 'mushrooms'));
    expect(locate(set.train, { dataDirectory: temporaryFolder() })).toBe(join(second, 'mushrooms.gz'));
    const identities = [];
    for (const dataDirectory of [first, second]) identities.push((await load({ name: 'mushrooms' }, { dataDirectory })).sha256);
    delete process.env['MARINADE_DATA_DIR'];
    identities.push((await load({ name: 'mushrooms' })).sha256);
    expect(new Set(identities)).toEqual(new Set([golden.mushrooms.identity]));
  });

  it('has one identity in every spelling of its numbers', async () => {
    const text = gunzipSync(readFileSync(join(folder, 'ijcnn1.gz'))).toString();
    // As the collection's own file has them: six decimals everywhere.
    const spelled = text
      .replace(/^[+-]?\d+/gm, (label) => Number(label).toFixed(6))
      .replace(/:(\S+)/g, (_, value) => `:${Number(value).toFixed(6)}`);
    expect(sha256Of(Buffer.from(spelled))).not.toBe(requireRegistered('ijcnn1').train.sha256[0]);
    const dataDirectory = folderWith({ ijcnn1: Buffer.from(spelled) });
    expect((await load({ name: 'ijcnn1' }, { dataDirectory })).sha256).toBe(golden.ijcnn1.identity);
    expect((await load({ file: join(dataDirectory, 'ijcnn1') })).sha256).toBe(golden.ijcnn1.identity);
  });

  it('keeps its identity where its test set is missing', async () => {
    const dataDirectory = folderWith({ 'a9a.gz': join(folder, 'a9a.gz') });
    expect(await load({ name: 'a9a' }, { dataDirectory })).toMatchObject({ sha256: golden.a9a.identity, test: undefined });
  });

  it('is not what it says when a number, a label or a row differs: both hashes are named, whatever a cache holds', async () => {
    const text = gunzipSync(readFileSync(join(folder, 'mushrooms.gz'))).toString();
    for (const changed of [text.replace('1:1', '2:1'), text.replace(/^1/, '2'), text.slice(text.indexOf('\n') + 1), `${text}1 1:1\n`]) {
      const dataDirectory = folderWith({ mushrooms: Buffer.from(changed) });
      const path = join(dataDirectory, 'mushrooms');
      // Reading it as a file of its own puts its rows into the cache.
      await load({ file: path, dimension: 112 });
      for (let i = 0; i < 2; i++) {
        const failure = await failureOf(load({ name: 'mushrooms' }, { dataDirectory }));
        expect(failure.code).toBe('MARINADE_DATA_CHECKSUM');
        expect(failure.message).toContain(`${path}: its content has sha256 ${sha256Of(Buffer.from(changed))}; expected 881c79cc`);
      }
    }
  });

  it('that is damaged is refused with its place, though a good copy lies further down the search', async () => {
    process.env['MARINADE_DATA_DIR'] = folder;
    const packed = readFileSync(join(folder, 'mushrooms.gz'));
    const truncated = folderWith({ 'mushrooms.gz': packed.subarray(0, 20_000) });
    expect(await failureOf(load({ name: 'mushrooms' }, { dataDirectory: truncated }))).toMatchObject({
      code: 'MARINADE_DATA_MALFORMED',
      details: { file: join(truncated, 'mushrooms.gz'), offset: 20_000 },
    });
    const beyond = folderWith({ mushrooms: Buffer.from('1 1:1\n2 1:1 113:1\n') });
    expect((await failureOf(load({ name: 'mushrooms' }, { dataDirectory: beyond }))).message).toContain(
      'mushrooms: line 2, byte 12: index 113 is beyond the dimension 112',
    );
    const bomb = folderWith({ 'mushrooms.gz': gzipSync(Buffer.alloc(64 << 20)) });
    expect((await failureOf(load({ name: 'mushrooms' }, { dataDirectory: bomb }))).code).toBe('MARINADE_DATA_TOO_LARGE');
    const html = folderWith({ mushrooms: Buffer.from('<html>moved</html>') });
    expect((await failureOf(load({ name: 'mushrooms' }, { dataDirectory: html }))).message).toContain(
      "expected a label; got '<html>moved</html>'",
    );
  });
});

describe('a set that is nowhere', () => {
  it.each([true, false])(
    'is missing: file, hash and what to do are named (offline %s), and nothing is asked of the network',
    async (offline) => {
      ownCache();
      const here = temporaryFolder();
      const failure = await failureOf(load({ name: 'w8a' }, { dataDirectory: here, offline }));
      expect(failure.code).toBe('MARINADE_DATA_MISSING');
      for (const part of [
        "data set 'w8a': the file 'w8a' was not found",
        '3478238 bytes uncompressed, sha256 6a9fa8fd5f524303240a5db07d4b3d4a51e8b7b4b20a914105d8e3e8c81640f2',
        here,
        'the cache',
        "put 'w8a' or 'w8a.gz' into a folder and name it with --data-dir or MARINADE_DATA_DIR",
        'marinade data fetch w8a',
      ]) {
        expect(failure.message).toContain(part);
      }
    },
  );

  it('is an error of configuration when its name is unknown', async () => {
    expect(await failureOf(load({ name: 'a8a' }))).toMatchObject({ code: 'MARINADE_CONFIG_INVALID' });
    for (const name of ['../a9a', '/etc/passwd', 'a9a\u0000', 'A9A', '..%2fa9a', 'x'.repeat(300)]) expect(() => load({ name })).toThrow();
  });
});

describe('a data file', () => {
  beforeEach(() => void ownCache());

  const labels = (count: number): Buffer =>
    Buffer.concat([Buffer.from([0, 0, 8, 1, 0, 0, 0, count]), Buffer.from([7, 3, 7].slice(0, count))]);
  const images = (count: number): Buffer =>
    Buffer.concat([Buffer.from([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 2]), Buffer.alloc(4 * count, 5)]);

  it('in IDX needs its labels and is two classes where there are two', async () => {
    const made = folderWith({ images: gzipSync(images(3)), labels: labels(3) });
    const spec = { file: join(made, 'images'), format: 'idx' };
    const { data } = await load({ ...spec, labels: join(made, 'labels') });
    expect([...data.labels]).toEqual([1, -1, 1]);
    expect(data).toMatchObject({ rows: 3, columns: 4, classes: 2 });
    expect((await failureOf(load(spec))).code).toBe('MARINADE_CONFIG_INVALID');
    const withTest = load({ ...spec, labels: join(made, 'labels'), test: join(made, 'images') });
    expect((await failureOf(withTest)).message).toContain('a test set in idx format has no place for its labels');
    copyFileSync(join(made, 'labels'), join(made, 'few'));
    writeFileSync(join(made, 'few'), labels(2));
    expect((await failureOf(load({ ...spec, labels: join(made, 'few') }))).message).toContain(
      'few: byte 4: expected 3 labels, one for each image; got 2',
    );
  });

  it('has a test set of its own dimension and labels', async () => {
    const made = folderWith({
      train: Buffer.from('2 1:1 3:1\n5 2:1\n'),
      test: Buffer.from('5 1:1\n2 2:2\n'),
      wide: Buffer.from('2 4:1\n'),
      strange: Buffer.from('3 1:1\n'),
    });
    const file = join(made, 'train');
    const { test, sha256 } = await load({ file, test: join(made, 'test') });
    expect(test).toMatchObject({ rows: 2, columns: 3, classes: 2 });
    expect([...test!.labels]).toEqual([1, -1]);
    expect(sha256).not.toBe((await load({ file })).sha256);
    expect((await failureOf(load({ file, test: join(made, 'wide') }))).message).toContain(
      'wide: line 1, byte 2: index 4 is beyond the dimension 3',
    );
    expect((await failureOf(load({ file, test: join(made, 'strange') }))).message).toContain(
      'strange: example 1: label 3 is not among the training labels 2, 5',
    );
  });

  it('that is missing is named', async () => {
    const path = join(temporaryFolder(), 'none.libsvm');
    expect(await failureOf(load({ file: path }))).toMatchObject({ code: 'MARINADE_DATA_MISSING', details: { file: path } });
  });
});
