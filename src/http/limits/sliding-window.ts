/** Whether one more is allowed, and if not, in how many seconds. */
export type WindowVerdict = { readonly isAllowed: true } | { readonly retryAfterSeconds: number };

interface Count {
  window: number;
  current: number;
  previous: number;
}

/**
 * Counts per key over a sliding window, in bounded memory: three numbers a key, and at most `mostKeys` keys,
 * those not seen for long forgotten first. The window slides by weighing the previous one (as nginx
 * and Cloudflare do), so nobody gets twice the limit at its edge. Keys refused are not counted on.
 */
export class SlidingWindow {
  /** Two generations instead of one list in order: to find the eldest key of a large Map takes V8 milliseconds. */
  #young = new Map<string, Count>();
  #old = new Map<string, Count>();

  constructor(
    private readonly limit: number,
    private readonly windowSeconds: number,
    private readonly mostKeys: number,
  ) {}

  get keys(): number {
    return this.#young.size + this.#old.size;
  }

  /** Takes a key and the time in seconds of a clock that never steps back. */
  take(key: string, nowSeconds: number): WindowVerdict {
    const window = Math.floor(nowSeconds / this.windowSeconds);
    const count = this.#countOf(key, window);
    const share = 1 - (nowSeconds / this.windowSeconds - window);
    const used = count.previous * share + count.current;
    if (used >= this.limit) return { retryAfterSeconds: this.#secondsUntilFree(count, share) };
    count.current += 1;
    return { isAllowed: true };
  }

  #countOf(key: string, window: number): Count {
    const count = this.#young.get(key) ?? this.#rejuvenate(key) ?? { window, current: 0, previous: 0 };
    this.#young.set(key, count);
    if (count.window !== window) {
      count.previous = count.window === window - 1 ? count.current : 0;
      count.current = 0;
      count.window = window;
    }
    if (this.#young.size >= this.mostKeys / 2) this.#ageAll();
    return count;
  }

  #rejuvenate(key: string): Count | undefined {
    const count = this.#old.get(key);
    this.#old.delete(key);
    return count;
  }

  #ageAll(): void {
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** When the weight of the counted window has sunk far enough for one more. */
  #secondsUntilFree({ current, previous }: Count, share: number): number {
    const room = this.limit - 1;
    const fraction =
      current > room
        ? share + (1 - Math.max(0, room / current))
        : share - Math.max(0, (room - current) / previous);
    return Math.max(1, Math.ceil(fraction * this.windowSeconds));
  }
}
