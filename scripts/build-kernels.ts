/**
 * Compiles src/algorithm/kernels/source (AssemblyScript) to one WebAssembly module and writes its bytes as a
 * TypeScript module. With `--check` it writes nothing and fails when the file is not what would be written.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { networksSource } from './kernels/networks.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = 'src/algorithm/kernels/source';
const output = 'src/algorithm/kernels/wasm-bytes.generated.ts';
const entries = ['random', 'vectors', 'rows', 'geometry', 'sparse-batches', 'sparse-passes', 'order-statistics'];

/** One page suffices to begin with, any memory up to 4 GiB may be imported; no segment is ever written to it. */
const options = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--enable', 'threads'],
  ...['--importMemory', '--sharedMemory', '--noExportMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
];

async function compile(): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  const messages: string[] = [];
  const write = (text: string): boolean => {
    messages.push(text);
    return true;
  };
  const { error } = await asc.main([...entries.map((name) => `${source}/${name}.ts`), ...options, '--outFile', 'kernels.wasm'], {
    readFile(name) {
      if (name === `${source}/networks.ts`) return networksSource();
      try {
        return readFileSync(join(root, name), 'utf8');
      } catch {
        return null;
      }
    },
    writeFile(_name, contents) {
      bytes = contents as Uint8Array;
    },
    listFiles: () => [],
    stdout: { write },
    stderr: { write },
  });
  if (error !== null || bytes === undefined) throw new Error(`the kernels do not compile\n${messages.join('')}`);
  return bytes;
}

const bytes = await compile();
const text = `/** The kernels of source/ compiled by scripts/build-kernels.ts: ${bytes.length} bytes of WebAssembly in base 64. */
export const wasmBytes =
  '${Buffer.from(bytes).toString('base64')}';
`;
const path = join(root, output);
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== text) {
    process.stderr.write(`${output} is not what ${dirname(source)}/source compiles to; run \`npm run generate\`\n`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(path, text);
  process.stdout.write(`${output}: ${bytes.length} bytes\n`);
}
