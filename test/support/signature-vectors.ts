import { readFileSync } from 'node:fs';

/** What the openssl command made once, see `note` in the file; the RSA key serves tests that need any key. */
interface SignatureVectors {
  readonly rsa: { readonly privateKeyPem: string; readonly publicKeyPem: string };
  readonly ecdsa: { readonly publicKeyPem: string };
  readonly policies: readonly {
    readonly cloudFrontUrl: string;
    readonly prefix: string;
    readonly expiresAtEpochSeconds: number;
    readonly resource: string;
    readonly text: string;
    readonly cookie: string;
    readonly rsa: { readonly SHA1: string; readonly SHA256: string };
    readonly ecdsa: { readonly SHA1: string; readonly SHA256: string };
  }[];
}

export const signatureVectors = JSON.parse(
  readFileSync(new URL('../vectors/signatures.json', import.meta.url), 'utf8'),
) as SignatureVectors;
