import type { CheckedOptions } from './cloudfront-options.js';
import type { CookieAttributes } from './cookies/cookie-attributes.js';
import type { HashAlgorithm } from './signing/signature.js';
import type { SigningKey } from './keys/signing-key.js';

/** What this deployment tells CloudFront and the browser, to compare with what they have. Nothing of it is secret. */
export interface CloudFrontDescription {
  readonly keyPairId: string;
  readonly keyType: SigningKey['type'];
  /** The public key, as CloudFront must hold it under that id (`EncodedKey`). */
  readonly publicKeyPem: string;
  /** SHA-256 of the public key's SPKI DER, hex with colons; the same as `openssl pkey -pubin -outform DER | openssl sha256 -c`. */
  readonly fingerprint: string;
  readonly hashAlgorithm: HashAlgorithm;
  readonly cookies: {
    /** `null`: host-only. */
    readonly domain: string | null;
    readonly sameSite: CookieAttributes['sameSite'];
    readonly secure: boolean;
    readonly partitioned: boolean;
    readonly path: CookieAttributes['pathMode'];
  };
}

/** Takes the checked options; gives what may be shown of them. Named one by one, so that no private member slips in. */
export function describeCloudFront({
  key,
  hashAlgorithm,
  attributes,
}: CheckedOptions): CloudFrontDescription {
  const { domain, sameSite, secure, partitioned, pathMode } = attributes;
  return {
    keyPairId: key.keyPairId,
    keyType: key.type,
    publicKeyPem: key.publicKeyPem,
    fingerprint: key.fingerprint,
    hashAlgorithm,
    cookies: { domain, sameSite, secure, partitioned, path: pathMode },
  };
}
