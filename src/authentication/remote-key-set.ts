import { createLocalJWKSet, errors, type CryptoKey, type JWTHeaderParameters } from 'jose';
import type { Clock } from '../clock/clock.js';
import { downloadJwks, JwksFailure, type Fetch } from './jwks-download.js';
import { keysUnavailable } from './token-problems.js';

/** At most one download in this time, whatever the callers send and whether it succeeds (J17). */
const COOL_DOWN_SECONDS = 30;
/** From this age on the set is fetched anew, in the background. */
const REFRESH_AFTER_SECONDS = 600;
/** While the issuer does not answer, the last good set serves until this age. */
const MAX_AGE_SECONDS = 4_200;

/** What may be told of the keys; nothing of the address they come from. */
export interface KeySetState {
  /** `null`: none are in use. */
  readonly ageSeconds: number | null;
  /** Whether the latest download failed. */
  readonly isFailing: boolean;
}

interface HeldKeys {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly fetchedAtEpochSeconds: number;
}

/**
 * The issuer's keys behind AUTH_JWKS_URL. A token whose key is held never waits for a download; a token
 * that names another key causes one, if the last was over 30 s ago, and shares it with every other.
 */
export class RemoteKeySet {
  #held: HeldKeys | null = null;
  #lastAttemptEpochSeconds: number | null = null;
  /** Why the latest download failed; `null` when it succeeded. */
  #failure: string | null = null;
  #download: Promise<void> | null = null;

  constructor(
    private readonly url: string,
    private readonly clock: Clock,
    private readonly fetch: Fetch,
  ) {}

  /**
   * The key that a protected header names. Throws jose's JWKSNoMatchingKey or JWKSMultipleMatchingKeys,
   * and the problem `keys_unavailable` when the key may exist but cannot be fetched.
   */
  async keyFor(header: JWTHeaderParameters): Promise<CryptoKey> {
    const held = this.#usable() ?? (await this.#fetched());
    if (this.#age(held) >= REFRESH_AFTER_SECONDS) void this.#refresh();
    try {
      return await held.find(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await this.#refresh();
    try {
      return await (this.#held ?? held).find(header);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey && this.#failure !== null) throw this.#unavailable();
      throw error;
    }
  }

  get state(): KeySetState {
    const held = this.#usable();
    return { ageSeconds: held === null ? null : this.#age(held), isFailing: this.#failure !== null };
  }

  /** Resolves when a download has ended, or at once during the cool-down. Never rejects. */
  async #refresh(): Promise<void> {
    if (this.#download === null) {
      if (this.#coolDownSecondsLeft() > 0) return;
      this.#lastAttemptEpochSeconds = this.clock.nowEpochSeconds();
      this.#download = this.#replaceHeld().finally(() => {
        this.#download = null;
      });
    }
    await this.#download;
  }

  async #replaceHeld(): Promise<void> {
    try {
      const find = createLocalJWKSet(await downloadJwks(this.url, this.fetch));
      this.#held = { find, fetchedAtEpochSeconds: this.clock.nowEpochSeconds() };
      this.#failure = null;
    } catch (error) {
      this.#failure = error instanceof JwksFailure ? error.reason : 'jwks_malformed';
    }
  }

  async #fetched(): Promise<HeldKeys> {
    await this.#refresh();
    const held = this.#usable();
    if (held === null) throw this.#unavailable();
    return held;
  }

  #usable(): HeldKeys | null {
    return this.#held !== null && this.#age(this.#held) < MAX_AGE_SECONDS ? this.#held : null;
  }

  /** A clock that stepped back must not make old keys young for ever: the distance counts. */
  #age(held: HeldKeys): number {
    return Math.abs(this.clock.nowEpochSeconds() - held.fetchedAtEpochSeconds);
  }

  #coolDownSecondsLeft(): number {
    if (this.#lastAttemptEpochSeconds === null) return 0;
    const since = Math.abs(this.clock.nowEpochSeconds() - this.#lastAttemptEpochSeconds);
    return Math.max(0, COOL_DOWN_SECONDS - since);
  }

  #unavailable(): Error {
    return keysUnavailable(this.#failure ?? 'jwks_expired', Math.max(1, this.#coolDownSecondsLeft()));
  }
}
