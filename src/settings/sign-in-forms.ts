import { fault, line, listOf, oneOf, valid, type Parse } from './parsed.js';
import { Secret } from './secret.js';
import { measure } from './settings-problem.js';

/** RFC 7518 3.2: an HMAC key must not be shorter than the hash. */
export const LEAST_SECRET_BYTES = { HS256: 32, HS384: 48, HS512: 64 } as const;

export const SYMMETRIC_ALGORITHMS = Object.keys(
  LEAST_SECRET_BYTES,
) as readonly (keyof typeof LEAST_SECRET_BYTES)[];
export const ASYMMETRIC_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

export const isSymmetric = (algorithm: string): boolean => algorithm in LEAST_SECRET_BYTES;

const algorithm = oneOf([...SYMMETRIC_ALGORITHMS, ...ASYMMETRIC_ALGORITHMS]);

/** An allow-list of JWS algorithms, of one kind: a public key taken for an HMAC secret would let anybody sign. */
export const algorithms: Parse<readonly string[]> = (text, environment) => {
  const read = listOf((entry) =>
    entry.toLowerCase() === 'none'
      ? fault('remove it; an unsigned token is never accepted')
      : algorithm(entry, environment),
  )(text, environment);
  if ('faults' in read) return read;
  const kinds = new Set(read.value.map(isSymmetric));
  return kinds.size === 1 ? read : fault('keep the HS… ones or the others; they are never mixed');
};

/** The secret that signs access tokens, at least as long as HS256's hash. */
export const tokenSecret: Parse<Secret> = (text) =>
  Buffer.byteLength(text) < LEAST_SECRET_BYTES.HS256
    ? fault('make one with: openssl rand -base64 48', { found: measure(text) })
    : valid(new Secret(text));

/** The name of a claim, or a dotted path to it. */
export const claim: Parse<string> = (text, environment) => {
  const read = line(text, environment);
  if ('faults' in read) return read;
  const steps = text.split('.');
  if (steps.includes('')) return fault('write the names of the claims with one dot between them');
  return steps.includes('__proto__') ? fault('name a claim of the token') : read;
};

const OUR_COOKIES = /^(?:CloudFront-.*|(?:__Host-|__Secure-)?edgepass-(?:held-.*|scopes)|edgepass_demo)$/i;

/** A cookie name: a token (RFC 6265 4.1.1) that is none of those that edgepass sets. */
export const cookieName: Parse<string> = (text) => {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(text))
    return fault('write the name of the cookie alone, without = or ;');
  return OUR_COOKIES.test(text) ? fault('name another cookie; edgepass sets this one itself') : valid(text);
};
