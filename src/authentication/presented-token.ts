import type { IncomingMessage } from 'node:http';
import { tokenInvalid, tokenMissing } from './token-problems.js';

/** The access token that a request carries, and whether a browser attached it by itself. */
export interface PresentedToken {
  readonly token: string;
  readonly from: 'header' | 'cookie';
}

/** RFC 6750 section 2.1: the scheme in any case, one blank, one token. */
const BEARER = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * Finds the one access token of a request. The header wins; a broken header is refused, never passed
 * over for the cookie. Query and body are not read: both end up in logs. `cookieName` `null` =
 * header only. Throws `token_missing` or `token_invalid`.
 */
export function presentedToken(
  request: Pick<IncomingMessage, 'headers' | 'headersDistinct'>,
  cookieName: string | null,
): PresentedToken {
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
  const values = new Set(cookieValues(request.headers.cookie ?? '', cookieName));
  if (values.size > 1) throw tokenInvalid('cookie_ambiguous');
  const [token] = values;
  if (token === undefined || token === '') throw tokenMissing(cookieName);
  return { token, from: 'cookie' };
}

/**
 * Every value of one cookie name. Nothing is decoded or unquoted: an access token needs neither, and a
 * decoder that throws on `%zz` would make a 500 of a 401.
 */
function cookieValues(cookieHeader: string, name: string): string[] {
  return cookieHeader
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}
