import type { ScriptedPage } from './in-page.js';
import type { LocalStack } from './local-stack.js';

/** After the latest renewal, by chance, of a grant of 15 minutes, and before its end. */
export const DUE_MS = 700_000;

export interface AccessInPage {
  readonly ready: Promise<unknown>;
  readonly grant: { readonly id: string } | undefined;
  renew(): Promise<void>;
  blobUrl(url: string): Promise<string>;
  diagnose(url: string): Promise<{ readonly entitled: boolean; readonly sentence: string }>;
  close(): Promise<void>;
}
export interface PageWithAccess {
  access?: AccessInPage;
  /** How far the clock of the tab is ahead. */
  aheadMs?: number;
  /** How many grants the tab has asked for. */
  asked?: number;
  /** Until then what it asks for is not sent. */
  held?: Promise<void>;
  release?: () => void;
  dispatchEvent(event: unknown): boolean;
}

/** The lock, the messages and the notes are the browser's own; only the clock is handed in, so that nobody waits. */
export function openInTab(tab: ScriptedPage, { appUrl, apiUrl }: LocalStack): Promise<void> {
  return tab.evaluate(
    async ({ module, api }) => {
      const { createEdgepassClient } = (await import(module)) as {
        createEdgepassClient: (options: object) => { open(prefix: string): AccessInPage };
      };
      const page = globalThis as unknown as PageWithAccess;
      page.aheadMs = 0;
      const client = createEdgepassClient({
        apiUrl: api,
        browser: {
          timers: {
            nowMs: () => Date.now() + (page.aheadMs ?? 0),
            after: (delayMs: number, callback: () => void) => {
              const timer = setTimeout(callback, delayMs);
              return () => clearTimeout(timer);
            },
          },
        },
      });
      page.access = client.open('courses/algebra');
      await page.access.ready;
    },
    { module: `${appUrl}/client/index.js`, api: apiUrl },
  );
}

/** The renewal falls due in this tab, and the network comes back. Gives the grant that it holds then. */
export function renewInTab(tab: ScriptedPage, held: readonly string[]): Promise<string> {
  return tab.evaluate(
    async ({ before, ahead }) => {
      const page = globalThis as unknown as PageWithAccess;
      page.aheadMs = (page.aheadMs ?? 0) + ahead;
      page.dispatchEvent(new Event('online'));
      for (;;) {
        const id = page.access?.grant?.id;
        if (id !== undefined && !before.includes(id)) return id;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    { before: held, ahead: DUE_MS },
  );
}

/** The grant that this tab holds now. */
export function heldIn(tab: ScriptedPage): Promise<string> {
  return tab.evaluate(() => (globalThis as unknown as PageWithAccess).access?.grant?.id ?? 'nothing', null);
}

/** Counts the grants that this tab asks for from now on. Before {@link openInTab}: the client keeps the fetch that it finds. */
export function countGrants(tab: ScriptedPage): Promise<void> {
  return tab.evaluate(() => {
    const page = globalThis as unknown as PageWithAccess;
    const { fetch: ask } = globalThis;
    page.asked = 0;
    globalThis.fetch = async (...call: Parameters<typeof ask>) => {
      const [address, init] = call;
      if (init?.method === 'POST' && typeof address === 'string' && address.endsWith('/grants')) {
        page.asked = (page.asked ?? 0) + 1;
        await page.held;
      }
      return ask(...call);
    };
  }, null);
}

/** How many that were. */
export function askedIn(tab: ScriptedPage): Promise<number> {
  return tab.evaluate(() => (globalThis as unknown as PageWithAccess).asked ?? 0, null);
}

/** Holds back what {@link countGrants} counts, until {@link releaseGrants}. */
export function holdGrants(tab: ScriptedPage): Promise<void> {
  return tab.evaluate(() => {
    const page = globalThis as unknown as PageWithAccess;
    page.held = new Promise((resolve) => (page.release = resolve));
  }, null);
}

export function releaseGrants(tab: ScriptedPage): Promise<void> {
  return tab.evaluate(() => (globalThis as unknown as PageWithAccess).release?.(), null);
}

/** How many calls of the tabs of this origin wait for the lock of another one. */
export function waitingCalls(tab: ScriptedPage): Promise<number> {
  return tab.evaluate(async () => (await navigator.locks.query()).pending.length, null);
}
