import type { IncomingMessage } from 'node:http';
import { rateLimit, type ClientRateLimitInfo, type Store } from 'express-rate-limit';
import { Problem } from './problems/problem.js';
import { addressKey } from './caller-address.js';
import type { Step } from './step.js';

const WINDOW_MILLISECONDS = 60_000;
/** About 20 MB when every one of them is an IPv6 network. */
const MOST_ADDRESSES = 100_000;

/**
 * Step: 429 `rate_limited` for an address that asks more often than so in a minute. The minute begins with its
 * first request.
 * @param addressOf the address of the caller
 * @param nowMilliseconds a clock that no operator sets
 */
export function limitAddresses(
  perMinute: number,
  addressOf: (request: IncomingMessage) => string | undefined,
  nowMilliseconds: () => number = () => performance.now(),
): Step {
  const store = new BoundedStore(WINDOW_MILLISECONDS, MOST_ADDRESSES, nowMilliseconds);
  const limit = rateLimit({
    windowMs: WINDOW_MILLISECONDS,
    limit: perMinute,
    store,
    keyGenerator: (request) => addressKey(addressOf(request)),
    handler: (request, _response, next) => {
      const { resetTime } = (request as unknown as { readonly rateLimit: ClientRateLimitInfo }).rateLimit;
      const left = (resetTime?.getTime() ?? 0) - nowMilliseconds();
      const retryAfterSeconds = Math.max(1, Math.ceil(left / 1000));
      next(new Problem('rate_limited', { reason: 'address_limit', retryAfterSeconds }));
    },
    // Retry-After is the problem's; the other headers would tell strangers how far they are.
    standardHeaders: false,
    legacyHeaders: false,
    // They look for mistakes in Express's `trust proxy`, which is not used.
    validate: false,
  });
  // It reads and writes nothing of a request that only Express gives it.
  return limit as unknown as Step;
}

/**
 * Counts in bounded memory, by a clock that never steps back; the library's own store does neither. Beyond
 * `mostKeys` those that have not been seen for long are forgotten first.
 */
export class BoundedStore implements Store {
  readonly localKeys = true;
  readonly #windowMilliseconds: number;
  readonly #mostKeys: number;
  readonly #nowMilliseconds: () => number;
  /** Two generations instead of one list in order: to find the eldest key of a large Map takes V8 milliseconds. */
  #young = new Map<string, Window>();
  #old = new Map<string, Window>();

  constructor(windowMilliseconds: number, mostKeys: number, nowMilliseconds: () => number) {
    this.#windowMilliseconds = windowMilliseconds;
    this.#mostKeys = mostKeys;
    this.#nowMilliseconds = nowMilliseconds;
  }

  get keys(): number {
    return this.#young.size + this.#old.size;
  }

  increment(key: string): ClientRateLimitInfo {
    const now = this.#nowMilliseconds();
    let window = this.#young.get(key) ?? this.#takeOld(key);
    if (window === undefined || window.endMilliseconds <= now) {
      window = { hits: 0, endMilliseconds: now + this.#windowMilliseconds };
    }
    window.hits += 1;
    this.#young.set(key, window);
    if (this.#young.size >= this.#mostKeys / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    return { totalHits: window.hits, resetTime: new Date(window.endMilliseconds) };
  }

  decrement(key: string): void {
    const window = this.#young.get(key) ?? this.#old.get(key);
    if (window !== undefined) window.hits -= 1;
  }

  resetKey(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  #takeOld(key: string): Window | undefined {
    const window = this.#old.get(key);
    this.#old.delete(key);
    return window;
  }
}

interface Window {
  hits: number;
  endMilliseconds: number;
}
