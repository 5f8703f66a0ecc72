import type { KeyObject } from 'node:crypto';
import { verify } from 'node:crypto';
import type { Switches } from '../distribution/switches.js';

/** The two hashes that CloudFront knows; SHA1 when no marker says otherwise (R2). */
export type HashAlgorithm = 'SHA1' | 'SHA256';

/**
 * Checks a signature over exactly these bytes: RSASSA-PKCS1-v1_5 for an RSA key (R33), ECDSA in DER for
 * a P-256 key (R34). A signature of any other form is simply not valid.
 */
export function signatureIsValid(
  input: {
    readonly signedBytes: Buffer;
    readonly signature: Buffer;
    readonly publicKey: KeyObject;
    readonly hashAlgorithm: HashAlgorithm;
  },
  switches: Pick<Switches, 'rawEcdsaSignatures'>,
): boolean {
  const { signedBytes, signature, publicKey } = input;
  const hash = input.hashAlgorithm === 'SHA1' ? 'sha1' : 'sha256';
  const check = (dsaEncoding: 'der' | 'ieee-p1363') => {
    try {
      return verify(hash, signedBytes, { key: publicKey, dsaEncoding }, signature);
    } catch {
      return false;
    }
  };
  return check('der') || (switches.rawEcdsaSignatures === 'accept' && check('ieee-p1363'));
}
