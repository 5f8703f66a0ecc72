import type { KeyObject } from 'node:crypto';
import { verify } from 'node:crypto';

/** The two hashes that CloudFront knows; SHA1 when no marker says otherwise (R2). */
export type HashAlgorithm = 'SHA1' | 'SHA256';

/** A signature and what it should be about. */
export interface SignatureInput {
  readonly signedBytes: Buffer;
  readonly signature: Buffer;
  readonly publicKey: KeyObject;
  readonly hashAlgorithm: HashAlgorithm;
}

/**
 * Checks a signature over exactly these bytes: RSASSA-PKCS1-v1_5 for an RSA key (R33), ECDSA in DER for
 * a P-256 key (R34). A signature of any other form is simply not valid.
 */
export function signatureIsValid({
  signedBytes,
  signature,
  publicKey,
  hashAlgorithm,
}: SignatureInput): boolean {
  const hash = hashAlgorithm === 'SHA1' ? 'sha1' : 'sha256';
  try {
    return verify(hash, signedBytes, { key: publicKey, dsaEncoding: 'der' }, signature);
  } catch {
    return false;
  }
}
