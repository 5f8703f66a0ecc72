import { Problem } from '../http/problems/problem.js';

/** What the check reads of a request: Node's lower-case header names. */
export interface ForgeryEvidence {
  readonly method?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Whose pages may act in the caller's name. */
export interface ForgeryPolicy {
  /** Exact origins: scheme, host and port. */
  readonly allowedOrigins: readonly string[];
  /** The API's own origin as browsers see it: its own pages may call it. */
  readonly ownOrigin: string;
  /**
   * What a call with neither `Origin` nor `Sec-Fetch-Site`, one that no browser of today sends, gets.
   * `refuse` when a cookie signed the caller in: a program shall use the header. `allow` where nothing
   * that a browser attaches by itself gives the call its power (`DELETE /grants`, the demo sign-in).
   */
  readonly withoutBrowserHeaders: 'refuse' | 'allow';
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a method changes something, so that a forged call of it would do harm. */
export function isUnsafe(method: string | undefined): boolean {
  return method === undefined || !SAFE_METHODS.has(method);
}

/**
 * Refuses an unsafe call that a foreign page made a browser send (B108–B112). `Origin` decides where it
 * is present, else `Sec-Fetch-Site`. `same-site` is not enough: a sibling subdomain is same-site and
 * may be anyone's (B109, B20). Throws the problem `csrf_rejected`.
 */
export function assertNotForged(request: ForgeryEvidence, policy: ForgeryPolicy): void {
  if (!isUnsafe(request.method)) return;
  const origin = request.headers['origin'];
  if (origin !== undefined) {
    if (typeof origin !== 'string') throw rejected('origin_repeated');
    if (origin === 'null') throw rejected('origin_null');
    if (origin === policy.ownOrigin || policy.allowedOrigins.includes(origin)) return;
    throw rejected('origin_not_listed');
  }
  const site = request.headers['sec-fetch-site'];
  if (site === 'same-origin') return;
  if (site !== undefined) throw rejected('fetch_site_not_same_origin');
  if (policy.withoutBrowserHeaders === 'refuse') throw rejected('no_browser_headers');
}

function rejected(reason: string): Problem {
  return new Problem('csrf_rejected', {
    detail:
      'Expected the Origin of a listed page (APP_ORIGINS; `appOrigins` where edgepass is a module). A page elsewhere may not make this call; a program sends its token in the Authorization header instead of a cookie.',
    reason,
  });
}
