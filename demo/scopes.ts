import type { Grant } from '/client/index.js';

/** Whether a grant for `prefix` opens `path`, on segment boundaries. */
export function opens(prefix: string, path: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);
}

/** A scope that this browser holds cookies for, as far as this page saw it happen. */
export interface HeldScope {
  readonly grant: Grant;
  readonly receivedAtMs: number;
  readonly ttlSeconds: number;
}

/** The scopes after one more grant: it replaces its own scope and those below it, as the API does. */
export function withScope(held: readonly HeldScope[], added: HeldScope): readonly HeldScope[] {
  return [...held.filter(({ grant }) => !opens(added.grant.prefix, grant.prefix)), added];
}
