import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { createRemoteJWKSet, customFetch, errors, type CryptoKey, type JWTHeaderParameters } from 'jose';
import type { Clock } from '../operation/clock.js';
import type { Problem } from '../http/problems/problem.js';
import { downloadKeys, JwksFailure, type Fetch } from './jwks-download.js';
import { keysUnavailable } from './token-problems.js';

/** For the whole of a download. */
export const DOWNLOAD_TIMEOUT_MILLISECONDS = 5_000;
/** While keys are held: at most one download in this time, whatever callers send and whether it succeeds. */
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

/** What metrics and readiness say of the keys; nothing of the address they come from. */
export interface KeySetState {
  /** `null`: none are in use. */
  readonly ageSeconds: number | null;
  /** Whether the latest download failed. */
  readonly isFailing: boolean;
}

/** How often a watched set looks whether it has to be fetched. */
const WATCH_MILLISECONDS = 1_000;

/** OpenSSL's codes for a certificate that cannot be trusted, as Node hands them on. */
const ABOUT_THE_CERTIFICATE = /CERT|SIGNATURE/;

/**
 * The issuer's keys behind AUTH_JWKS_URL. A token whose key is held never waits for a download; a token
 * that names another key causes one, if the last was over 30 s ago, and shares it with every other.
 * The log says when downloads begin to fail, and when they succeed again.
 */
export class RemoteKeySet implements OnApplicationShutdown {
  readonly #logger = new Logger(RemoteKeySet.name);
  readonly #url: URL;
  readonly #clock: Clock;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  #fetchedAtEpochSeconds: number | null = null;
  #attemptedAtEpochSeconds: number | null = null;
  /** Why the latest download failed; `null` when it succeeded. */
  #failure: JwksFailure | null = null;
  /** Failed downloads since the last that succeeded. */
  #failures = 0;
  /** From the latest attempt to the next, while keys are held; else at most the cool-down. */
  #pauseSeconds = 0;
  /** The keys that jose holds, as text, and how often they have been others. */
  #text = '';
  #version = 0;
  #refreshing: Promise<void> | null = null;
  #wasHeld = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(url: string, clock: Clock, fetch: Fetch) {
    this.#url = new URL(url);
    this.#clock = clock;
    this.#keys = createRemoteJWKSet(this.#url, {
      timeoutDuration: DOWNLOAD_TIMEOUT_MILLISECONDS,
      // When to download is decided here: jose forgets good keys by age, and pauses only after a success.
      cacheMaxAge: Infinity,
      cooldownDuration: Infinity,
      [customFetch]: (address, options) => this.#download(() => downloadKeys(address, options, fetch)),
    });
  }

  /**
   * The key that a protected header names. Throws jose's JWKSNoMatchingKey or JWKSMultipleMatchingKeys,
   * and the problem `keys_unavailable` when the key may exist but cannot be fetched.
   */
  async keyFor(header: JWTHeaderParameters): Promise<CryptoKey> {
    if (this.#ageSeconds() === null) await this.#refresh();
    const ageSeconds = this.#ageSeconds();
    if (ageSeconds === null) throw this.#unavailable();
    if (ageSeconds >= REFRESH_AFTER_SECONDS) void this.#refresh();
    try {
      return await this.#keys(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await this.#refresh();
    try {
      return await this.#keys(header);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey && this.#failure !== null) throw this.#unavailable();
      throw error;
    }
  }

  /** Another number once the issuer has changed, added or withdrawn a key; `null` while none may be used. */
  get version(): number | null {
    return this.#ageSeconds() === null ? null : this.#version;
  }

  get state(): KeySetState {
    return { ageSeconds: this.#ageSeconds(), isFailing: this.#failure !== null };
  }

  /** Why no token can be verified now, for readiness; `null` while keys are held. */
  get problem(): Problem | null {
    return this.#ageSeconds() === null ? this.#unavailable(true) : null;
  }

  /** Fetches the keys now, and again whenever that is due: no caller waits for a download but one whose key is new. */
  watch(): void {
    const look = (): void => {
      const ageSeconds = this.#ageSeconds();
      if (this.#wasHeld && ageSeconds === null) {
        const msg = 'the keys of access tokens are too old to use; not ready';
        this.#logger.warn({ msg, reason: 'jwks_expired' });
      }
      this.#wasHeld = ageSeconds !== null;
      if (ageSeconds === null || ageSeconds >= REFRESH_AFTER_SECONDS) void this.#refresh();
    };
    look();
    this.#timer = setInterval(look, WATCH_MILLISECONDS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  /** Resolves when a download has ended, the same for everybody, or at once during the pause after one. Never rejects. */
  #refresh(): Promise<void> {
    if (this.#refreshing === null && this.#pauseSecondsLeft() > 0) return Promise.resolve();
    this.#refreshing ??= this.#reload().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #reload(): Promise<void> {
    // What failed is noted where the download ends.
    await this.#keys.reload().catch(() => undefined);
    // Compared once jose has them: a check that began before was made with the keys of the version before.
    const text = JSON.stringify(this.#keys.jwks());
    if (text !== this.#text) this.#version += 1;
    this.#text = text;
  }

  /** jose calls it once for everybody who waits. */
  async #download(keys: () => ReturnType<typeof downloadKeys>): Promise<Response> {
    this.#attemptedAtEpochSeconds = this.#clock.nowEpochSeconds();
    try {
      const usable = Response.json({ keys: await keys() });
      this.#fetchedAtEpochSeconds = this.#clock.nowEpochSeconds();
      this.#failures = 0;
      this.#pauseSeconds = COOL_DOWN_SECONDS;
      this.#noteOutcome(null);
      return usable;
    } catch (error) {
      const failure = error instanceof JwksFailure ? error : new JwksFailure('jwks_malformed');
      this.#failures += 1;
      const askedSeconds = Math.min(failure.retryAfterSeconds ?? 0, LONGEST_RETRY_AFTER_SECONDS);
      this.#pauseSeconds = Math.max(this.#ownPauseSeconds(), askedSeconds);
      this.#noteOutcome(failure);
      throw failure;
    }
  }

  #noteOutcome(failure: JwksFailure | null): void {
    const isChange = failure?.reason !== this.#failure?.reason || failure?.code !== this.#failure?.code;
    this.#failure = failure;
    if (!isChange) return;
    if (failure === null) this.#logger.log({ msg: 'the keys of access tokens are there' });
    else {
      const msg = 'the keys of access tokens cannot be fetched; trying again';
      this.#logger.warn({ msg, host: this.#url.host, ...describe(failure) });
    }
  }

  #ownPauseSeconds(): number {
    if (this.#ageSeconds() !== null) return COOL_DOWN_SECONDS;
    return Math.min(FIRST_RETRY_SECONDS * 2 ** (this.#failures - 1), COOL_DOWN_SECONDS);
  }

  /** `null` while none can be used. A clock that stepped back must not make old keys young: the distance counts. */
  #ageSeconds(): number | null {
    if (this.#fetchedAtEpochSeconds === null) return null;
    const seconds = Math.abs(this.#clock.nowEpochSeconds() - this.#fetchedAtEpochSeconds);
    return seconds < MAX_AGE_SECONDS ? seconds : null;
  }

  #pauseSecondsLeft(): number {
    if (this.#attemptedAtEpochSeconds === null) return 0;
    const sinceSeconds = Math.abs(this.#clock.nowEpochSeconds() - this.#attemptedAtEpochSeconds);
    const longestSeconds = this.#ageSeconds() === null ? COOL_DOWN_SECONDS : LONGEST_RETRY_AFTER_SECONDS;
    return Math.max(0, Math.min(this.#pauseSeconds, longestSeconds) - sinceSeconds);
  }

  #unavailable(isLoggedByState = false): Problem {
    const retryAfterSeconds = Math.max(1, this.#pauseSecondsLeft());
    return keysUnavailable(this.#failure?.reason ?? 'jwks_not_fetched', retryAfterSeconds, isLoggedByState);
  }
}

/** For the log: what failed, and what helps where that is known. */
function describe({ reason, code }: JwksFailure): object {
  if (code === null) return { reason };
  if (!ABOUT_THE_CERTIFICATE.test(code)) return { reason, code };
  const todo = 'name the authority of its certificate in NODE_EXTRA_CA_CERTS=/path/ca.pem, and restart';
  return { reason, code, todo };
}
