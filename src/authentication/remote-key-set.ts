import { createLocalJWKSet, errors, type CryptoKey, type JWTHeaderParameters } from 'jose';
import type { Clock } from '../operation/clock.js';
import type { Problem } from '../http/problems/problem.js';
import { downloadJwks, JwksFailure, type Fetch } from './jwks-download.js';
import { keysUnavailable } from './token-problems.js';

/** While keys are held: at most one download in this time, whatever callers send and whether it succeeds (J17). */
const COOL_DOWN_SECONDS = 30;
/** While none are held nobody can sign in: 1, 2, 4, … s from one download to the next, at most the cool-down. */
const FIRST_RETRY_SECONDS = 1;
/**
 * An issuer that asks for a longer pause is asked again after this: its keys must not outlive it unseen. While
 * none are held, after the cool-down: one 503 at our start must not keep everybody out for minutes.
 */
const LONGEST_RETRY_AFTER_SECONDS = 300;
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

/** Hears of each change: why downloads fail now, or `null` when one succeeded after that. */
export type OnKeySetChange = (failure: string | null) => void;

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
  /** Failed downloads since the last that succeeded. */
  #failures = 0;
  /** From the latest attempt to the next, while keys are held; else at most the cool-down. */
  #pauseSeconds = 0;
  #listener: OnKeySetChange = () => undefined;
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

  /** Why no token can be verified now, for readiness; `null` while keys are held. */
  get problem(): Problem | null {
    return this.#usable() === null ? this.#unavailable(true) : null;
  }

  onChange(listener: OnKeySetChange): void {
    this.#listener = listener;
  }

  /** To be called every second or so: then no caller waits for a download but one whose key is new. Never rejects. */
  async refreshWhenDue(): Promise<void> {
    const held = this.#usable();
    if (held === null || this.#age(held) >= REFRESH_AFTER_SECONDS) await this.#refresh();
  }

  /** Resolves when a download has ended, or at once during the pause after one. Never rejects. */
  async #refresh(): Promise<void> {
    if (this.#download === null) {
      if (this.#pauseSecondsLeft() > 0) return;
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
      this.#failures = 0;
      this.#pauseSeconds = COOL_DOWN_SECONDS;
      this.#become(null);
    } catch (error) {
      const failure = error instanceof JwksFailure ? error : new JwksFailure('jwks_malformed');
      this.#failures += 1;
      this.#pauseSeconds = Math.max(this.#ownPauseSeconds(), askedPauseSeconds(failure));
      this.#become(failure.reason);
    }
  }

  #become(failure: string | null): void {
    const isNews = failure !== this.#failure;
    this.#failure = failure;
    if (isNews) this.#listener(failure);
  }

  #ownPauseSeconds(): number {
    if (this.#usable() !== null) return COOL_DOWN_SECONDS;
    return Math.min(FIRST_RETRY_SECONDS * 2 ** (this.#failures - 1), COOL_DOWN_SECONDS);
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

  #pauseSecondsLeft(): number {
    if (this.#lastAttemptEpochSeconds === null) return 0;
    const since = Math.abs(this.clock.nowEpochSeconds() - this.#lastAttemptEpochSeconds);
    const longest = this.#usable() === null ? COOL_DOWN_SECONDS : LONGEST_RETRY_AFTER_SECONDS;
    return Math.max(0, Math.min(this.#pauseSeconds, longest) - since);
  }

  #unavailable(isTold = false): Problem {
    const retryAfterSeconds = Math.max(1, this.#pauseSecondsLeft());
    return keysUnavailable(this.#failure ?? 'jwks_not_fetched', retryAfterSeconds, isTold);
  }
}

function askedPauseSeconds({ retryAfterSeconds }: JwksFailure): number {
  return Math.min(retryAfterSeconds ?? 0, LONGEST_RETRY_AFTER_SECONDS);
}
