import type { Grant } from './answers.js';
import { EdgepassError } from './errors.js';
import { browserSignals, browserTimers, type PageSignals, type Timers } from './page-signals.js';
import { remainingLife } from './renewal-plan.js';

export interface KeepGrantedOptions {
  /** Lifetime of each grant in seconds. */
  readonly ttlSeconds?: number;
  /** A grant already given, and when its answer arrived: kept alive instead of asking for another one first. */
  readonly current?: { readonly grant: Grant; readonly receivedAtMs: number };
  readonly onGrant?: (grant: Grant) => void;
  /** Every failed renewal; `willRetry` is false when only a person can change the answer (not entitled, signed out). */
  readonly onError?: (error: unknown, willRetry: boolean) => void;
  /** Called once when `clear()` has ended the renewal, here or in another tab of this origin. */
  readonly onEnd?: () => void;
  readonly signals?: PageSignals;
  readonly timers?: Timers;
}

export interface GrantRenewal {
  /** Call before playing after a pause: renews when it is time, else does nothing. Never rejects. */
  renewIfDue(): Promise<void>;
  /** Ends the renewal; a renewal under way is no longer reported. The cookies stay until they expire. */
  stop(): void;
}

/** What a renewal asks: `isWanted` says, just before the call is sent, whether it still is. */
export interface Granter {
  grant(prefix: string, options: { ttlSeconds?: number; isWanted: () => boolean }): Promise<Grant>;
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const SHORTEST_WAIT_MS = 1_000;

/**
 * Keeps `prefix` granted: asks now, renews at `renewAfter`, and looks again whenever the page wakes, because
 * timers sleep with the tab. Failures that can pass are tried again with growing pauses; the others
 * wait for the next wake or {@link GrantRenewal.renewIfDue}. Never two calls at once.
 */
export function keepGranted(client: Granter, prefix: string, options: KeepGrantedOptions = {}): GrantRenewal {
  const timers = options.timers ?? browserTimers;
  let dueAtMs = timers.nowMs();
  let failures = 0;
  let stopped = false;
  let cancelTimer = (): void => {};
  let underWay: Promise<void> | undefined;

  function wait(): void {
    cancelTimer();
    if (!stopped) cancelTimer = timers.after(dueAtMs - timers.nowMs(), () => void renewIfDue());
  }

  function accept(grant: Grant, receivedAtMs: number): void {
    failures = 0;
    dueAtMs = receivedAtMs + Math.max(remainingLife(grant, receivedAtMs).renewInMs, SHORTEST_WAIT_MS);
    wait();
  }

  function refuse(error: unknown): void {
    const final = error instanceof EdgepassError && !error.temporary;
    failures += 1;
    if (final) {
      cancelTimer();
    } else {
      const named = error instanceof EdgepassError ? error.retryAfterSeconds : undefined;
      const pauseMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
      dueAtMs = timers.nowMs() + (named === undefined ? pauseMs : named * 1000);
      wait();
    }
    options.onError?.(error, !final);
  }

  async function renew(): Promise<void> {
    let grant: Grant;
    try {
      grant = await client.grant(prefix, {
        ...(options.ttlSeconds === undefined ? {} : { ttlSeconds: options.ttlSeconds }),
        isWanted: () => !stopped,
      });
    } catch (error) {
      if (!stopped) refuse(error);
      return;
    }
    if (stopped) return;
    accept(grant, timers.nowMs());
    options.onGrant?.(grant);
  }

  function renewIfDue(): Promise<void> {
    if (stopped) return Promise.resolve();
    if (underWay !== undefined) return underWay;
    if (timers.nowMs() < dueAtMs) {
      wait();
      return Promise.resolve();
    }
    underWay = renew().finally(() => {
      underWay = undefined;
    });
    return underWay;
  }

  const stopListening = (options.signals ?? browserSignals).onWake(() => void renewIfDue());
  if (options.current === undefined) void renewIfDue();
  else accept(options.current.grant, options.current.receivedAtMs);

  return {
    renewIfDue,
    stop() {
      stopped = true;
      cancelTimer();
      stopListening();
    },
  };
}
