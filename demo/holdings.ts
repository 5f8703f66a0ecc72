import type { EdgepassClient, GrantKeeper } from '/client/index.js';
import { expiresAtMs } from './pass-card.js';
import { opens, withScope, type HeldScope } from './scopes.js';

/** A cookie counts whole seconds: a scope counts as ended only when its cookie is gone for sure. */
const AFTER_EXPIRY_MS = 1_500;

/** The scopes of this browser, each kept alive while renewal is switched on. */
export interface Holdings {
  readonly scopes: readonly HeldScope[];
  readonly opens: (path: string) => boolean;
  readonly add: (scope: HeldScope) => void;
  /** Forgets one scope, or all. */
  readonly drop: (prefix?: string) => void;
  /** Forgets the scopes that have ended, and gives them. */
  readonly dropEnded: (nowMs: number) => readonly HeldScope[];
  /** Switches renewal on or off for all scopes. */
  readonly keepAlive: (on: boolean) => void;
  /** To be called before playing: timers may have slept (B106). */
  readonly renewIfDue: () => void;
}

/** Starts with none; `renewed` is told after each renewal, `failed` after each that failed. */
export function holdScopes(
  client: EdgepassClient,
  told: { readonly renewed: (scope: HeldScope) => void; readonly failed: (error: unknown) => void },
): Holdings {
  const keepers = new Map<string, GrantKeeper>();
  let scopes: readonly HeldScope[] = [];
  let alive = false;

  function stopKeeper(prefix: string): void {
    keepers.get(prefix)?.stop();
    keepers.delete(prefix);
  }

  function replace(next: readonly HeldScope[]): void {
    scopes = next;
    const kept = new Set(scopes.map(({ grant }) => grant.prefix));
    for (const prefix of keepers.keys()) if (!kept.has(prefix)) stopKeeper(prefix);
  }

  function startKeeper({ grant, receivedAtMs, ttlSeconds }: HeldScope): void {
    stopKeeper(grant.prefix);
    const keeper = client.keepGranted(grant.prefix, {
      ttlSeconds,
      current: { grant, receivedAtMs },
      onGrant: (renewed) => {
        const scope = { grant: renewed, receivedAtMs: Date.now(), ttlSeconds };
        replace(withScope(scopes, scope));
        told.renewed(scope);
      },
      onError: told.failed,
    });
    keepers.set(grant.prefix, keeper);
  }

  return {
    get scopes() {
      return scopes;
    },
    opens: (path) => scopes.some(({ grant }) => opens(grant.prefix, path)),
    add(scope) {
      replace(withScope(scopes, scope));
      if (alive) startKeeper(scope);
    },
    drop(prefix) {
      replace(prefix === undefined ? [] : scopes.filter(({ grant }) => grant.prefix !== prefix));
    },
    dropEnded(nowMs) {
      const ended = scopes.filter((scope) => nowMs > expiresAtMs(scope) + AFTER_EXPIRY_MS);
      if (ended.length > 0) replace(scopes.filter((scope) => !ended.includes(scope)));
      return ended;
    },
    keepAlive(on) {
      alive = on;
      for (const scope of scopes) {
        if (on) startKeeper(scope);
        else stopKeeper(scope.grant.prefix);
      }
    },
    renewIfDue() {
      for (const keeper of keepers.values()) void keeper.renewIfDue();
    },
  };
}
