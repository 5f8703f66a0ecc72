import { createHash, generateKeyPairSync } from 'node:crypto';

export type KeyKind = 'rsa' | 'ecdsa';

export interface KeyPair {
  /** PKCS#8. */
  readonly privateKeyPem: string;
  /** SPKI, the form that CloudFront's console and `create-public-key` take. */
  readonly publicKeyPem: string;
  /** SHA-256 of the SPKI DER, hex with colons, as in `loadSigningKey`. */
  readonly fingerprint: string;
}

/** A new key pair of one of the two kinds that CloudFront accepts: RSA-2048 or ECDSA P-256 (R32). */
export function makeKeyPair(kind: KeyKind): KeyPair {
  const { privateKey, publicKey } =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const hex = createHash('sha256').update(der).digest('hex');
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    fingerprint: (hex.match(/../g) ?? []).join(':'),
  };
}
