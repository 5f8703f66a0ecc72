import { toCloudFrontBase64 } from '../policy.js';
import type { CookieAttributes } from './cookie-attributes.js';
import { pathOf, type Prefix } from '../prefix.js';
import type { CookiePlace } from './held-grants.js';
import { formatSetCookie, type CookieKind, type CookiePath } from './cookie-syntax.js';
import type { HashAlgorithm } from '../signing/signature.js';

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
 * The five lines of one grant, in the order of the contract, all of one Domain and Path (B60), in one
 * answer (B71). What the other hash or a canned policy left behind is cleared with them (B62, R36, R43).
 * Takes the set, where it lives, and the seconds it has left; Max-Age ends with the policy.
 */
export function issueLines(
  set: CookieSet,
  attributes: CookieAttributes,
  secondsLeft: number,
): readonly string[] {
  const at = placeOf(attributes, set.path);
  const lives = { ...at, maxAgeSeconds: Math.max(0, secondsLeft) };
  const cleared = { ...at, value: '', maxAgeSeconds: 0 };
  const policy = toCloudFrontBase64(Buffer.from(set.policyText));
  return [
    formatSetCookie({ ...lives, name: 'CloudFront-Policy', value: policy }),
    formatSetCookie({ ...lives, name: 'CloudFront-Signature', value: set.signature }),
    formatSetCookie({ ...lives, name: 'CloudFront-Key-Pair-Id', value: set.keyPairId }),
    set.hashAlgorithm === 'SHA256'
      ? formatSetCookie({ ...lives, name: 'CloudFront-Hash-Algorithm', value: 'SHA256' })
      : formatSetCookie({ ...cleared, name: 'CloudFront-Hash-Algorithm' }),
    formatSetCookie({ ...cleared, name: 'CloudFront-Expires' }),
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
  const place = { ...kindAt(attributes, at.partitioned), domain: at.domain, path: at.path };
  return SET_NAMES.map((name) => formatSetCookie({ ...place, name, value: '', maxAgeSeconds: 0 }));
}

function placeOf(
  attributes: CookieAttributes,
  path: CookiePath,
): CookieKind & { readonly domain: string | null; readonly path: CookiePath } {
  return { ...kindAt(attributes, attributes.partitioned), domain: attributes.domain, path };
}

/** The kind of this deployment's cookies in or outside a partition: a browser removes a cookie only there. */
export function kindAt(attributes: CookieAttributes, partitioned: boolean): CookieKind {
  if (partitioned) return { sameSite: 'None', secure: true, partitioned };
  return attributes.sameSite === 'None'
    ? { sameSite: 'None', secure: true, partitioned }
    : { sameSite: attributes.sameSite, secure: attributes.secure, partitioned };
}
