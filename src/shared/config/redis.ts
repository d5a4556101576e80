/**
 * How to connect to Redis or Valkey: a URL, and what clients of each role want. Passwords come from the URL, a file or
 * the environment, and never reach a log: `redacted` is what may be shown.
 */
import { isIP } from 'node:net';
import { MarinadeError } from '../errors.ts';

/** The connection options of an ioredis client. */
export interface RedisOptions {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: { readonly servername?: string; readonly ca?: string };
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue: boolean;
  readonly retryStrategy: (attempt: number) => number;
  readonly connectTimeout: number;
}

/**
 * Options for a URL.
 *
 * @param role `fail-fast` for whoever submits: a command fails when the connection is down. `waiting` for blocking
 *   clients: commands wait for the connection to come back
 * @throws MARINADE_CONFIG_USAGE for anything but redis:// and rediss://
 */
export function redisOptions(
  url: string,
  role: 'fail-fast' | 'waiting',
  secrets: { readonly password?: string; readonly ca?: string } = {},
): RedisOptions {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new MarinadeError(
      'MARINADE_CONFIG_USAGE',
      'a Redis URL looks like redis://host:6379/0 or rediss://user@host:6380; this one cannot be read',
    );
  }
  if (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:') {
    throw new MarinadeError('MARINADE_CONFIG_USAGE', `a Redis URL begins with redis:// or rediss://; got ${parsed.protocol}//`);
  }
  const db = parsed.pathname.length > 1 ? Number(parsed.pathname.slice(1)) : 0;
  if (!Number.isInteger(db) || db < 0)
    throw new MarinadeError('MARINADE_CONFIG_USAGE', `the path of a Redis URL is a database number; got '${parsed.pathname}'`);
  const password = secrets.password ?? (parsed.password === '' ? undefined : decodeURIComponent(parsed.password));
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: parsed.port === '' ? 6379 : Number(parsed.port),
    db,
    ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(password === undefined ? {} : { password }),
    ...(parsed.protocol === 'rediss:' ? { tls: { ...serverName(host), ...(secrets.ca === undefined ? {} : { ca: secrets.ca }) } } : {}),
    maxRetriesPerRequest: role === 'waiting' ? null : 1,
    enableOfflineQueue: role === 'waiting',
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2000),
    connectTimeout: 5000,
  };
}

/** TLS names no server by its address; the certificate is compared with it all the same. */
function serverName(host: string): { readonly servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

/** A URL that may be shown: no password. */
export function redacted(url: string): string {
  return url.replace(/(:\/\/[^:@/]*):[^@/]*@/, '$1:***@');
}
