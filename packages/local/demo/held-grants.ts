import type { Grant } from '/client/index.js';

/** Whether a grant for `prefix` opens `path`, on segment boundaries. */
export function opens(prefix: string, path: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);
}

/** A grant that this browser holds cookies of, as far as this page saw it happen. */
export interface HeldGrant {
  readonly grant: Grant;
  readonly receivedAtMs: number;
  readonly ttlSeconds: number;
}

/** The held grants after one more: it replaces the one of its prefix and those below it, as the API does. */
export function withHeld(held: readonly HeldGrant[], added: HeldGrant): readonly HeldGrant[] {
  return [...held.filter(({ grant }) => !opens(added.grant.prefix, grant.prefix)), added];
}

const MEMORY = 'edgepass-demo';

/** What the page remembers across a reload. No secret: the cookies and the session stay with the browser. */
export interface Memory {
  readonly viewer: string | null;
  readonly held: readonly HeldGrant[];
}

export function remember(memory: Memory): void {
  localStorage.setItem(MEMORY, JSON.stringify(memory));
}

export function recall(): Memory {
  try {
    const memory = JSON.parse(localStorage.getItem(MEMORY) ?? '') as Partial<Memory>;
    return { viewer: memory.viewer ?? null, held: memory.held ?? [] };
  } catch {
    return { viewer: null, held: [] };
  }
}
