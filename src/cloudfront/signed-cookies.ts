import type { Prefix } from './prefix.js';
import type { CookiePath } from './set-cookie.js';

/** The finished cookies of one grant, ready to be written. */
export interface CookieSet {
  readonly prefix: Prefix;
  /** The Path of the cookies: `/<prefix>`, or `/`. */
  readonly path: CookiePath;
  /** The Resource of the policy. */
  readonly resource: string;
  readonly expiresAtEpochSeconds: number;
  readonly keyPairId: string;
  readonly hashAlgorithm: 'SHA1' | 'SHA256';
  readonly policy: string;
  readonly signature: string;
}
