import { toCloudFrontBase64 } from './policy.js';
import type { HashAlgorithm } from './signing/signature.js';

/** A signed URL, and what it opens: for everybody who has it, until it ends. */
export interface SignedUrl {
  /** Ready to be handed on: the address with the signature in its query. */
  readonly url: string;
  /** The Resource of the policy: the file, or with a prefix everything below that folder. */
  readonly resource: string;
  readonly expiresAtEpochSeconds: number;
  readonly keyPairId: string;
}

/** What the query of a signed URL says. */
export interface UrlSignature {
  readonly expiresAtEpochSeconds: number;
  /** The text that was signed, where CloudFront cannot write it itself from the address and the end. */
  readonly policyText: string | null;
  readonly signature: string;
  readonly keyPairId: string;
  readonly hashAlgorithm: HashAlgorithm;
}

/**
 * The query of a signed URL, in the order in which AWS's own signers write it. `Expires` stands for a canned
 * policy, `Policy` is a custom one (R9); SHA-1 is not named (R3). No value needs escaping (R4).
 */
export function signedQuery(signed: UrlSignature): string {
  const { policyText, expiresAtEpochSeconds, signature, keyPairId, hashAlgorithm } = signed;
  const parameters = [
    policyText === null
      ? `Expires=${expiresAtEpochSeconds}`
      : `Policy=${toCloudFrontBase64(Buffer.from(policyText))}`,
    `Key-Pair-Id=${keyPairId}`,
    `Signature=${signature}`,
    ...(hashAlgorithm === 'SHA256' ? ['Hash-Algorithm=SHA256'] : []),
  ];
  return parameters.join('&');
}
