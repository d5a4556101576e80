/** `marinade deploy`: what the surroundings of a queue need. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { MarinadeError } from '../../shared/errors.ts';
import { queueKeys } from '../../shared/messages/queued-job.ts';
import { print, say } from '../output.ts';
import { queueNamed, redisPassword } from '../queue.ts';

interface AclOptions {
  readonly queue: string;
  readonly redisPasswordFile?: string;
}

/** Redis refuses a file with this in place of a hash, so it cannot be used by mistake. */
const PLACEHOLDER = '<sha256 of the password>';

/**
 * What a queue takes: reading and writing its own keys, BullMQ's scripts, its control channel. No command that sees or
 * harms what belongs to others: keys cannot be listed, nothing can be flushed, configured or shut down.
 */
const commands = [
  '-@all',
  ...['+@read', '+@write', '+@connection', '+@transaction', '+@blocking', '-@scripting', '-@dangerous', '-@admin'],
  ...['-scan', '-randomkey', '-dbsize', '-swapdb'],
  ...['+eval', '+evalsha', '+script|load', '+publish', '+subscribe', '+unsubscribe', '+info', '+client|setname'],
];

/** An ACL file for a Redis that serves one queue: user `marinade`, and nobody else. */
export function aclFile(queue: string, passwordSha256: string): string {
  const keys = queueKeys(queue);
  const own = [`~${keys.prefix}:${keys.name}:*`, `~${keys.beside('').replace(/run:$/, '*')}`, `~${keys.speaks}`];
  const rights = [`#${passwordSha256}`, 'resetkeys', ...own, 'resetchannels', `&${keys.control}`, ...commands];
  return ['user default off', `user marinade on ${rights.join(' ')}`].join('\n');
}

/** Prints the ACL file; the password itself never appears, only its hash. A password file that is not there is made. */
export async function acl({ queue, redisPasswordFile }: AclOptions): Promise<void> {
  const name = queueNamed(queue);
  if (redisPasswordFile !== undefined && (await makePasswordFile(redisPasswordFile))) {
    say(`a new password is in ${redisPasswordFile}, readable by you alone`);
  }
  const password = await redisPassword(redisPasswordFile);
  if (password === '')
    throw new MarinadeError('MARINADE_CONFIG_USAGE', 'the password is empty: anybody would be let in; give it some characters');
  if (password === undefined) {
    say('no password was given: put the hash of one in its place, or name a file with --redis-password-file (made when it is not there)');
  }
  print(aclFile(name, password === undefined ? PLACEHOLDER : createHash('sha256').update(password).digest('hex')));
}

/** Returns whether a file was made; one that is there is left alone. */
async function makePasswordFile(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    throw new MarinadeError('MARINADE_CONFIG_USAGE', `${path} cannot be written: ${code}`, { path }, cause);
  }
}
