import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import {
  AUDIENCE,
  claims,
  compactJws,
  ecKey,
  es256,
  hs256,
  ISSUER,
  NOW_EPOCH_SECONDS,
  ps256,
  rs256,
  rsaKey,
} from '../../test/support/token-issuer.js';
import { Secret } from '../settings/secret.js';
import { createAccessTokenVerifier, type AccessTokenVerifier } from './access-token.verifier.js';
import { openIssuerKeys, type JwtSettings } from './verification-keys.js';

beforeAll(() => void jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined));
afterAll(() => void jest.restoreAllMocks());

const SECRET = 'a secret of exactly 32 bytes: ok';
const folder = temporaryFolder('verification-keys');
const rsa = rsaKey('rsa');
const ec = ecKey('ec');
const clock = { nowEpochSeconds: () => NOW_EPOCH_SECONDS };

async function open(
  keys: JwtSettings['keys'],
  algorithms: readonly string[],
  environment: 'production' | 'development' = 'production',
): Promise<AccessTokenVerifier> {
  const settings: JwtSettings = {
    mode: 'jwt',
    keys,
    algorithms,
    issuer: ISSUER,
    audience: AUDIENCE,
    cookie: null,
    viewerClaim: 'sub',
    groupsClaim: 'groups',
    adminGroup: null,
  };
  const fetch = async (): Promise<Response> => new Response('', { status: 500 });
  const issuerKeys = openIssuerKeys(settings, { clock, environment, fetch });
  return createAccessTokenVerifier(settings, clock, { issuerKeys, fileKey: null });
}

function fileOf(pem: string): JwtSettings['keys'] {
  const path = join(folder, 'key.pem');
  writeFileSync(path, pem);
  return { kind: 'publicKeyFile', path };
}

const secret = (text: string): JwtSettings['keys'] => ({ kind: 'secret', secret: new Secret(text) });
const jwks = (url: string): JwtSettings['keys'] => ({ kind: 'jwks', url });
const viewer = { id: 'u1', groups: [] };

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'accepted',
    (error: Error) => error.message,
  );
}

describe('a secret', () => {
  it('verifies the algorithms that are listed, and no other', async () => {
    const verifier = await open(secret(SECRET), ['HS256']);
    expect(await verifier.verify(compactJws({ alg: 'HS256' }, claims(), hs256(SECRET)))).toEqual(viewer);
    await expect(
      verifier.verify(compactJws({ alg: 'HS384' }, claims(), hs256(SECRET))),
    ).rejects.toMatchObject({
      code: 'token_invalid',
      reason: 'algorithm_not_allowed',
    });
    await expect(
      verifier.verify(compactJws({ alg: 'HS256' }, claims(), hs256(`${SECRET}!`))),
    ).rejects.toMatchObject({
      code: 'token_invalid',
      reason: 'err_jws_signature_verification_failed',
    });
  });

  it('counts in bytes, not characters, and never stands in a message', async () => {
    expect(await refusal(open(secret('é'.repeat(16)), ['HS256']))).toBe('accepted');
    expect(await refusal(open(secret('x'.repeat(31)), ['HS256']))).toBe(
      'AUTH_SECRET: expected at least 32 bytes; found 31 bytes; make a longer one, at random',
    );
  });
});

describe('a key file', () => {
  it('verifies tokens with or without a kid', async () => {
    const verifier = await open(fileOf(rsa.publicPem), ['RS256', 'ES256']);
    expect(await verifier.verify(compactJws({ alg: 'RS256' }, claims(), rs256(rsa.privateKey)))).toEqual(
      viewer,
    );
    const named = compactJws({ alg: 'RS256', kid: 'any' }, claims(), rs256(rsa.privateKey));
    expect(await verifier.verify(named)).toEqual(viewer);
  });

  it('serves PS256 where that is listed', async () => {
    const verifier = await open(fileOf(rsa.publicPem), ['PS256']);
    expect(await verifier.verify(compactJws({ alg: 'PS256' }, claims(), ps256(rsa.privateKey)))).toEqual(
      viewer,
    );
  });

  it('J08: is not tried with an algorithm of the other key type', async () => {
    const verifier = await open(fileOf(rsa.publicPem), ['RS256', 'ES256']);
    const token = compactJws({ alg: 'ES256' }, claims(), es256(ec.privateKey));
    await expect(verifier.verify(token)).rejects.toMatchObject({
      code: 'token_invalid',
      reason: 'key_cannot_verify_this',
    });
  });

  it('that fits none of the algorithms stops the start', async () => {
    expect(await refusal(open(fileOf(ec.publicPem), ['RS256']))).toBe(
      'AUTH_ALGORITHMS: expected one of ES256 for the key in AUTH_PUBLIC_KEY_FILE; found RS256; name the algorithm that the issuer signs with',
    );
  });
});

describe('the algorithms', () => {
  it.each([
    ['HS256 with a JWKS', jwks('https://idp.example.com/keys'), ['RS256', 'HS256'], 'HS256'],
    ['RS256 with a secret', secret(SECRET), ['HS256', 'RS256'], 'RS256'],
    ['none', jwks('https://idp.example.com/keys'), ['none'], 'none'],
    ['nothing', jwks('https://idp.example.com/keys'), [], 'none'],
    ['a name that every object has', secret(SECRET), ['constructor'], 'constructor'],
  ])('cannot be %s (J06)', async (_, keys, algorithms, found) => {
    expect(await refusal(open(keys, algorithms))).toMatch(
      new RegExp(`^AUTH_ALGORITHMS: expected some of .*; found ${found}; name algorithms of one kind`),
    );
  });
});

describe('a JWKS address', () => {
  it('must be https in production', async () => {
    expect(await refusal(open(jwks('http://idp.example.com/keys'), ['RS256']))).toBe(
      'AUTH_JWKS_URL: expected an https:// URL; found http:; use https: keys that are changed on the way let a stranger sign in as anyone',
    );
    expect(await refusal(open(jwks('http://localhost/keys'), ['RS256'], 'development'))).toBe('accepted');
  });

  it.each(['file:///etc/passwd', 'data:application/json,{}', 'idp.example.com/keys'])(
    'is not %s',
    async (url) => {
      expect(await refusal(open(jwks(url), ['RS256'], 'development'))).toMatch(
        /^AUTH_JWKS_URL: expected an https/,
      );
    },
  );

  it('that does not answer is a 503 with Retry-After, never a 401, and no obstacle at start', async () => {
    const verifier = await open(jwks('https://idp.example.com/keys'), ['RS256']);
    const token = compactJws({ alg: 'RS256', kid: 'rsa' }, claims(), rs256(rsa.privateKey));
    await expect(verifier.verify(token)).rejects.toMatchObject({
      code: 'keys_unavailable',
      reason: 'jwks_status_500',
      retryAfterSeconds: 1,
    });
  });
});
