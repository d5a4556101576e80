/** `marinade dash`: a results folder in the browser, only to be looked at; nothing is computed and nothing owned. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { createServer } from '../../dashboard/server/server.ts';
import { openDashboardReader, ownerOf } from '../../orchestrator/ledger/open-ledger.ts';
import { builtPage, invitation, type ListenChoice, listen, namesOf } from '../dashboard.ts';
import { listenForInterrupt, whenInterrupted } from '../interrupt.ts';
import { print, say } from '../output.ts';
import { version } from '../version.ts';

export async function dash(folder: string, choice: ListenChoice): Promise<void> {
  const interrupt = listenForInterrupt(() => {});
  const reader = await openDashboardReader(resolve(folder));
  const token = randomBytes(24).toString('base64url');
  const server = createServer(
    {
      ledger: reader,
      commands: undefined,
      about: { version, folder: resolve(folder), queue: false, owner: () => ownerOf(resolve(folder))?.host ?? null },
      web: await builtPage(say),
      metrics: async () => '',
      unready: async () => undefined,
      dataFile: () => undefined,
    },
    { token, hosts: namesOf(choice) },
  );
  try {
    const address = await listen(server, choice);
    print(address);
    for (const line of invitation(address, token).slice(0, 1)) say(line);
    await whenInterrupted(interrupt.signal);
  } finally {
    await server.close();
    await reader.close();
    interrupt.dispose();
  }
}
