/**
 * `npm run new-strategy KIND NAME`: a strategy to begin with, and what to do next. What it writes is the simplest
 * strategy of the kind under the new name, so it has types and passes the conformance suite until its formula is yours.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The kinds, the folder of each and the strategy its files begin as. */
const kinds: Readonly<Record<string, { readonly folder: string; readonly simplest: string; readonly golden?: string }>> = {
  aggregator: { folder: 'aggregators', simplest: 'mean', golden: 'aggregators' },
  'pre-aggregator': { folder: 'pre-aggregators', simplest: 'norm-clipping', golden: 'pre-aggregators' },
  attack: { folder: 'attacks', simplest: 'gaussian', golden: 'attacks' },
  clipping: { folder: 'clipping', simplest: 'fixed' },
  compressor: { folder: 'compressors', simplest: 'identity', golden: 'compressors' },
  method: { folder: 'methods', simplest: 'gradient-descent' },
  participation: { folder: 'participation', simplest: 'full' },
  partition: { folder: 'partitioners', simplest: 'homogeneous' },
  problem: { folder: 'problems', simplest: 'least-squares' },
};

const root = fileURLToPath(new URL('..', import.meta.url));

const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The text of a strategy under another name. */
function renamed(text: string, from: string, to: string): string {
  const definition = new RegExp(`^export const ${camelCase(from)} = (define\\w+)\\(\\{\\n {2}name: '${from}',`, 'm');
  if (!definition.test(text)) throw new Error(`${from}.ts does not define ${camelCase(from)}`);
  return text.replace(definition, `export const ${camelCase(to)} = $1({\n  name: '${to}',`);
}

function create(kind: string | undefined, name: string | undefined): string {
  const chosen = kind === undefined || !Object.hasOwn(kinds, kind) ? undefined : kinds[kind];
  if (chosen === undefined || name === undefined) {
    throw new Error(`expected a kind (${Object.keys(kinds).join(', ')}) and a name: npm run new-strategy aggregator my-rule`);
  }
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) throw new Error(`expected a name in kebab-case, as the paper calls it; got '${name}'`);
  const { folder, simplest, golden } = chosen;
  const path = `src/algorithm/${folder}/${name}.ts`;
  if (existsSync(join(root, path))) throw new Error(`${path} exists already; choose another name`);
  writeFileSync(join(root, path), renamed(readFileSync(join(root, `src/algorithm/${folder}/${simplest}.ts`), 'utf8'), simplest, name));
  const steps = [
    `Write the formula in ${path}, which begins as '${simplest}': doc block, summary, source, parameters, computation.`,
    'Say in `traits` what it claims; the conformance suite tests every claim.',
    `Add \`import { ${camelCase(name)} } from './${name}.ts';\` and ${camelCase(name)} to the list in src/algorithm/${folder}/index.ts.`,
    golden === undefined
      ? `Add its parameters to \`tried\` in test/support/strategies.ts where it has none by default, and a test in test/algorithm/${folder}.`
      : `Add golden values: the rule once more in test/fixtures/${golden}.py, which writes ${golden}.json.`,
    'Run `npm run generate`, which writes its reference, and `npm test`.',
  ];
  return `${path} is there. Next:\n${steps.map((step, i) => `  ${i + 1}. ${step}\n`).join('')}`;
}

try {
  process.stdout.write(create(process.argv[2], process.argv[3]));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
