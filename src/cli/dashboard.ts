/** What commands with a dashboard share: the built page, where they listen, the links they print. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createServer } from '../dashboard/server/server.ts';
import { readWebFiles, type WebFile } from '../dashboard/server/web-files.ts';
import { openDashboardReader, ownerOf } from '../orchestrator/ledger/open-ledger.ts';
import { MarinadeError } from '../shared/errors.ts';
import { packageUrl } from '../shared/program.ts';
import { version } from './version.ts';

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
  const builder = fileURLToPath(packageUrl('scripts/build-web.mjs'));
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

/** How to get in: a link with the token behind the #, which browsers do not send; a secret that somebody set is not repeated. */
export function invitation(address: string, token: string, isSecret: boolean): string {
  return isSecret ? `dashboard: ${address}, with your token` : `dashboard: ${address}/#token=${token}`;
}

/** Serves a results folder to look at, whoever works on it. */
export async function lookAt(
  folder: string,
  choice: ListenChoice,
  say: (text: string) => void,
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const path = resolve(folder);
  const reader = await openDashboardReader(path);
  const token = randomBytes(24).toString('base64url');
  const server = createServer(
    {
      ledger: reader,
      commands: undefined,
      about: { version, folder: path, queue: false, owner: () => ownerOf(path)?.host ?? null },
      web: await builtPage(say),
      audit: async () => {},
      metrics: async () => '',
      unready: async () => undefined,
      dataFile: () => undefined,
    },
    { token, hosts: namesOf(choice) },
  );
  const close = async (): Promise<void> => {
    await server.close();
    await reader.close();
  };
  try {
    const address = await listen(server, choice);
    say(invitation(address, token, false));
    return { address, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
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
