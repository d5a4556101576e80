/**
 * Who may ask: one hook before every route, and what it does not know it refuses.
 *
 *   `Host`            must be a name of this server (DNS rebinding)
 *   `Origin`, fetch metadata   of another site: refused
 *   token or cookie   says the role; without one only open routes answer
 *   unsafe methods    need the operator, and from a cookie the word of the browser that its own page asks
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../shared/errors.ts';
import { sessionBody } from './queries.ts';
import { parsed } from './requests.ts';
import { type Role, Sessions, viewerToken } from './session.ts';

/** Routes that tell no more than that the process is there. */
const healthRoutes: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a log-in: health, the page itself (which holds no data), the log-in. */
    readonly open?: boolean;
    /** Changes nothing but the log-in itself. */
    readonly anyRole?: boolean;
  }
  interface FastifyRequest {
    role: Role | undefined;
  }
}

export interface Access {
  readonly token: string;
  /** Names under which this server is reached, ports aside. */
  readonly hosts: ReadonlySet<string>;
}

/** Failed log-ins a minute and address before more are refused unseen. */
const MAX_FAILURES = 20;
const WINDOW_MS = 60_000;

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Counts refused tokens by address. */
class Guesses {
  readonly #failures = new Map<string, { count: number; since: number }>();

  tooMany(address: string): boolean {
    const now = performance.now();
    for (const [known, { since }] of this.#failures) if (now - since > WINDOW_MS) this.#failures.delete(known);
    return (this.#failures.get(address)?.count ?? 0) >= MAX_FAILURES;
  }

  note(address: string): void {
    const failed = this.#failures.get(address);
    this.#failures.set(address, { count: (failed?.count ?? 0) + 1, since: failed?.since ?? performance.now() });
  }
}

interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
}

const refusals = {
  host: { status: 403, code: 'MARINADE_ACCESS_HOST', message: 'this server is not reached under that name' },
  origin: { status: 403, code: 'MARINADE_ACCESS_ORIGIN', message: 'requests of other origins are refused' },
  limit: { status: 429, code: 'MARINADE_ACCESS_LIMIT', message: 'too many refused requests; wait a minute' },
  token: { status: 401, code: 'MARINADE_ACCESS_TOKEN', message: 'this needs the token of the orchestrator' },
  role: { status: 403, code: 'MARINADE_ACCESS_ROLE', message: 'you may look on; acting needs the token of the operator' },
} as const satisfies Record<string, Refusal>;

export function requireAccess(server: FastifyInstance, { token, hosts }: Access): void {
  const sessions = new Sessions(token);
  const guesses = new Guesses();
  server.decorateRequest('role', undefined);

  const decide = (request: FastifyRequest): Refusal | undefined => {
    const { headers, method, routeOptions } = request;
    if (!hosts.has(hostOf(headers.host))) return refusals.host;
    if (isForeign(request)) return refusals.origin;
    if (healthRoutes.has(routeOptions.url ?? '')) return undefined;
    const shown = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
    if (guesses.tooMany(request.ip) && (shown !== undefined || routeOptions.url === '/api/v1/session')) return refusals.limit;
    request.role = shown === undefined ? sessions.roleOfCookie(headers.cookie) : sessions.roleOfToken(shown);
    if (shown !== undefined && request.role === undefined) guesses.note(request.ip);
    if (routeOptions.config.open === true) return undefined;
    if (request.role === undefined) return refusals.token;
    if (safeMethods.has(method) || routeOptions.config.anyRole === true) return undefined;
    if (request.role !== 'operator') return refusals.role;
    return shown !== undefined || isOfOwnPage(request) ? undefined : refusals.origin;
  };
  server.addHook('onRequest', async (request, reply) => {
    const refused = decide(request);
    if (refused !== undefined) return reply.code(refused.status).send(refusal(refused.code, refused.message));
  });

  server.post('/api/v1/session', { config: { open: true } }, async (request, reply) => {
    if (!isOfOwnPage(request) && request.headers.origin !== undefined) return reply.code(403).send(refusal('MARINADE_ACCESS_ORIGIN', ''));
    const role = sessions.roleOfToken(parsed(sessionBody, request.body).token);
    if (role === undefined) {
      guesses.note(request.ip);
      return reply.code(401).send(refusal('MARINADE_ACCESS_TOKEN', 'that is not the token of this orchestrator'));
    }
    const secure = request.headers.origin?.startsWith('https:') ?? false;
    return reply.header('set-cookie', sessions.cookie(role, secure)).send({ schema: 1, role });
  });
  // Who may act may invite others to look on.
  server.post('/api/v1/session/viewer', async () => ({ schema: 1, token: viewerToken(token) }));
  server.delete('/api/v1/session', { config: { anyRole: true } }, async (_request, reply) =>
    reply.header('set-cookie', sessions.cookie(undefined, false)).send({ schema: 1 }),
  );
}

export function refusal(
  code: ErrorCode,
  message: string,
): { readonly schema: 1; readonly error: { readonly code: ErrorCode; readonly message: string } } {
  return { schema: 1, error: { code, message } };
}

/** A request that another site's page makes. */
function isForeign({ headers }: FastifyRequest): boolean {
  const { origin, host } = headers;
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) return true;
  const site = headers['sec-fetch-site'];
  // Following a link from elsewhere opens the page, which holds no data; it cannot read what it opens.
  return (site === 'cross-site' || site === 'same-site') && headers['sec-fetch-mode'] !== 'navigate';
}

/** Whether the browser says that a page of this server asks. */
function isOfOwnPage({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return site === undefined ? headers.origin !== undefined : site === 'same-origin';
}

/** A host header without its port. */
function hostOf(header: string | undefined): string {
  return (header ?? '').replace(/:\d+$/, '').toLowerCase();
}
