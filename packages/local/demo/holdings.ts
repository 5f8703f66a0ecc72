import type { EdgepassClient, GrantRenewal } from '/client/index.js';
import { expiresAtMs } from './access-card.js';
import { opens, withHeld, type HeldGrant } from './held-grants.js';

/** A cookie counts whole seconds: a grant counts as ended only when its cookie is gone for sure. */
const AFTER_EXPIRY_MS = 1_500;

/** The grants that this browser holds, each renewed while renewal is switched on. */
export interface Holdings {
  readonly all: readonly HeldGrant[];
  readonly opens: (path: string) => boolean;
  readonly add: (held: HeldGrant) => void;
  /** Forgets one, or all. */
  readonly drop: (prefix?: string) => void;
  /** Forgets those that have ended, and gives them. */
  readonly dropEnded: (nowMs: number) => readonly HeldGrant[];
  /** Switches renewal on or off for all of them. */
  readonly keepAlive: (on: boolean) => void;
  /** To be called before playing: timers may have slept. */
  readonly renewIfDue: () => void;
}

/** Starts with none; `renewed` is called after each renewal, `failed` after each that failed. */
export function holdGrants(
  client: EdgepassClient,
  listeners: { readonly renewed: (held: HeldGrant) => void; readonly failed: (error: unknown) => void },
): Holdings {
  const renewals = new Map<string, GrantRenewal>();
  let held: readonly HeldGrant[] = [];
  let alive = false;

  function stopRenewal(prefix: string): void {
    renewals.get(prefix)?.stop();
    renewals.delete(prefix);
  }

  function replace(next: readonly HeldGrant[]): void {
    held = next;
    const kept = new Set(held.map(({ grant }) => grant.prefix));
    for (const prefix of renewals.keys()) if (!kept.has(prefix)) stopRenewal(prefix);
  }

  function startRenewal({ grant, receivedAtMs, ttlSeconds }: HeldGrant): void {
    stopRenewal(grant.prefix);
    const renewal = client.keepGranted(grant.prefix, {
      ttlSeconds,
      current: { grant, receivedAtMs },
      onGrant: (renewed) => {
        const one = { grant: renewed, receivedAtMs: Date.now(), ttlSeconds };
        replace(withHeld(held, one));
        listeners.renewed(one);
      },
      onError: listeners.failed,
    });
    renewals.set(grant.prefix, renewal);
  }

  return {
    get all() {
      return held;
    },
    opens: (path) => held.some(({ grant }) => opens(grant.prefix, path)),
    add(one) {
      replace(withHeld(held, one));
      if (alive) startRenewal(one);
    },
    drop(prefix) {
      replace(prefix === undefined ? [] : held.filter(({ grant }) => grant.prefix !== prefix));
    },
    dropEnded(nowMs) {
      const ended = held.filter((one) => nowMs > expiresAtMs(one) + AFTER_EXPIRY_MS);
      if (ended.length > 0) replace(held.filter((one) => !ended.includes(one)));
      return ended;
    },
    keepAlive(on) {
      alive = on;
      for (const one of held) {
        if (on) startRenewal(one);
        else stopRenewal(one.grant.prefix);
      }
    },
    renewIfDue() {
      for (const renewal of renewals.values()) void renewal.renewIfDue();
    },
  };
}
