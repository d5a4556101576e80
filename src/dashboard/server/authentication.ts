/**
 * Who may ask: one hook before every route, and what it does not know it refuses. The token travels in an
 * `Authorization: Bearer` header; it is compared in constant time. A page of another origin can send no such header,
 * and `Host` and `Origin` are checked besides (DNS rebinding).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../shared/errors.ts';

/** Routes that tell no more than that the process is there. */
export const openRoutes: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

export interface Access {
  readonly token: string;
  /** Names under which this server is reached, ports aside. */
  readonly hosts: ReadonlySet<string>;
}

/** Failed log-ins a minute and address before more are refused unseen. */
const MAX_FAILURES = 20;
const WINDOW_MS = 60_000;

export function requireAccess(server: FastifyInstance, { token, hosts }: Access): void {
  const expected = digest(token);
  const failures = new Map<string, { count: number; since: number }>();
  server.addHook('onRequest', async (request, reply) => {
    if (!hosts.has(hostOf(request.headers.host)))
      return reply.code(403).send(refusal('MARINADE_ACCESS_HOST', 'this server is not reached under that name'));
    const { origin } = request.headers;
    if (origin !== undefined && origin !== `http://${request.headers.host}` && origin !== `https://${request.headers.host}`) {
      return reply.code(403).send(refusal('MARINADE_ACCESS_ORIGIN', 'requests of other origins are refused'));
    }
    if (openRoutes.has(request.routeOptions.url ?? '')) return;
    const now = performance.now();
    for (const [address, { since }] of failures) if (now - since > WINDOW_MS) failures.delete(address);
    const failed = failures.get(request.ip);
    if (failed !== undefined && failed.count >= MAX_FAILURES) {
      return reply.code(429).send(refusal('MARINADE_ACCESS_LIMIT', 'too many refused requests; wait a minute'));
    }
    if (timingSafeEqual(digest(presented(request)), expected)) return;
    failures.set(request.ip, { count: (failed?.count ?? 0) + 1, since: failed?.since ?? now });
    return reply.code(401).send(refusal('MARINADE_ACCESS_TOKEN', 'this needs the token of the orchestrator'));
  });
}

export function refusal(
  code: ErrorCode,
  message: string,
): { readonly schema: 1; readonly error: { readonly code: ErrorCode; readonly message: string } } {
  return { schema: 1, error: { code, message } };
}

function presented({ headers }: FastifyRequest): string {
  return /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** A host header without its port. */
function hostOf(header: string | undefined): string {
  return (header ?? '').replace(/:\d+$/, '').toLowerCase();
}
