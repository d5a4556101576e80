/**
 * `npm run new-strategy KIND NAME`: a strategy to begin with, and what to do next. What it writes is the simplest
 * strategy of the kind under the new name, so it has types and passes the conformance suite until its formula is yours.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Kind {
  readonly folder: string;
  /** The strategy its files begin as. */
  readonly simplest: string;
  /** What the strategy says of itself beside its formula. */
  readonly says: string;
  /** What the computation is handed, for the doc block. */
  readonly given: readonly string[];
  /** There are golden values for the kind, made by a script. */
  readonly golden?: boolean;
}

const bounds = '`infeasible` (what cannot be computed) and `beyondGuarantee` (what can be, with a warning)';
const matrix = [
  'Given: messages.rows[i], message i as a Float64Array of length d, for i < messages.n (there may be more rows than',
  'messages). The rows are views of messages.matrix, n x d, row-major: coordinate j of row i is matrix[i * d + j]. It lies',
  'in the memory that the threads of a run share.',
];

const kinds: Readonly<Record<string, Kind>> = {
  aggregator: {
    folder: 'aggregators',
    simplest: 'mean',
    says: `\`traits\` (what is claimed is tested), ${bounds}`,
    given: [
      ...matrix,
      'Read the messages, write `out` (length d) alone; scratch comes from `workspace`, memory of past rounds from `state`.',
    ],
    golden: true,
  },
  'pre-aggregator': {
    folder: 'pre-aggregators',
    simplest: 'norm-clipping',
    says: `\`traits\`, \`rows\` and \`contaminated\` (how many rows come out, how many of them spoilt), ${bounds}`,
    given: [...matrix, 'Read the messages, write the rows of `out`, another such matrix, and set out.n.'],
    golden: true,
  },
  attack: {
    folder: 'attacks',
    simplest: 'gaussian',
    says: '`traits` (what it has to know) and `needs` (what must be computed for it in a round)',
    given: ['Given: a view with what `traits.knowledge` allows, vectors as Float64Array of length d. Read it, write `out` alone.'],
    golden: true,
  },
  clipping: {
    folder: 'clipping',
    simplest: 'fixed',
    says: '`absorbingAtZero` where the level is proportional to the last step, and `state` where it remembers',
    given: ['Given: x, xPrevious and g, Float64Array of length d, and the messages about to be clipped. Read them, return lambda.'],
  },
  compressor: {
    folder: 'compressors',
    simplest: 'identity',
    says: '`traits`, `constants` (what is claimed is tested) and `bits`',
    given: ['Given: one vector, a row of the messages, Float64Array of length d. Replace it by what its encoding decodes to.'],
    golden: true,
  },
  method: {
    folder: 'methods',
    simplest: 'gradient-descent',
    says: '`phases` (what clients are asked), `clipsDifferences` and `compressor`',
    given: ['Given: x and g of the last round, Float64Array of length d. Read them, write those of `next`.'],
  },
  participation: {
    folder: 'participation',
    simplest: 'full',
    says: '`smallSize` and `largeSize`, the cohorts C and C-hat',
    given: ['Write client numbers, 0-based and increasing, into out.clients (Int32Array) and their count into out.size.'],
  },
  partition: {
    folder: 'partitioners',
    simplest: 'homogeneous',
    says: '`random` (the split depends on the seed) and `homogeneous` (every owner holds all rows)',
    given: ['Given: the number of rows and their labels. Return the rows of each owner, 0-based and increasing, as Int32Array.'],
  },
  problem: {
    folder: 'problems',
    simplest: 'least-squares',
    says: '`needsData`, and in what it creates the constants it knows and its objective',
    given: ['Given: the data set in sparse rows (contracts/problem.ts). Points and gradients are Float64Array of length d.'],
  },
};

const root = fileURLToPath(new URL('..', import.meta.url));

const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

const title = (name: string): string => `${name[0]!.toUpperCase()}${name.slice(1).replaceAll('-', ' ')}`;

/** Replaces what must be there once. */
function replaced(text: string, what: RegExp, by: (...found: string[]) => string): string {
  if (!what.test(text)) throw new Error(`the simplest strategy has no ${what}`);
  return text.replace(what, by);
}

/** The simplest strategy under another name, with a doc block to fill in and nothing that is true of the simplest alone. */
function begun(text: string, { simplest, given }: Kind, name: string): string {
  const head = [`${title(name)}: what ${simplest} does, until its formula is written here and below.`];
  let begun = replaced(
    text,
    new RegExp(`^export const ${camelCase(simplest)} = (define\\w+)\\(\\{\\n {2}name: '${simplest}',`, 'm'),
    (_, define) => {
      return `export const ${camelCase(name)} = ${define}({\n  name: '${name}',`;
    },
  );
  begun = begun.replace(/^export (?=function|type|interface)/gm, '');
  begun = begun.replace(new RegExp(`(['\`])${simplest} (?=[^'\`]*['\`])`, 'g'), `$1${name} `);
  begun = replaced(begun, /^ {2}summary: .*$/m, () => `  summary: '${title(name)}.',`);
  begun = replaced(begun, /^ {2}source: .*$/m, () => "  source: { cite: 'none yet' },");
  begun = replaced(begun, /^ \* @source .*$/m, () => ' * @source    none yet');
  begun = replaced(begun, /^ \* @deviates .*\n(?: \* {4}.*\n)*/m, () => ' * @deviates  none\n');
  return replaced(begun, /^\/\*\*\n \* .*\n([\s\S]*?)^ \* @shape/m, (_, formula) => {
    return `/**\n${head.map((line) => ` * ${line}\n`).join('')}${formula}${given.map((line) => ` * ${line}\n`).join('')} *\n * @shape`;
  });
}

/** What is left to do, numbered as in CONTRIBUTING.md, where making the file is the first step. */
function nextSteps(path: string, { folder, golden, says }: Kind, name: string): string[] {
  const suite = `\`npx vitest run test/conformance/${folder}.test.ts\``;
  return [
    `Write the formula in \`${path}\`: doc block, summary, source, parameters, computation.`,
    `Fill in ${says}.`,
    `Add \`import { ${camelCase(name)} } from './${name}.ts';\` and \`${camelCase(name)}\` to the list in \`src/algorithm/${folder}/index.ts\`, values for parameters without a default to \`tried\` in \`test/support/strategies.ts\`; then \`npm run generate\`.`,
    golden === true
      ? `Add golden values: the formula once more, in NumPy, and a case of it in \`test/fixtures/${folder}.py\` (\`python3 -m pip install -r test/fixtures/requirements.txt\`); then \`python3 test/fixtures/${folder}.py\`, ${suite}, \`npm run format\` and \`npm test\`.`
      : `Add a test of its own in \`test/algorithm/${folder}\`; then ${suite}, \`npm run format\` and \`npm test\`.`,
  ];
}

function create(kind: string | undefined, name: string | undefined): string {
  const chosen = kind === undefined || !Object.hasOwn(kinds, kind) ? undefined : kinds[kind];
  if (chosen === undefined || name === undefined) {
    throw new Error(`expected a kind (${Object.keys(kinds).join(', ')}) and a name: npm run new-strategy aggregator my-rule`);
  }
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) throw new Error(`expected a name in kebab-case, as the paper calls it; got '${name}'`);
  const { folder, simplest } = chosen;
  const path = `src/algorithm/${folder}/${name}.ts`;
  if (existsSync(join(root, path))) throw new Error(`${path} exists already; choose another name`);
  writeFileSync(join(root, path), begun(readFileSync(join(root, `src/algorithm/${folder}/${simplest}.ts`), 'utf8'), chosen, name));
  const steps = nextSteps(path, chosen, name).map((step, i) => `${i + 2}. ${step}\n`);
  return `1. \`${path}\` is there: ${simplest} under a new name. Next:\n${steps.join('')}`;
}

try {
  process.stdout.write(create(process.argv[2], process.argv[3]));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
