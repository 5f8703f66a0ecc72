import { cookiePairs, type CookiePair, type Evidence, type HeldCookie } from './evidence.js';

/** What somebody handed over: lines of a jar, or the `Cookie` header of a request that was copied. */
export type CookieFile =
  | { readonly held: readonly HeldCookie[]; readonly pairs: null; readonly url: null; readonly origin: null }
  | {
      readonly held: readonly HeldCookie[];
      readonly pairs: readonly CookiePair[];
      /** The address of a copied request. */
      readonly url: string | null;
      readonly origin: string | null;
    };

/**
 * Reads a Netscape cookie file (curl, wget, browser add-ons), or a request copied as `curl` from the Network panel.
 * Null: it is neither.
 */
export function readCookieFile(text: string): CookieFile | null {
  if (/^\s*curl\s/.test(text)) return readCurl(text);
  const held = text.split(/\r?\n/).flatMap((line, index) => netscapeLine(line, index + 1) ?? []);
  return held.length === 0 ? null : { held, pairs: null, url: null, origin: null };
}

/** Domain, subdomains, path, secure, expiry, name, value: seven fields with tabs; curl marks HttpOnly by a prefix. */
function netscapeLine(raw: string, number: number): HeldCookie | null {
  const line = raw.replace(/^#HttpOnly_/, '');
  if (line.startsWith('#')) return null;
  const fields = line.split('\t');
  if (fields.length < 7) return null;
  const [domain = '', subdomains, path = '', secure, expires, name = '', ...value] = fields;
  return {
    name,
    value: value.join('\t'),
    domain: domain.replace(/^\./, '').toLowerCase(),
    hostOnly: subdomains?.toUpperCase() !== 'TRUE' && !domain.startsWith('.'),
    path,
    secure: secure?.toUpperCase() === 'TRUE',
    expires: Number(expires) || 0,
    where: `cookie file, line ${number}`,
  };
}

function readCurl(text: string): CookieFile | null {
  const words = shellWords(text.replace(/\\\r?\n|\^\r?\n/g, ' '));
  const headers: (readonly [string, string])[] = [];
  let url: string | null = null;
  let cookie: string | null = null;
  for (const [index, word] of words.entries()) {
    const next = words[index + 1] ?? '';
    if (word === '-H' || word === '--header') {
      const colon = next.indexOf(':');
      if (colon > 0) headers.push([next.slice(0, colon).trim().toLowerCase(), next.slice(colon + 1).trim()]);
    } else if (word === '-b' || word === '--cookie') cookie = next;
    else if (/^https?:\/\//.test(word) && url === null) url = word;
  }
  cookie ??= headers.find(([name]) => name === 'cookie')?.[1] ?? null;
  const origin = headers.find(([name]) => name === 'origin')?.[1] ?? null;
  if (url === null && cookie === null) return null;
  return { held: [], pairs: cookiePairs(cookie ?? ''), url, origin };
}

/** Splits as a shell does, for the quotes that Chromium and Firefox write: '…', $'…' and "…". */
function shellWords(text: string): readonly string[] {
  const words: string[] = [];
  const pattern = /\$?'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\S+)/gs;
  for (const [, single, double, plain] of text.matchAll(pattern)) {
    words.push((single ?? double ?? plain ?? '').replace(/\\(.)/g, '$1'));
  }
  return words;
}

/** The facts of a cookie file, for the checks. */
export function heldEvidence(file: CookieFile): Partial<Evidence> {
  return { held: file.held, target: file.url, app: file.origin, sources: ['cookie file'] };
}
