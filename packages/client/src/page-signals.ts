/** What the page tells about itself: moments after which a timer may have been late, or the network back. */
export interface PageSignals {
  /** Calls back on each such moment; gives a function that ends it. */
  onWake(callback: () => void): () => void;
}

/** Time as the renewal needs it; handed in so that tests decide what time it is. */
export interface Timers {
  nowMs(): number;
  /** Calls back once after `delayMs`; gives a function that cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** What `addEventListener` is called on. */
export interface Listenable {
  addEventListener?(type: string, listener: () => void, options: { signal: AbortSignal } | true): void;
}

/** A tab that becomes visible, a network that returns, a page that leaves the back/forward cache. */
export const browserSignals: PageSignals = {
  onWake(callback) {
    const page = globalThis as Listenable & { document?: Listenable & { visibilityState: string } };
    const ending = new AbortController();
    const { document } = page;
    document?.addEventListener?.(
      'visibilitychange',
      () => document.visibilityState === 'visible' && callback(),
      ending,
    );
    page.addEventListener?.('online', callback, ending);
    page.addEventListener?.('pageshow', callback, ending);
    return () => ending.abort();
  },
};

/**
 * A timer of the browser stands still while the computer sleeps, and no event tells when it wakes with the tab in
 * front. So a long wait looks at the clock this often.
 */
const LONGEST_TIMER_MS = 20_000;

/** Waits by the clock of the wall, which goes on while the computer sleeps. A clock that is set back delays nothing. */
export const browserTimers: Timers = {
  nowMs: () => Date.now(),
  after(delayMs, callback) {
    let leftMs = delayMs;
    let timer: ReturnType<typeof setTimeout>;
    const wait = (): void => {
      const partMs = Math.min(Math.max(leftMs, 0), LONGEST_TIMER_MS);
      const startedAtMs = Date.now();
      timer = setTimeout(() => {
        leftMs -= Math.max(Date.now() - startedAtMs, partMs);
        if (leftMs > 0) wait();
        else callback();
      }, partMs);
    };
    wait();
    return () => clearTimeout(timer);
  },
};

/**
 * Watches whether the page is being closed. Gives a function that says so, in the handlers of `pagehide` too,
 * also in those that were registered before this; `false` again when the page comes back from the back/forward cache.
 */
export function watchClosing(): () => boolean {
  let isClosing = false;
  const page = globalThis as Listenable;
  page.addEventListener?.('pagehide', () => (isClosing = true), true);
  page.addEventListener?.('pageshow', () => (isClosing = false), true);
  return () => isClosing;
}
