/** Signs policy texts away from the event loop. */
export interface Signer {
  /** Takes the finished policy text; gives the value of `CloudFront-Signature`. Rejects with SignerOverloadedError when the queue is full. */
  sign(policyText: string): Promise<string>;
  close(): Promise<void>;
}

/** Too many signatures are waiting: answer `overloaded` and let the caller come back. */
export class SignerOverloadedError extends Error {
  override readonly name = 'SignerOverloadedError';
}
