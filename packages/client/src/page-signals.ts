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

interface Listenable {
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

/** A tab that becomes visible, a network that returns, a page that leaves the back/forward cache. */
export const browserSignals: PageSignals = {
  onWake(callback) {
    const page = globalThis as unknown as Partial<Listenable> & {
      document?: Listenable & { visibilityState: string };
    };
    const whenVisible = (): void => {
      if (page.document?.visibilityState === 'visible') callback();
    };
    page.document?.addEventListener('visibilitychange', whenVisible);
    page.addEventListener?.('online', callback);
    page.addEventListener?.('pageshow', callback);
    return () => {
      page.document?.removeEventListener('visibilitychange', whenVisible);
      page.removeEventListener?.('online', callback);
      page.removeEventListener?.('pageshow', callback);
    };
  },
};

/** A browser takes a longer delay than this for no delay at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const browserTimers: Timers = {
  nowMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

interface Capturing {
  addEventListener(type: string, listener: () => void, capture: boolean): void;
}

/**
 * Watches whether the page is being closed. Gives a function that says so, in the handlers of `pagehide` too,
 * also in those that were registered before this; `false` again when the page comes back from the back/forward cache.
 */
export function watchClosing(): () => boolean {
  let isClosing = false;
  const page = globalThis as unknown as Partial<Capturing>;
  page.addEventListener?.('pagehide', () => (isClosing = true), true);
  page.addEventListener?.('pageshow', () => (isClosing = false), true);
  return () => isClosing;
}
