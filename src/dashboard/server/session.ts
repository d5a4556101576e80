/**
 * Log-ins. The token of the orchestrator lets its holder act; the viewer's token, which follows from it but does not
 * lead back, lets look on. A browser shows one of them once and gets a cookie that scripts cannot read: role, end and
 * their signature under the token, so that a restarted server with the same token still knows it.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export type Role = 'viewer' | 'operator';

const LIFE_SECONDS = 7 * 24 * 3600;

function derived(token: string, purpose: string, text = ''): string {
  return createHmac('sha256', createHash('sha256').update(token).digest()).update(`${purpose}\n${text}`).digest('base64url');
}

function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** What whoever may only look on shows. */
export function viewerToken(token: string): string {
  return derived(token, 'viewer');
}

export class Sessions {
  readonly #token: string;
  readonly #viewer: string;
  /** Cookies know no ports: servers of one machine must not overwrite each other's. */
  readonly #name: string;

  constructor(token: string) {
    this.#token = token;
    this.#viewer = viewerToken(token);
    this.#name = `marinade_${derived(token, 'cookie').slice(0, 8)}`;
  }

  roleOfToken(shown: string): Role | undefined {
    const [operator, viewer] = [equal(shown, this.#token), equal(shown, this.#viewer)];
    return operator ? 'operator' : viewer ? 'viewer' : undefined;
  }

  roleOfCookie(header: string | undefined, now = Date.now()): Role | undefined {
    const value = (header ?? '')
      .split(';')
      .map((part) => part.trim())
      .find((part) => part.startsWith(`${this.#name}=`))
      ?.slice(this.#name.length + 1);
    const [role, until, signature] = (value ?? '').split('.');
    if ((role !== 'viewer' && role !== 'operator') || until === undefined || signature === undefined) return undefined;
    if (!equal(signature, derived(this.#token, 'session', `${role}.${until}`))) return undefined;
    return Number(until) * 1000 > now ? role : undefined;
  }

  /** The header that logs a browser in, or out. */
  cookie(role: Role | undefined, secure: boolean): string {
    const until = Math.floor(Date.now() / 1000) + LIFE_SECONDS;
    const value = role === undefined ? '' : `${role}.${until}.${derived(this.#token, 'session', `${role}.${until}`)}`;
    const life = role === undefined ? 0 : LIFE_SECONDS;
    return `${this.#name}=${value}; Path=/; Max-Age=${life}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  }
}
