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
  const sent = valuesSent(request.headers.cookie ?? '', cookieName);
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
 * Every value that the header has for a cookie, as it was sent. Read from the header itself, because
 * cookie-parser keeps the first and drops the others: a sibling host may have planted any of them, and the caller
 * would be signed in as somebody else.
 */
function valuesSent(cookieHeader: string, name: string): readonly string[] {
  return cookieHeader.split(';').flatMap((pair) => {
    const separator = pair.indexOf('=');
    const isAsked = separator !== -1 && pair.slice(0, separator).trim() === name;
    return isAsked ? [pair.slice(separator + 1).trim()] : [];
  });
}
