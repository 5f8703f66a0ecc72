import type { Grant } from './answers.js';
import { EdgepassError } from './errors.js';
import type { News } from './other-tabs.js';
import type { PageSignals, Timers } from './page-signals.js';
import { remainingLife } from './renewal-plan.js';

export interface KeepGrantedOptions {
  /** Lifetime of each grant in seconds. */
  readonly ttlSeconds?: number;
  /** A grant already given, and when its answer arrived: kept alive instead of asking for another one first. */
  readonly current?: { readonly grant: Grant; readonly receivedAtMs: number };
  /** Each grant of this prefix: those that this tab asked for, and those that another tab of its origin did. */
  readonly onGrant?: (grant: Grant) => void;
  /** Every failed renewal; `willRetry` is false when only a person can change the answer (not entitled, signed out). */
  readonly onError?: (error: unknown, willRetry: boolean) => void;
  /** Called once when `clear()` has ended the renewal, here or in another tab of this origin. */
  readonly onEnd?: () => void;
}

/** What only `open()` asks of a renewal. */
export interface RenewalOptions extends KeepGrantedOptions {
  /** Called when a grant ended before it was renewed. */
  readonly onExpired?: () => void;
}

/** What stands for the browser. */
export interface RenewalParts {
  readonly signals: PageSignals;
  readonly timers: Timers;
  /** From 0 to 1: tabs that got one grant must not renew it in step. */
  readonly random: () => number;
}

export interface GrantRenewal {
  /**
   * Call before playing after a pause, and after a new sign-in: renews when it is time, and asks again after a refusal;
   * else does nothing. Never rejects.
   */
  renewIfDue(): Promise<void>;
  /** Ends the renewal; a renewal under way is no longer reported. The cookies stay until they expire. */
  stop(): void;
}

/** What a renewal asks: `isWanted` says, just before the call is sent, whether it still is. */
export interface Granter {
  grant(
    prefix: string,
    options: { ttlSeconds?: number | undefined; isWanted: () => boolean },
  ): Promise<Grant | undefined>;
  /** Tells who else renews that prefix what came of it. */
  tell?(news: News): void;
}

/** A renewal as the client holds it. */
export interface SharedRenewal extends GrantRenewal {
  /** Takes over what came of the renewal of another tab. */
  hear(news: News): void;
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const SHORTEST_WAIT_MS = 1_000;
/** The answer that cleared the cookies may still be on its way when another tab tells of it. */
const AFTER_CLOSING_MS = 1_000;
const LARGEST_SPREAD = 0.1;

/**
 * Keeps `prefix` granted: asks now, renews at `renewAfter`, and looks again whenever the page wakes, because
 * timers sleep with the tab. Failures that can pass are tried again with growing pauses, or when the
 * API says; the others end the asking until {@link GrantRenewal.renewIfDue} is called. Never two calls at once.
 */
export function keepGranted(
  client: Granter,
  prefix: string,
  { timers, signals, random }: RenewalParts,
  options: RenewalOptions,
): SharedRenewal {
  /** When the newest grant arrived; what came before the start is no news. */
  let knownSinceMs = timers.nowMs();
  let dueAtMs = knownSinceMs;
  let endsAtMs = Infinity;
  let current: Grant | undefined;
  let failures = 0;
  /** A refusal that only a person can change. */
  let isFinal = false;
  /** The API has named the pause. */
  let isNamed = false;
  let stopped = false;
  let cancelTimer = (): void => {};
  let underWay: Promise<void> | undefined;

  function wait(): void {
    cancelTimer();
    const nextMs = Math.min(isFinal ? Infinity : dueAtMs, endsAtMs);
    if (stopped || nextMs === Infinity) return;
    // What the timer was set for is due when it fires, also when the clock was set back meanwhile.
    cancelTimer = timers.after(nextMs - timers.nowMs(), () => look(Math.max(timers.nowMs(), nextMs)));
  }

  function look(nowMs: number): void {
    if (endsAtMs <= nowMs) {
      endsAtMs = Infinity;
      options.onExpired?.();
    }
    if (isFinal) wait();
    else void renewIfDue(nowMs);
  }

  function wake(): void {
    // A pause of our own may have waited for just this.
    if (failures > 0 && !isNamed) dueAtMs = Math.min(dueAtMs, timers.nowMs());
    look(timers.nowMs());
  }

  function accept(grant: Grant, receivedAtMs: number): void {
    failures = 0;
    isFinal = false;
    current = grant;
    knownSinceMs = receivedAtMs;
    const { renewInMs, expireInMs } = remainingLife(grant, receivedAtMs);
    const spreadMs = (expireInMs - renewInMs) * LARGEST_SPREAD * random();
    dueAtMs = receivedAtMs + Math.max(renewInMs + spreadMs, SHORTEST_WAIT_MS);
    if (options.onExpired !== undefined) endsAtMs = receivedAtMs + expireInMs;
    wait();
  }

  function refuse(error: unknown): void {
    const refusal = error instanceof EdgepassError ? error : undefined;
    isFinal = refusal?.temporary === false;
    failures += 1;
    if (!isFinal) {
      const named = refusal?.retryAfterSeconds;
      isNamed = named !== undefined;
      const pauseMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
      dueAtMs = timers.nowMs() + (named === undefined ? pauseMs : named * 1000);
      if (isNamed) client.tell?.({ prefix, retryAtMs: dueAtMs });
    }
    wait();
    options.onError?.(error, !isFinal);
  }

  async function renew(): Promise<void> {
    let grant: Grant | undefined;
    try {
      grant = await client.grant(prefix, {
        ttlSeconds: options.ttlSeconds,
        isWanted: () => !stopped && timers.nowMs() >= dueAtMs,
      });
    } catch (error) {
      if (!stopped) refuse(error);
      return;
    }
    // Its own news may have come first.
    if (stopped || grant === undefined || grant.id === current?.id) return;
    accept(grant, timers.nowMs());
    options.onGrant?.(grant);
  }

  async function renewIfDue(nowMs = timers.nowMs()): Promise<void> {
    if (stopped || underWay !== undefined) return underWay;
    if (nowMs < dueAtMs) {
      wait();
      return undefined;
    }
    dueAtMs = Math.min(dueAtMs, timers.nowMs());
    underWay = renew().finally(() => {
      underWay = undefined;
    });
    return underWay;
  }

  function isNews({ grant, atMs }: NonNullable<News['granted']>): boolean {
    // Two times of the API's clock, because this machine's may have been set in between.
    const longerMs = current === undefined ? 0 : Date.parse(grant.expiresAt) - Date.parse(current.expiresAt);
    return longerMs > 0 || (longerMs === 0 && atMs > knownSinceMs);
  }

  const stopListening = signals.onWake(wake);
  if (options.current === undefined) void renewIfDue();
  else accept(options.current.grant, options.current.receivedAtMs);

  return {
    renewIfDue: () => renewIfDue(),
    hear(news) {
      if (stopped || news.prefix !== prefix) return;
      if (news.granted !== undefined && isNews(news.granted)) {
        accept(news.granted.grant, news.granted.atMs);
        options.onGrant?.(news.granted.grant);
      }
      if (news.retryAtMs !== undefined && news.retryAtMs > dueAtMs) {
        dueAtMs = news.retryAtMs;
        wait();
      }
      // Who waits for a first grant asks anyway, after the call that cleared.
      if (news.closed === true && current !== undefined && !isFinal) {
        dueAtMs = timers.nowMs() + AFTER_CLOSING_MS * (1 + random());
        wait();
      }
    },
    stop() {
      stopped = true;
      cancelTimer();
      stopListening();
    },
  };
}
