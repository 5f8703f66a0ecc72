import type { HeldGrant } from './held-grants.js';

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
