import { createHmac, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';

/** What both servers get: the same key, the same secret, the same addresses. */
export interface Deployment {
  readonly privateKeyPem: string;
  readonly publicKey: KeyObject;
  readonly keyPairId: string;
  readonly tokenSecret: string;
  readonly issuer: string;
  readonly audience: string;
  readonly appOrigin: string;
  readonly apiUrl: string;
  readonly cdnUrl: string;
  readonly ttlSeconds: number;
}

/** A deployment with a new key, RSA-2048 where nothing else is asked for, and a new token secret. */
export function makeDeployment(key: 'RSA-2048' | 'P-256' = 'RSA-2048'): Deployment {
  const { privateKey } =
    key === 'RSA-2048'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    publicKey: createPublicKey(privateKey),
    keyPairId: 'K2JCJMDEHXQW5F',
    tokenSecret: randomBytes(32).toString('hex'),
    issuer: 'https://idp.example.com',
    audience: 'edgepass-api',
    appOrigin: 'https://app.media.example.com',
    apiUrl: 'https://api.media.example.com',
    cdnUrl: 'https://cdn.media.example.com',
    ttlSeconds: 900,
  };
}

/** An HS256 access token that outlives the run. */
export function makeToken(deployment: Deployment, subject: string, groups: readonly string[]): string {
  const { issuer, audience, tokenSecret } = deployment;
  const expiresAtEpochSeconds = Math.floor(Date.now() / 1000) + 3_600;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: issuer, aud: audience, sub: subject, groups, exp: expiresAtEpochSeconds };
  const input = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${input}.${createHmac('sha256', tokenSecret).update(input).digest('base64url')}`;
}
