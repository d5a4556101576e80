/** Talks to a running orchestrator: the owner of a results folder, or a server named by its URL. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ownerOf } from '../orchestrator/ledger/open-ledger.ts';
import { type ErrorCode, errorCodes, MarinadeError } from '../shared/errors.ts';

export interface ServerChoice {
  readonly results: string;
  readonly server?: string;
  readonly tokenFile?: string;
}

export interface Client {
  readonly address: string;
  get(path: string): Promise<Readonly<Record<string, unknown>>>;
  send(method: 'POST' | 'PATCH', path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>>;
}

export interface ClientLimits {
  /** Longest time that an answer to a question takes. */
  readonly limitMs: number;
  /** How often an orchestrator that carries out a command is asked whether it lives. */
  readonly lookEveryMs: number;
}

const usual: ClientLimits = { limitMs: 30_000, lookEveryMs: 5000 };

/** The running orchestrator, or undefined when none owns the folder and no server is named. */
export async function findServer(choice: ServerChoice): Promise<Client | undefined> {
  const owner = choice.server === undefined ? ownerOf(resolve(choice.results)) : undefined;
  const address = choice.server ?? owner?.address ?? undefined;
  if (address === undefined) return undefined;
  return clientOf(address, await tokenOf(choice.tokenFile, owner?.token));
}

/**
 * A question is answered within a limit. A command takes as long as it takes (a study of a hundred thousand runs is
 * planned and stored): it is waited for while the orchestrator says that it lives.
 */
export function clientOf(address: string, token: string, limits = usual): Client {
  const ask = async (method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> => {
    const patience = method === 'GET' ? undefined : whileAlive(address, limits);
    const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    let answer: Response;
    try {
      answer = await fetch(new URL(path, address), {
        method,
        headers,
        signal: patience?.signal ?? AbortSignal.timeout(limits.limitMs),
        redirect: 'error',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      const why = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : String(cause);
      throw new MarinadeError('MARINADE_EXECUTION_SERVER', `the orchestrator at ${address} does not answer: ${why}`, { address }, cause);
    } finally {
      patience?.end();
    }
    const value = (await answer.json().catch(() => ({}))) as { readonly error?: { readonly code: string; readonly message: string } };
    if (answer.ok) return value as Readonly<Record<string, unknown>>;
    const code = value.error?.code ?? '';
    const known = Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : 'MARINADE_EXECUTION_SERVER';
    throw new MarinadeError(known, value.error?.message ?? `the orchestrator answered with status ${answer.status}`);
  };
  return { address, get: (path) => ask('GET', path), send: (method, path, body) => ask(method, path, body) };
}

/** A signal that aborts once the orchestrator does not say any more that it lives. */
function whileAlive(address: string, { limitMs, lookEveryMs }: ClientLimits): { readonly signal: AbortSignal; end(): void } {
  const silent = new AbortController();
  const ended = new AbortController();
  const look = async (): Promise<void> => {
    try {
      const answer = await fetch(new URL('/healthz', address), { signal: AbortSignal.any([ended.signal, AbortSignal.timeout(limitMs)]) });
      await answer.body?.cancel();
    } catch (cause) {
      if (!ended.signal.aborted) silent.abort(cause);
    }
  };
  const timer = setInterval(() => void look(), lookEveryMs);
  return {
    signal: silent.signal,
    end() {
      clearInterval(timer);
      ended.abort();
    },
  };
}

/** The token to show: of the file, else of the environment, else of the results folder's owner. */
export async function tokenOf(file: string | undefined, owners?: string): Promise<string> {
  if (file !== undefined) {
    try {
      return (await readFile(file, 'utf8')).trim();
    } catch (cause) {
      throw new MarinadeError('MARINADE_CONFIG_USAGE', `${file} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, { file }, cause);
    }
  }
  const token = process.env['MARINADE_TOKEN'] ?? owners;
  if (token === undefined)
    throw new MarinadeError('MARINADE_ACCESS_TOKEN', 'which token? Set MARINADE_TOKEN or name a file with --token-file');
  return token;
}

/** @throws MARINADE_EXECUTION_SERVER when no orchestrator is running */
export async function requireServer(choice: ServerChoice): Promise<Client> {
  const client = await findServer(choice);
  if (client !== undefined) return client;
  throw new MarinadeError(
    'MARINADE_EXECUTION_SERVER',
    `no orchestrator serves ${choice.results}; start one with \`marinade serve --results ${choice.results}\`, or name another with --server`,
  );
}
