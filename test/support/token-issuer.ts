import { createHmac, generateKeyPairSync, sign, constants, type KeyObject } from 'node:crypto';
import { keepKey, keepToken } from './canaries/canaries.js';
import { rsaKeyPair } from './rsa-keys.js';

/** The time of every test that moves the clock by hand: 2027-01-15T08:00:00Z. */
export const NOW_EPOCH_SECONDS = 1_800_000_000;
export const ISSUER = 'https://idp.example.com';
export const AUDIENCE = 'edgepass-api';

/** Makes the signature of a JWS with node:crypto: nothing of the library that verifies it. */
export type JwsSigner = (signingInput: string) => Buffer;

export const rs256 =
  (key: KeyObject): JwsSigner =>
  (input) =>
    sign('sha256', Buffer.from(input), key);
export const rs512 =
  (key: KeyObject): JwsSigner =>
  (input) =>
    sign('sha512', Buffer.from(input), key);
export const ps256 =
  (key: KeyObject): JwsSigner =>
  (input) =>
    sign('sha256', Buffer.from(input), { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
export const es256 =
  (key: KeyObject): JwsSigner =>
  (input) =>
    sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
export const eddsa =
  (key: KeyObject): JwsSigner =>
  (input) =>
    sign(null, Buffer.from(input), key);
export const hs256 =
  (secret: string | Buffer): JwsSigner =>
  (input) =>
    createHmac('sha256', secret).update(input).digest();

/** A compact JWS. A payload of text or bytes goes in as it stands, so that a test can break it. */
export function compactJws(header: object, payload: object | string | Buffer, signer: JwsSigner): string {
  const bytes = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
  const input = `${base64url(JSON.stringify(header))}.${base64url(bytes)}`;
  const signature = signer(input).toString('base64url');
  keepToken('the signature of an access token', signature);
  return `${input}.${signature}`;
}

export function base64url(bytes: string | Buffer): string {
  return Buffer.from(bytes as string).toString('base64url');
}

/** Claims that are accepted; `undefined` in `changes` leaves a member out. */
export function claims(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { iss: ISSUER, aud: AUDIENCE, sub: 'u1', exp: NOW_EPOCH_SECONDS + 300, ...changes };
}

export interface TestKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly publicPem: string;
  /** The public half as a member of a JSON Web Key Set. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

export function rsaKey(kid: string, modulusLength = 2048): TestKey {
  return testKey(kid, rsaKeyPair(modulusLength));
}

export function ecKey(kid: string, namedCurve = 'P-256'): TestKey {
  return testKey(kid, generateKeyPairSync('ec', { namedCurve }));
}

export function ed25519Key(kid: string): TestKey {
  return testKey(kid, generateKeyPairSync('ed25519'));
}

function testKey(kid: string, pair: { publicKey: KeyObject; privateKey: KeyObject }): TestKey {
  keepKey(`the key ${kid} of the issuer`, pair.privateKey);
  return {
    ...pair,
    publicPem: pair.publicKey.export({ format: 'pem', type: 'spki' }) as string,
    jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid },
  };
}
