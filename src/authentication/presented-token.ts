import type { IncomingMessage } from 'node:http';
import { tokenInvalid, tokenMissing } from './token-problems.js';

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
  if (isAmbiguous(request.headers.cookie ?? '', cookieName)) throw tokenInvalid('cookie_ambiguous');
  const token = request.cookies?.[cookieName];
  if (token === undefined || token === '') throw tokenMissing(cookieName);
  // cookie-parser makes an object of a value that begins with `j:`.
  if (typeof token !== 'string') throw tokenInvalid('cookie_not_text');
  return { token, from: 'cookie' };
}

/**
 * Whether the header has the cookie twice with different values. Read from the header itself, because
 * cookie-parser keeps the first and drops the second: a sibling host may have planted either, and the caller
 * would be signed in as somebody else.
 */
function isAmbiguous(cookieHeader: string, name: string): boolean {
  const pairs = cookieHeader.split(';').map((pair) => pair.trim());
  return new Set(pairs.filter((pair) => pair.startsWith(`${name}=`))).size > 1;
}
