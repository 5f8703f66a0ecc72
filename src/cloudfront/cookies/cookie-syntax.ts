/**
 * The combinations of attributes that a browser keeps; any other does not compile.
 * Partitioned without SameSite=None is legal but useless, so it is no member either.
 */
export type CookieKind =
  | { readonly sameSite: 'Lax' | 'Strict'; readonly secure: boolean; readonly partitioned: false }
  | { readonly sameSite: 'None'; readonly secure: true; readonly partitioned: boolean };

/** Without the leading slash a browser would put its own default path in its place (RFC 6265 section 5.1.4). */
export type CookiePath = `/${string}`;

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

/**
 * One `Set-Cookie` line. Takes the finished cookie; gives the value of the header.
 * Throws TypeError for anything that a browser would drop, repair or read as another attribute.
 */
export function formatSetCookie(cookie: SetCookie): string {
  const { name, value, domain, path, maxAgeSeconds } = cookie;
  refuseUnless(NAME.test(name), 'a cookie name of token characters');
  refuseUnless(VALUE.test(value), `a value of cookie characters for ${name}`);
  refuseUnless(
    name.length + value.length <= MAX_NAME_AND_VALUE_BYTES,
    `at most 4096 bytes of name and value for ${name}`,
  );
  refuseUnless(
    path.startsWith('/') && ATTRIBUTE.test(path),
    `a Path that begins with / and holds no blank or semicolon for ${name}`,
  );
  refuseUnless(path.length <= MAX_ATTRIBUTE_BYTES, `at most 1024 bytes of Path for ${name}`);
  refuseUnless(
    domain === null || (ATTRIBUTE.test(domain) && domain.length <= MAX_ATTRIBUTE_BYTES),
    `a host name as Domain for ${name}`,
  );
  refuseUnless(
    Number.isSafeInteger(maxAgeSeconds) && maxAgeSeconds >= 0,
    `whole seconds as Max-Age for ${name}`,
  );
  return [
    `${name}=${value}`,
    ...(domain === null ? [] : [`Domain=${domain}`]),
    `Path=${path}`,
    `Max-Age=${maxAgeSeconds}`,
    'HttpOnly',
    ...(cookie.secure ? ['Secure'] : []),
    `SameSite=${cookie.sameSite}`,
    ...(cookie.partitioned ? ['Partitioned'] : []),
  ].join('; ');
}

function refuseUnless(condition: boolean, expected: string): void {
  // The value is not named: it may be a signature.
  if (!condition) throw new TypeError(`expected ${expected}, or no browser keeps it`);
}
