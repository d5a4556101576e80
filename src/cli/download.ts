/**
 * Downloads registered data files into the cache folder, which is addressed by content: what does not have the
 * registered sha256 never gets there. A wrong checksum is a mirror's failure like any other: the next one is tried.
 * Processes that want the same file at once fetch it once.
 */
import { existsSync } from 'node:fs';
import { setGlobalProxyFromEnv } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { writeFileDurably } from '../orchestrator/results/durable-file.ts';
import { MarinadeError } from '../shared/errors.ts';
import { alone } from '../worker/data/fetch-lock.ts';
import { cachedFile, cacheFolder } from '../worker/data/locate.ts';
import { ask, type Network, Refused, registeredHosts } from '../worker/data/network.ts';
import { sha256Of } from '../worker/data/read-file.ts';
import type { RegisteredFile } from '../worker/data/registry.ts';
import { unlessInterrupted } from './interrupt.ts';

export interface DownloadProgress {
  readonly file: string;
  readonly received: number;
  /** Bytes to come in all, where the server says so. */
  readonly total: number | undefined;
}

export interface DownloadOptions {
  /** Tries per mirror. */
  readonly tries: number;
  /** Longest silence of a server, in milliseconds. */
  readonly silenceMs: number;
  /** Mean pause before another try, in milliseconds. */
  readonly pauseMs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Where it may go; only tests say otherwise. */
  readonly network?: Network;
}

/** Longest time one try may take, in milliseconds: a server that sends a byte now and then is given up too. */
const LONGEST_TRY_MS = 600_000;

/**
 * Puts a file into the cache and returns its path.
 *
 * @throws MARINADE_DATA_DOWNLOAD that says what each mirror did, MARINADE_EXECUTION_INTERRUPTED when told to stop
 */
export async function download(file: RegisteredFile, options: DownloadOptions): Promise<string> {
  setGlobalProxyFromEnv();
  const cached = (): string | undefined => file.sha256.map(cachedFile).find((path) => existsSync(path));
  try {
    return await alone(`${cachedFile(file.sha256[0]!)}.lock`, options.signal, async () => cached() ?? (await fromMirrors(file, options)));
  } catch (thrown) {
    if (thrown instanceof MarinadeError) throw thrown;
    if (options.signal?.aborted === true) throw interrupted(file);
    const reason = (thrown as NodeJS.ErrnoException).code ?? String(thrown);
    throw new MarinadeError(
      'MARINADE_DATA_DOWNLOAD',
      `'${file.file}' has no place in the cache folder ${cacheFolder()}, which cannot be written: ${reason}; set XDG_CACHE_HOME to another`,
      { file: file.file, folder: cacheFolder() },
      thrown,
    );
  }
}

async function fromMirrors(file: RegisteredFile, options: DownloadOptions): Promise<string> {
  const failures: string[] = [];
  for (const url of file.urls) {
    for (let attempt = 1; attempt <= options.tries; attempt++) {
      try {
        const content = await contentFrom(url, file, options);
        const sha256 = sha256Of(content);
        if (!file.sha256.includes(sha256)) throw new Refused(`sends other bytes (sha256 ${sha256})`);
        const path = cachedFile(sha256);
        await writeFileDurably(path, content);
        return path;
      } catch (thrown) {
        if (options.signal?.aborted === true) throw interrupted(file);
        if (thrown instanceof MarinadeError) throw thrown;
        failures.push(`${url}: ${reasonOf(thrown)}`);
        if (thrown instanceof Refused) break;
        if (attempt < options.tries) await pause((options.pauseMs ?? 1000) * attempt * (0.5 + Math.random()), options.signal, file);
      }
    }
  }
  const tried = file.urls.length === 0 ? ['it has no mirror: get it from the home page of the data set'] : failures;
  throw new MarinadeError(
    'MARINADE_DATA_DOWNLOAD',
    [`'${file.file}' could not be downloaded:`, ...tried.map((line) => `  ${line}`)].join('\n'),
    {
      file: file.file,
      failures,
    },
  );
}

/** The uncompressed content at a URL, never more than the registered size. */
async function contentFrom(
  url: string,
  file: RegisteredFile,
  { silenceMs, signal, onProgress, network = registeredHosts }: DownloadOptions,
): Promise<Uint8Array> {
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error(`silent for ${silenceMs / 1000} s`)), silenceMs);
  };
  heard();
  try {
    const ends = [silence.signal, AbortSignal.timeout(LONGEST_TRY_MS), ...(signal === undefined ? [] : [signal])];
    const response = await ask(url, network, AbortSignal.any(ends));
    if (!response.ok) {
      await response.body?.cancel();
      const message = `status ${response.status}`;
      throw response.status < 500 && response.status !== 429 ? new Refused(message) : new Error(message);
    }
    const length = Number(response.headers.get('content-length'));
    const total = length > 0 && !response.headers.has('content-encoding') ? length : undefined;
    const pieces: Uint8Array[] = [];
    let received = 0;
    for await (const piece of response.body ?? []) {
      heard();
      received += piece.length;
      // An archive of an incompressible file is a little longer than the file.
      if (received > file.bytes + file.bytes / 100 + 4096) throw new Refused(`sends more than the registered ${file.bytes} bytes`);
      pieces.push(piece);
      onProgress?.({ file: file.file, received, total });
    }
    if (total !== undefined && received < total) throw new Error(`ended after ${received} of ${total} bytes`);
    return unpacked(Buffer.concat(pieces), file.bytes);
  } finally {
    clearTimeout(timer);
  }
}

function unpacked(content: Buffer, maxBytes: number): Uint8Array {
  if (content[0] !== 0x1f || content[1] !== 0x8b) return content;
  try {
    return gunzipSync(content, { maxOutputLength: maxBytes });
  } catch (cause) {
    throw new Error(`sends a damaged archive (${cause instanceof Error ? cause.message : String(cause)})`);
  }
}

/** What went wrong, in words: fetch hides the reason in its cause. */
function reasonOf(thrown: unknown): string {
  const { message, cause } = thrown as Error & { cause?: Error & { code?: string } };
  return cause === undefined ? message : (cause.code ?? cause.message);
}

async function pause(milliseconds: number, signal: AbortSignal | undefined, file: RegisteredFile): Promise<void> {
  const over = new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
  await (signal === undefined ? over : unlessInterrupted(over, signal, `the download of '${file.file}'`));
}

function interrupted({ file }: RegisteredFile): MarinadeError {
  return new MarinadeError('MARINADE_EXECUTION_INTERRUPTED', `the download of '${file}' was stopped`);
}
