import type { Prefix } from './prefix.js';

/** One cookie scope that this browser holds. */
export interface HeldScope {
  readonly prefix: Prefix;
  readonly expiresAtEpochSeconds: number;
}

/** What the scopes cookie of a request says, unexpired, oldest first. */
export interface HeldScopes {
  /** Scopes of the viewer that was asked for (of anybody, when none was named). */
  readonly scopes: readonly HeldScope[];
  /** Scopes that another viewer left in this browser. */
  readonly foreign: readonly HeldScope[];
}
