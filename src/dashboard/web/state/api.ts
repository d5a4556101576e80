/** Asks the server: JSON, columns of numbers as bytes, and what it refuses as errors that can be shown. */
import { signal } from '@preact/signals';

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export type Role = 'viewer' | 'operator';

export interface About {
  readonly marinade: string;
  readonly role: Role;
  /** False when nobody takes commands: a folder that is only looked at. */
  readonly acts: boolean;
  readonly folder: string;
  readonly queue: boolean;
  /** Who works on the folder; null when nobody does. */
  readonly owner: string | null;
}

/** Undefined before the first answer, null when a log-in is needed. */
export const about = signal<About | null | undefined>(undefined);

async function ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
      credentials: 'same-origin',
    });
  } catch (cause) {
    if ((cause as Error).name === 'AbortError') throw cause;
    throw new ApiError(0, 'unreachable', 'The server does not answer. It may be restarting; the page tries again by itself.');
  }
  if (answer.ok) return answer;
  const told = (await answer.json().catch(() => ({}))) as { readonly error?: { readonly code: string; readonly message: string } };
  if (answer.status === 401) about.value = null;
  throw new ApiError(answer.status, told.error?.code ?? '', told.error?.message ?? `The server answered with status ${answer.status}.`);
}

export async function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return (await ask('GET', `/api/v1${path}`, undefined, signal)).json() as Promise<Answer>;
}

export async function send<Answer>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body: unknown = {}): Promise<Answer> {
  return (await ask(method, `/api/v1${path}`, body)).json() as Promise<Answer>;
}

export interface Frames<Head, Frame> {
  readonly head: Head;
  readonly frames: readonly (Frame & { readonly columns: Readonly<Record<string, Float64Array>> })[];
}

/** Columns as bytes; the server's `frames.ts` says how they lie. */
export async function getFrames<Head, Frame>(path: string, signal?: AbortSignal): Promise<Frames<Head, Frame>> {
  const bytes = await (await ask('GET', `/api/v1${path}`, undefined, signal)).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const { frames, ...head } = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length))) as Head & {
    readonly frames: readonly (Frame & { readonly columns: readonly [name: string, length: number][] })[];
  };
  let at = 8 + length;
  return {
    head: head as Head,
    frames: frames.map((frame) => ({
      ...frame,
      columns: Object.fromEntries(
        frame.columns.map(([name, size]) => {
          const column = new Float64Array(bytes, at, size);
          at += 8 * size;
          return [name, column];
        }),
      ),
    })),
  };
}

export async function refreshAbout(): Promise<void> {
  try {
    about.value = await get<About>('');
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || thrown.status !== 401) throw thrown;
  }
}

export async function logIn(token: string): Promise<void> {
  await send('POST', '/session', { token });
  await refreshAbout();
}

export async function logOut(): Promise<void> {
  await send('DELETE', '/session');
  about.value = null;
}

/** A number from the server's JSON, where what is not finite is a string. */
export function numberOf(value: number | string | null | undefined): number {
  return value === null || value === undefined ? Number.NaN : Number(value);
}
