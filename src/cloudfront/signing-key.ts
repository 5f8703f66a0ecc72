import type { KeyObject } from 'node:crypto';

/** A key that CloudFront accepts (R32), parsed once. */
export interface SigningKey {
  readonly keyPairId: string;
  readonly privateKey: KeyObject;
  readonly publicKeyPem: string;
  /** SHA-256 of the SPKI DER, hex with colons. */
  readonly fingerprint: string;
  readonly type: 'RSA-2048' | 'P-256';
}

/** Why a key cannot be used. No member ever holds a byte of key material. */
export interface SigningKeyProblem {
  /** The setting to change: the origin of the text, or CLOUDFRONT_KEY_PAIR_ID. */
  readonly setting: string;
  readonly expected: string;
  readonly found: string;
  readonly todo: string;
}

export interface SigningKeySource {
  readonly text: string;
  /** For messages: `CLOUDFRONT_PRIVATE_KEY`, or the path of the file. */
  readonly origin: string;
  readonly keyPairId: string | null;
}

export type SigningKeyResult = { readonly key: SigningKey } | { readonly problem: SigningKeyProblem };

export function loadSigningKey(_source: SigningKeySource): SigningKeyResult {
  throw new Error('being built');
}
