import type { CookieKind, CookiePath } from './cookie-kind.js';
import { toCloudFrontBase64 } from '../policy.js';
import type { CookieAttributes } from './cookie-attributes.js';
import { pathOf, type Prefix } from '../prefix.js';
import {
  formatHeldValue,
  heldCookieName,
  oldCookieName,
  type CookiePlace,
  type HeldRecord,
} from './held-grants.js';
import type { HashAlgorithm } from '../signing/signature.js';

/** Every attribute is written, none is left to a browser's default. */
export type SetCookie = CookieKind & {
  readonly name: string;
  readonly value: string;
  /** `null`: host-only. */
  readonly domain: string | null;
  readonly path: CookiePath;
  /** Seconds, unlike Express's own `maxAge`; 0 clears. */
  readonly maxAgeSeconds: number;
};

// B63: beyond these a browser drops the cookie, or widens it by dropping the attribute, without a word.
const MAX_NAME_AND_VALUE_BYTES = 4_096;
const MAX_ATTRIBUTE_BYTES = 1_024;
// RFC 6265 §4.1.1: what a name, a value and an attribute may be spelled with.
const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
const ATTRIBUTE = /^[\x21-\x3a\x3c-\x7e]+$/;

/** Everything of a cookie but its name and value. */
type Attributes = CookieKind & Omit<SetCookie, 'name' | 'value' | keyof CookieKind>;

/**
 * One `Set-Cookie` line. Takes the finished cookie; gives the value of the header.
 * Throws TypeError for anything that a browser would drop, repair or read as another attribute.
 */
export function formatSetCookie(cookie: SetCookie): string {
  return lineOf(cookie.name, cookie.value, formatAttributes(cookie));
}

/** @throws {TypeError} as {@link formatSetCookie} */
function lineOf(name: string, value: string, attributes: string): string {
  if (!NAME.test(name)) throw dropped('a cookie name of token characters');
  // The value is not named: it may be a signature.
  if (!VALUE.test(value)) throw dropped(`a value of cookie characters for ${name}`);
  if (name.length + value.length > MAX_NAME_AND_VALUE_BYTES) {
    throw dropped(`at most 4096 bytes of name and value for ${name}`);
  }
  return `${name}=${value}${attributes}`;
}

/**
 * What follows the value in the line of a cookie: the five lines of a grant share two of them.
 * @throws {TypeError} as {@link formatSetCookie}
 */
function formatAttributes({
  domain,
  path,
  maxAgeSeconds,
  secure,
  sameSite,
  partitioned,
}: Attributes): string {
  if (!path.startsWith('/') || !ATTRIBUTE.test(path)) {
    throw dropped('a Path that begins with / and holds no blank or semicolon');
  }
  if (path.length > MAX_ATTRIBUTE_BYTES) throw dropped('at most 1024 bytes of Path');
  if (domain !== null && (!ATTRIBUTE.test(domain) || domain.length > MAX_ATTRIBUTE_BYTES)) {
    throw dropped('a host name as Domain');
  }
  if (!Number.isSafeInteger(maxAgeSeconds) || maxAgeSeconds < 0) throw dropped('whole seconds as Max-Age');
  const at = domain === null ? `; Path=${path}` : `; Domain=${domain}; Path=${path}`;
  const kind = `; HttpOnly${secure ? '; Secure' : ''}; SameSite=${sameSite}${partitioned ? '; Partitioned' : ''}`;
  return `${at}; Max-Age=${maxAgeSeconds}${kind}`;
}

function dropped(expected: string): TypeError {
  return new TypeError(`expected ${expected}, or no browser keeps it`);
}

/** The finished cookies of one grant, ready to be written. */
export interface CookieSet {
  readonly prefix: Prefix;
  /** The Path of the cookies: `/<prefix>`, or `/`. */
  readonly path: CookiePath;
  /** The Resource of the policy. */
  readonly resource: string;
  readonly expiresAtEpochSeconds: number;
  readonly keyPairId: string;
  readonly hashAlgorithm: HashAlgorithm;
  /** The policy text, as it was signed. */
  readonly policyText: string;
  /** The value of `CloudFront-Signature`. */
  readonly signature: string;
}

/** Where the cookies of a prefix live: below the prefix, or everywhere. */
export function cookiePathOf(attributes: Pick<CookieAttributes, 'pathMode'>, prefix: Prefix): CookiePath {
  return attributes.pathMode === 'root' ? '/' : pathOf(prefix);
}

/**
 * The five lines of one grant, in an order that does not change, all of one Domain and Path (B60), in one
 * answer (B71). What the other hash or a canned policy left behind is cleared with them (B62, R36, R43).
 * Takes the set, where it lives, and the seconds it has left; Max-Age ends with the policy.
 */
export function issueLines(
  set: CookieSet,
  attributes: CookieAttributes,
  secondsLeft: number,
): readonly string[] {
  const at = placeOf(attributes, set.path);
  const lives = formatAttributes({ ...at, maxAgeSeconds: Math.max(0, secondsLeft) });
  const cleared = formatAttributes({ ...at, maxAgeSeconds: 0 });
  return [
    lineOf('CloudFront-Policy', toCloudFrontBase64(Buffer.from(set.policyText)), lives),
    lineOf('CloudFront-Signature', set.signature, lives),
    lineOf('CloudFront-Key-Pair-Id', set.keyPairId, lives),
    set.hashAlgorithm === 'SHA256'
      ? lineOf('CloudFront-Hash-Algorithm', 'SHA256', lives)
      : lineOf('CloudFront-Hash-Algorithm', '', cleared),
    lineOf('CloudFront-Expires', '', cleared),
  ];
}

/** What {@link issueLines} sets, in the same order: a clear must name each with the Domain, Path and partition it was set with (B61). */
const SET_NAMES = [
  'CloudFront-Policy',
  'CloudFront-Signature',
  'CloudFront-Key-Pair-Id',
  'CloudFront-Hash-Algorithm',
] as const;

/** The lines that take one grant away from the browser, wherever an earlier configuration set it. */
export function clearLines(attributes: CookieAttributes, at: CookiePlace): readonly string[] {
  const kind = kindAt(attributes, at.partitioned);
  const cleared = formatAttributes({ ...kind, domain: at.domain, path: at.path, maxAgeSeconds: 0 });
  return SET_NAMES.map((name) => lineOf(name, '', cleared));
}

/** Our own cookie of one grant, which says that this browser holds it. */
export function heldLine(attributes: CookieAttributes, record: HeldRecord, secondsLeft: number): string {
  const name = heldCookieName(record, attributes.ownCookies);
  return ownLine(attributes, record.partitioned, name, formatHeldValue(record), Math.max(0, secondsLeft));
}

/** Clears our own cookie of one grant. */
export function clearHeldLine(attributes: CookieAttributes, at: CookiePlace): string {
  return ownLine(attributes, at.partitioned, heldCookieName(at, attributes.ownCookies), '', 0);
}

/** Clears the one cookie in which edgepass 0.1 kept all grants. */
export function clearOldFormLine(attributes: CookieAttributes): string {
  return ownLine(attributes, attributes.partitioned, oldCookieName(attributes.ownCookies), '', 0);
}

/** Our own cookies are host-only, and in the partition of the cookies that they speak of. */
function ownLine(
  attributes: CookieAttributes,
  partitioned: boolean,
  name: string,
  value: string,
  maxAgeSeconds: number,
): string {
  const { path } = attributes.ownCookies;
  return formatSetCookie({
    ...kindAt(attributes, partitioned),
    name,
    value,
    path,
    domain: null,
    maxAgeSeconds,
  });
}

function placeOf(
  attributes: CookieAttributes,
  path: CookiePath,
): CookieKind & { readonly domain: string | null; readonly path: CookiePath } {
  return { ...kindAt(attributes, attributes.partitioned), domain: attributes.domain, path };
}

/** The kind of this deployment's cookies in or outside a partition: a browser removes a cookie only there. */
function kindAt(attributes: CookieAttributes, partitioned: boolean): CookieKind {
  if (partitioned) return { sameSite: 'None', secure: true, partitioned };
  return attributes.sameSite === 'None'
    ? { sameSite: 'None', secure: true, partitioned }
    : { sameSite: attributes.sameSite, secure: attributes.secure, partitioned };
}
