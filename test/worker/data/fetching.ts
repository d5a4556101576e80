/** A process that downloads one file from a server of the test's and prints its path. */
import { download } from '../../../src/cli/download.ts';

const [url, sha256, bytes] = process.argv.slice(2) as [string, string, string];
const network = { refuses: () => undefined, admits: () => true };
const file = { file: 'set', sha256: [sha256], bytes: Number(bytes), urls: [url] };
process.stdout.write(`${await download(file, { tries: 1, silenceMs: 5000, network })}\n`);
