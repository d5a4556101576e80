/**
 * Where downloads may go: https, the hosts of the registry, public addresses; every redirect is checked like the first
 * request. Only a test brings another rule; nothing in a study can.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { filesOf, registeredSets } from './registry.ts';

export interface Network {
  /** Why a URL may not be asked; undefined when it may. */
  refuses(url: URL): string | undefined;
  /** An address that a host's name leads to may be connected to. */
  admits(address: string): boolean;
  /** What every request carries. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal that no other try can mend. */
export class Refused extends Error {}

const MAX_REDIRECTS = 3;

const notPublic = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv6');
}

/** Not loopback, private, link-local, reserved or multicast. */
export function isPublic(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !notPublic.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Hosts that registered mirrors are at. A redirect must stay among them. The certificate binds a host's name, so an
 * address that changes between the check and the connection gets nowhere.
 */
export const registeredHosts: Network = {
  refuses(url) {
    if (url.protocol !== 'https:') return `${url.href} is not https`;
    if (url.port !== '' || url.username !== '' || url.password !== '') return `${url.href} has a port or a password`;
    const hosts = new Set(registeredSets.flatMap(filesOf).flatMap(({ urls }) => urls.map((known) => new URL(known).hostname)));
    return hosts.has(url.hostname) ? undefined : `${url.hostname} is no host of the registry`;
  },
  admits: isPublic,
};

/** The answer to a request, redirects followed. @throws Refused where the rule says no */
export async function ask(address: string, network: Network, signal: AbortSignal): Promise<Response> {
  let url = new URL(address);
  for (let redirects = 0; ; redirects++) {
    const reason = network.refuses(url);
    if (reason !== undefined) throw new Refused(reason);
    await requireAdmitted(url, network);
    const response = await fetch(url, { signal, redirect: 'manual', headers: network.headers ?? {} });
    const target = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || target === null) return response;
    await response.body?.cancel();
    if (redirects === MAX_REDIRECTS) throw new Refused(`leads on more than ${MAX_REDIRECTS} times`);
    url = new URL(target, url);
  }
}

/** Behind a proxy only the proxy knows addresses. */
async function requireAdmitted({ hostname, protocol }: URL, network: Network): Promise<void> {
  const { env } = process;
  const proxy = protocol === 'https:' ? (env['https_proxy'] ?? env['HTTPS_PROXY']) : (env['http_proxy'] ?? env['HTTP_PROXY']);
  if (proxy !== undefined && proxy !== '') return;
  const refused = (await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true })).find(({ address }) => !network.admits(address));
  if (refused !== undefined) throw new Refused(`${hostname} leads to ${refused.address}, which is not a public address`);
}
