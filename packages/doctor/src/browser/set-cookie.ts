import { domainMatches, type Scope } from './scope.js';
import { classify, isPublicSuffix, isSameSite, isThisMachine } from './site.js';

/** One `Set-Cookie` line as a browser reads it (6265bis section 5.6). Values are measured and never shown. */
export interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** As written, trimmed; null: no such attribute. */
  readonly domain: string | null;
  readonly path: string | null;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly partitioned: boolean;
  /** Lower case. */
  readonly sameSite: 'strict' | 'lax' | 'none' | null;
  readonly maxAgeSeconds: number | null;
  readonly expires: string | null;
}

/** The engines whose rules differ. */
export type Engine = 'Chromium' | 'Firefox' | 'Safari';

/** Name and value together (B63). */
export const MOST_COOKIE_BYTES = 4096;
/** A longer attribute is ignored (B63). */
const MOST_ATTRIBUTE_BYTES = 1024;

/** Reads one line; null where it names no cookie. */
export function readSetCookie(line: string): SetCookie | null {
  const [pair = '', ...attributes] = line.split(';');
  const equals = pair.indexOf('=');
  const name = (equals === -1 ? '' : pair.slice(0, equals)).trim();
  if (name === '') return null;
  const cookie = {
    name,
    value: pair.slice(equals + 1).trim(),
    domain: null as string | null,
    path: null as string | null,
    secure: false,
    httpOnly: false,
    partitioned: false,
    sameSite: null as SetCookie['sameSite'],
    maxAgeSeconds: null as number | null,
    expires: null as string | null,
  };
  for (const attribute of attributes) {
    const at = attribute.indexOf('=');
    const key = (at === -1 ? attribute : attribute.slice(0, at)).trim().toLowerCase();
    const text = at === -1 ? '' : attribute.slice(at + 1).trim();
    if (text.length > MOST_ATTRIBUTE_BYTES) continue;
    if (key === 'domain') cookie.domain = text;
    else if (key === 'path') cookie.path = text;
    else if (key === 'secure') cookie.secure = true;
    else if (key === 'httponly') cookie.httpOnly = true;
    else if (key === 'partitioned') cookie.partitioned = true;
    else if (key === 'expires') cookie.expires = text;
    else if (key === 'max-age' && /^-?\d+$/.test(text)) cookie.maxAgeSeconds = Number(text);
    else if (key === 'samesite') {
      const lower = text.toLowerCase();
      cookie.sameSite = lower === 'strict' || lower === 'lax' || lower === 'none' ? lower : null;
    }
  }
  return cookie;
}

/** Whether a line removes a cookie, at the time of its answer (B66). */
export function isClearing({ value, maxAgeSeconds, expires }: SetCookie, nowMs: number): boolean {
  if (maxAgeSeconds !== null) return maxAgeSeconds <= 0;
  if (expires !== null && Date.parse(expires) <= nowMs) return true;
  return value === '' && expires !== null;
}

/** How a Domain is malformed, in words; null when it is not (B12). An empty one makes the cookie host-only. */
export function domainFault(domain: string): string | null {
  const name = domain.replace(/^\./, '');
  if (domain === '')
    return 'an empty Domain, which counts as none: the cookie stays with the host that set it';
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(domain)) return 'a scheme';
  if (name.includes('*')) return 'a wildcard';
  if (/:\d*$/.test(name)) return 'a port';
  if (name.startsWith('.')) return 'an empty label';
  if (name.endsWith('.')) return 'a dot at the end';
  if (name.includes('/')) return 'a path';
  if (name.includes('..')) return 'an empty label';
  if (/[\s,]/.test(name)) return 'a list or white space';
  return null;
}

/** Where a `Set-Cookie` line came from. */
export interface SettingContext {
  /** The address of the answer that carried the line. */
  readonly url: string;
  /** The origin of the page that made the call; null: a navigation, or not known. */
  readonly page: string | null;
  /** The page in the address bar, where the calling page is a frame in it; null: the same, or not known. */
  readonly top: string | null;
}

/** Why a browser does not keep a cookie, or keeps it where the CDN never gets it. */
export type Rejection =
  | 'domain-malformed'
  | 'domain-is-public-suffix'
  | 'domain-not-of-host'
  | 'too-long'
  | 'none-without-secure'
  | 'partitioned-without-secure'
  | 'secure-over-http'
  | 'cross-site';

/**
 * Says why an engine drops a cookie; null when it keeps it. Cookies that are third-party and unpartitioned count as
 * kept in Chromium, which blocks them only when its user or Incognito does (B34).
 */
export function rejection(cookie: SetCookie, context: SettingContext, engine: Engine): Rejection | null {
  const url = new URL(context.url);
  const host = url.hostname;
  if (
    Buffer.byteLength(cookie.name) + Buffer.byteLength(cookie.value) > MOST_COOKIE_BYTES &&
    engine !== 'Safari'
  ) {
    return 'too-long';
  }
  const domain = cookie.domain?.replace(/^\./, '').toLowerCase() ?? '';
  if (domain !== '') {
    if (domainFault(cookie.domain ?? '') !== null) return 'domain-malformed';
    if (isPublicSuffix(domain) && domain !== host) return 'domain-is-public-suffix';
    if (!domainMatches(host, domain)) return 'domain-not-of-host';
  }
  if (cookie.sameSite === 'none' && !cookie.secure && engine !== 'Safari') return 'none-without-secure';
  if (cookie.partitioned && !cookie.secure) return 'partitioned-without-secure';
  if (cookie.secure && url.protocol === 'http:' && !acceptsSecureOverHttp(host, engine))
    return 'secure-over-http';
  if (isCrossSite(context, engine === 'Chromium')) {
    if (cookie.sameSite === 'lax' || cookie.sameSite === 'strict') return 'cross-site';
    // B27: only Chromium reads no SameSite as Lax. B36: Safari keeps no third-party cookie without a partition.
    if (cookie.sameSite === null && engine !== 'Firefox') return 'cross-site';
    if (engine === 'Safari' && !cookie.partitioned) return 'cross-site';
  }
  return null;
}

/** B29, B30: Safari does not take a local name for secure. */
function acceptsSecureOverHttp(host: string, engine: Engine): boolean {
  return engine !== 'Safari' && isThisMachine(host);
}

/** Whether the page, or the page around it, is of another site than the answer. */
export function isCrossSite({ url, page, top }: SettingContext, schemeful: boolean): boolean {
  return [page, top].some(
    (origin) => origin !== null && origin !== 'null' && !isSameSite(origin, url, schemeful),
  );
}

/** The scope that a browser gives a kept cookie (B9, B10, B13, B58). */
export function scopeOf(cookie: SetCookie, url: string): Scope {
  const { hostname, pathname } = new URL(url);
  const domain = (cookie.domain ?? '').replace(/^\./, '').toLowerCase();
  const isHostOnly = domain === '' || (domain === hostname && classify(domain).registrable === null);
  return {
    domain: isHostOnly ? hostname : domain,
    hostOnly: isHostOnly,
    path: cookie.path?.startsWith('/') === true ? cookie.path : defaultPath(pathname),
  };
}

function defaultPath(pathname: string): string {
  const last = pathname.lastIndexOf('/');
  return last <= 0 ? '/' : pathname.slice(0, last);
}
