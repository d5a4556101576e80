/** What commands with a dashboard share: the built page, where they listen, the links they print. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { createServer } from '../dashboard/server/server.ts';
import { viewerToken } from '../dashboard/server/session.ts';
import { readWebFiles, type WebFile } from '../dashboard/server/web-files.ts';
import { MarinadeError } from '../shared/errors.ts';

export interface ListenChoice {
  readonly host: string;
  readonly port: number;
  readonly allowHost: readonly string[];
}

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** Names under which a server is reached. */
export function namesOf({ host, allowHost }: Pick<ListenChoice, 'host' | 'allowHost'>): ReadonlySet<string> {
  return new Set([...LOOPBACK, host.includes(':') ? `[${host}]` : host, ...allowHost]);
}

/** The page as it was built. A checkout builds it when it is missing or older than its sources. */
export async function builtPage(say: (text: string) => void): Promise<ReadonlyMap<string, WebFile> | undefined> {
  // There in a checkout, not in the package: no part of the program.
  const builder = join(fileURLToPath(new URL('../..', import.meta.url)), 'scripts', 'build-web.mjs');
  if (existsSync(builder)) {
    try {
      const { ensureWebBuilt } = (await import(pathToFileURL(builder).href)) as {
        ensureWebBuilt(say: (text: string) => void): Promise<void>;
      };
      await ensureWebBuilt(say);
    } catch (thrown) {
      say(`the dashboard's page cannot be built, so there is none: ${(thrown as Error).message}`);
    }
  }
  return readWebFiles();
}

/** Links that log a browser in: the token stands behind the #, which browsers do not send. */
export function invitation(address: string, token: string): string[] {
  return [`dashboard: ${address}/#token=${token}`, `to look on: ${address}/#token=${viewerToken(token)}`];
}

export async function listen(
  server: ReturnType<typeof createServer>,
  { host, port }: Pick<ListenChoice, 'host' | 'port'>,
): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MarinadeError(
      'MARINADE_CONFIG_USAGE',
      `nothing can listen at ${host}:${port} (${code}); choose another --port, or 0 for any`,
      {},
      cause,
    );
  }
}
