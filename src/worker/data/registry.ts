/** The registered data sets: files with accepted checksums of their uncompressed content, mirrors, limits, licences. */
import { MarinadeError } from '../../shared/errors.ts';

export interface RegisteredFile {
  /** Name in a flat data directory, without `.gz`. */
  readonly file: string;
  /** sha256 of the uncompressed content; several where copies differ in bytes but hold the same numbers. */
  readonly sha256: readonly string[];
  /** Size of the uncompressed content, the limit for reading and unpacking. */
  readonly bytes: number;
  /** https mirrors, gzip or plain; none where the public copy's bytes differ from ours. */
  readonly urls: readonly string[];
}

export interface RegisteredSet {
  readonly name: string;
  readonly format: 'libsvm' | 'idx';
  readonly dimension: number;
  readonly rows: number;
  /** Hashes of the parsed parts (`identity.ts`): what a copy must hold, whatever its bytes. */
  readonly parsed: { readonly train: string; readonly test?: string };
  readonly train: RegisteredFile;
  /** IDX: the file of labels. */
  readonly trainLabels?: RegisteredFile;
  readonly test?: RegisteredFile;
  readonly testLabels?: RegisteredFile;
  readonly licence: string;
  readonly citation: string;
  readonly homePage: string;
}

const libsvm = 'https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/binary';
const libsvmPage = 'https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/binary.html';
const libsvmMirror = 'https://ntucsu.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/binary';
const libsvmUrls = (file: string): string[] => [`${libsvm}/${file}`, `${libsvmMirror}/${file}`];

const binary = (set: Omit<RegisteredSet, 'format' | 'homePage'>): RegisteredSet => ({ ...set, format: 'libsvm', homePage: libsvmPage });

function idxFile(folder: string, file: string, sha256: string, bytes: number, hosts: readonly string[]): RegisteredFile {
  return { file: `${folder}/${file}`, sha256: [sha256], bytes, urls: hosts.map((host) => `${host}/${file}.gz`) };
}

const mnistHosts = ['https://ossci-datasets.s3.amazonaws.com/mnist', 'https://storage.googleapis.com/cvdf-datasets/mnist'];
const fashionHosts = [
  'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion',
  'https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion',
];

export const registeredSets: readonly RegisteredSet[] = [
  binary({
    name: 'a9a',
    dimension: 123,
    rows: 32561,
    parsed: {
      train: '9fd93b06094eb00945310eedaa3cd645de4fdf644203aaffca775fc8cb75e323',
      test: '80e8b589ec6f563ee0e5ad3c0c6116ae9c80782612333cc8d11b067c2a6c9027',
    },
    train: {
      file: 'a9a',
      sha256: ['f5d5ffd8d865ff41328e7ee043e4b020816914ff6843ff15b98905ddbedce906'],
      bytes: 2329875,
      urls: libsvmUrls('a9a'),
    },
    test: {
      file: 'a9a.t',
      sha256: ['1f448a153f0320399a7e40836eb207655b0bde0f21fc941cc472193daa9f5de9'],
      bytes: 1164628,
      urls: libsvmUrls('a9a.t'),
    },
    licence: 'CC BY 4.0 (UCI Adult)',
    citation: 'Becker, Kohavi 1996 (UCI Adult); Platt 1998; Chang, Lin 2011',
  }),
  binary({
    name: 'w8a',
    dimension: 300,
    rows: 49749,
    parsed: {
      train: '9a00c2caf092503cd70b28115916b0f791cc648ecb921441b09c2fc078ccecf9',
      test: 'afffe23fa84ed4fc02a749e5847c24203dc27a82cf5e65d18e7c326e18b7b9fa',
    },
    train: {
      file: 'w8a',
      sha256: ['6a9fa8fd5f524303240a5db07d4b3d4a51e8b7b4b20a914105d8e3e8c81640f2'],
      bytes: 3478238,
      urls: libsvmUrls('w8a'),
    },
    test: {
      file: 'w8a.t',
      sha256: ['618929ecb01bebb841daec4cae4aa07b97832d29b08652452775598929547fde'],
      bytes: 1045870,
      urls: libsvmUrls('w8a.t'),
    },
    licence: 'not published',
    citation: 'Platt 1998; Chang, Lin 2011',
  }),
  binary({
    name: 'phishing',
    dimension: 68,
    rows: 11055,
    parsed: {
      train: '5335d1d6d941ae726f48d9eddcc770d97aa1b1aef84c35a745de355ac62e6a82',
    },
    train: {
      file: 'phishing',
      sha256: ['0cf66ef36604c393da9359b2e5d894a2df8aee31fd184633cefa138add2ef08a'],
      bytes: 3620168,
      urls: libsvmUrls('phishing'),
    },
    licence: 'CC BY 4.0 (UCI Phishing Websites)',
    citation: 'Mohammad, Thabtah, McCluskey (UCI); Chang, Lin 2011',
  }),
  binary({
    name: 'mushrooms',
    dimension: 112,
    rows: 8124,
    parsed: {
      train: '6f676a35418c2f7d585b722fcdb78a90309bbec3e0f959cfcda6c93ab4689aa3',
    },
    train: {
      file: 'mushrooms',
      sha256: ['881c79cc993e7ea423d1ac3488877f26f0a86d5c88484b06029bbce75a7a674b'],
      bytes: 879711,
      urls: libsvmUrls('mushrooms'),
    },
    licence: 'CC BY 4.0 (UCI Mushroom)',
    citation: 'Audubon Society field guide 1981 (UCI Mushroom); Chang, Lin 2011',
  }),
  binary({
    name: 'ijcnn1',
    dimension: 22,
    rows: 49990,
    parsed: {
      train: '40ced8e0396c5294510b0dfce274421561307efd97ffd03e8d52d87ced281f80',
    },
    train: { file: 'ijcnn1', sha256: ['16506cad788cf7c9607454150ed1994788204bac2ff4c9cb3b320036b6950d3f'], bytes: 7744897, urls: [] },
    licence: 'not published',
    citation: 'Prokhorov 2001 (IJCNN challenge); Chang, Lin 2001',
  }),
  {
    name: 'mnist',
    format: 'idx',
    dimension: 784,
    rows: 60000,
    parsed: {
      train: 'f34bc8dbb6ca30654e6c7bb3db7ed6f4c8d51d4e9d2f58716f419092ceb042e4',
      test: '0af6d9df635d7a3503ba033084e5d1ef35072293eb6ca77bfef6cf53e5d9571b',
    },
    train: idxFile(
      'mnist',
      'train-images-idx3-ubyte',
      'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
      47040016,
      mnistHosts,
    ),
    trainLabels: idxFile(
      'mnist',
      'train-labels-idx1-ubyte',
      '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
      60008,
      mnistHosts,
    ),
    test: idxFile(
      'mnist',
      't10k-images-idx3-ubyte',
      '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
      7840016,
      mnistHosts,
    ),
    testLabels: idxFile(
      'mnist',
      't10k-labels-idx1-ubyte',
      'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
      10008,
      mnistHosts,
    ),
    licence: 'CC BY-SA 3.0',
    citation: 'LeCun, Cortes, Burges',
    homePage: 'https://github.com/cvdfoundation/mnist',
  },
  {
    name: 'fashion-mnist',
    format: 'idx',
    dimension: 784,
    rows: 60000,
    parsed: {
      train: 'ac61a89dc867c1c6fb1cf05f010d9494570e866ec3510aa8b5deb37642c5b927',
      test: 'e7258139da182ac85d81247c7adc44432d452eaa21135e261fded8999a31e458',
    },
    train: idxFile(
      'fashion-mnist',
      'train-images-idx3-ubyte',
      'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      47040016,
      fashionHosts,
    ),
    trainLabels: idxFile(
      'fashion-mnist',
      'train-labels-idx1-ubyte',
      'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
      60008,
      fashionHosts,
    ),
    test: idxFile(
      'fashion-mnist',
      't10k-images-idx3-ubyte',
      '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
      7840016,
      fashionHosts,
    ),
    testLabels: idxFile(
      'fashion-mnist',
      't10k-labels-idx1-ubyte',
      '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
      10008,
      fashionHosts,
    ),
    licence: 'MIT',
    citation: 'Xiao, Rasul, Vollgraf 2017, arXiv 1708.07747',
    homePage: 'https://github.com/zalandoresearch/fashion-mnist',
  },
];

export function registeredSet(name: string): RegisteredSet | undefined {
  return registeredSets.find((set) => set.name === name);
}

/** @throws MARINADE_CONFIG_INVALID with the names there are */
export function requireRegistered(name: string): RegisteredSet {
  const set = registeredSet(name);
  if (set !== undefined) return set;
  throw new MarinadeError(
    'MARINADE_CONFIG_INVALID',
    `unknown data set '${name}'; expected one of ${registeredSets.map((known) => known.name).join(', ')}, synthetic-adult, or { file: ... }`,
  );
}

/** All files of a set. */
export function filesOf({ train, trainLabels, test, testLabels }: RegisteredSet): RegisteredFile[] {
  return [train, trainLabels, test, testLabels].filter((file) => file !== undefined);
}
