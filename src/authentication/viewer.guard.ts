import type { IncomingMessage } from 'node:http';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Problem } from '../http/problems/problem.js';
import { cookieValues } from '../http/messages.js';
import { ACCESS_TOKEN_VERIFIER, type AccessTokenVerifier } from './access-token.verifier.js';
import { assertNotForged } from './forgery-check.js';
import type { Viewer } from './viewer.js';
import { tokenInvalid, tokenMissing } from './token-problems.js';

/** How the guards read a sign-in, fixed at start. */
export interface SignInPolicy {
  /** Name of the cookie that may carry the access token; `null` = header only. */
  readonly tokenCookie: string | null;
  /** Pages that may make unsafe calls with that cookie. */
  readonly allowedOrigins: readonly string[];
  /** The API's own origin as browsers see it. */
  readonly ownOrigin: string;
  /** Members may use the admin routes; `null` = those routes do not exist. */
  readonly adminGroup: string | null;
}

/** Injection token of the {@link SignInPolicy}. */
export const SIGN_IN_POLICY = Symbol('edgepass.sign-in-policy');

/**
 * Where a request keeps its viewer: no body parser, query or header can name a symbol. Not a WeakMap beside it, whose
 * entries cost the garbage collector much.
 */
const VIEWER = Symbol('edgepass.viewer');

interface SignedIn {
  [VIEWER]?: Viewer;
}

/** Who sent this request, or `null` when no guard has established it. Fits the port `ReadViewer`. */
export function viewerOrNull(request: unknown): Viewer | null {
  return typeof request === 'object' && request !== null ? ((request as SignedIn)[VIEWER] ?? null) : null;
}

/** Who sent this request. Throws an Error (a fault of the program) on a route without {@link ViewerGuard}. */
export function viewerOf(request: unknown): Viewer {
  const viewer = viewerOrNull(request);
  if (viewer === null)
    throw new Error('Expected a viewer on this request, found none: add ViewerGuard to the route.');
  return viewer;
}

/**
 * Lets only signed-in callers pass; `viewerOf(request)` then says who it is. Throws the problems
 * `token_…`, `keys_unavailable`, `clock_untrusted`, and `csrf_rejected` for an unsafe call that only a cookie signed in.
 */
@Injectable()
export class ViewerGuard implements CanActivate {
  constructor(
    @Inject(ACCESS_TOKEN_VERIFIER) private readonly verifier: AccessTokenVerifier,
    @Inject(SIGN_IN_POLICY) private readonly policy: SignInPolicy,
  ) {}

  async canActivate(context: ExecutionContext): Promise<true> {
    const request = context.switchToHttp().getRequest<RequestWithCookies>();
    const { token, from } = presentedToken(request, this.policy.tokenCookie);
    // Before the check: the audit log says in whose name a foreign page tried.
    (request as SignedIn)[VIEWER] = await this.verifier.verify(token);
    // A header is never attached by a browser on its own, so a foreign page cannot forge that call.
    if (from === 'cookie') assertNotForged(request, { ...this.policy, withoutBrowserHeaders: 'refuse' });
    return true;
  }
}

/**
 * Lets only members of the admin group pass; signs the caller in itself, so a route needs no second
 * guard. Without an admin group every admin route answers `not_found`, to everybody and before any
 * token is read. Throws what {@link ViewerGuard} throws, and `admin_required`.
 */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(
    @Inject(ViewerGuard) private readonly viewerGuard: ViewerGuard,
    @Inject(SIGN_IN_POLICY) private readonly policy: SignInPolicy,
  ) {}

  async canActivate(context: ExecutionContext): Promise<true> {
    const { adminGroup } = this.policy;
    if (adminGroup === null) throw new Problem('not_found', { reason: 'no_admin_group' });
    await this.viewerGuard.canActivate(context);
    const viewer = viewerOf(context.switchToHttp().getRequest<RequestWithCookies>());
    if (!viewer.groups.includes(adminGroup)) throw new Problem('admin_required');
    return true;
  }
}

/** The access token that a request carries, and whether a browser attached it by itself. */
export interface PresentedToken {
  readonly token: string;
  readonly from: 'header' | 'cookie';
}

/** A request as cookie-parser leaves it. */
export interface RequestWithCookies extends Pick<IncomingMessage, 'headers' | 'headersDistinct'> {
  readonly cookies?: Readonly<Record<string, unknown>>;
}

/** RFC 6750 section 2.1: the scheme in any case, one blank, one token. */
const BEARER = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * Finds the one access token of a request. The header wins; a broken header is refused, never passed
 * over for the cookie. Query and body are not read: both end up in logs. `cookieName` `null` =
 * header only. Throws `token_missing` or `token_invalid`.
 */
export function presentedToken(request: RequestWithCookies, cookieName: string | null): PresentedToken {
  // headersDistinct keeps what `headers` silently drops: the second of two Authorization headers.
  const authorization = request.headersDistinct['authorization'] ?? [];
  if (authorization.length > 1) throw tokenInvalid('authorization_repeated');
  const [header] = authorization;
  if (header !== undefined) {
    const token = BEARER.exec(header)?.[1];
    if (token === undefined) throw tokenInvalid('authorization_not_bearer');
    return { token, from: 'header' };
  }
  if (cookieName === null) throw tokenMissing(null);
  // Read from the header itself: cookie-parser keeps the first and drops the others. A sibling host may have planted
  // any of them, and the caller would be signed in as somebody else.
  const sent = cookieValues(request.headers.cookie, (name) => name === cookieName).map(({ value }) => value);
  if (new Set(sent).size > 1) throw tokenInvalid('cookie_ambiguous');
  // cookie-parser takes a single quote for both ends of an empty text, and the cookie would not be there.
  if (sent[0] === '"') throw tokenInvalid('cookie_malformed');
  const token = request.cookies?.[cookieName];
  if (token === undefined || token === '') throw tokenMissing(cookieName);
  // cookie-parser makes an object of a value that begins with `j:`.
  if (typeof token !== 'string') throw tokenInvalid('cookie_not_text');
  return { token, from: 'cookie' };
}

/**
 * Who calls, where a call may also come from nobody, as a sign-out does: `null` for whatever `ViewerGuard`
 * would refuse.
 */
export async function knownViewer(
  request: Pick<IncomingMessage, 'headers' | 'headersDistinct'>,
  verifier: AccessTokenVerifier,
  policy: Pick<SignInPolicy, 'tokenCookie'>,
): Promise<Viewer | null> {
  try {
    return await verifier.verify(presentedToken(request, policy.tokenCookie).token);
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}
