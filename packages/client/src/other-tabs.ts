import type { Grant } from './answers.js';
import type { Listenable } from './page-signals.js';

/** What one tab tells the others about a prefix that it asked for. */
export interface News {
  readonly prefix: string;
  /** The answer, and when it arrived by the clock of this machine. */
  readonly granted?: { readonly grant: Grant; readonly atMs: number };
  /** The API cannot answer now: nobody asks again before that time. */
  readonly retryAtMs?: number;
  /** The cookies were cleared, and who still wants them asks again. */
  readonly closed?: true;
}

/** `cleared`: every cookie of the API was cleared, which is a sign-out. */
export type TabMessage = News | 'cleared';

/** The other tabs of this origin. */
export interface OtherTabs {
  tell(message: TabMessage): void;
  /** Calls back with what another tab tells; gives a function that ends it. */
  onMessage(callback: (message: TabMessage) => void): () => void;
  /** Writes down the news about a grant, so that a tab whose message is still under way can read it. */
  note(news: News): Promise<void>;
  /** What was noted last for that prefix. */
  noted(prefix: string): Promise<News | undefined>;
  /** Forgets every note. */
  forget(): Promise<unknown>;
}

interface Channel {
  postMessage(message: TabMessage): void;
  close(): void;
  addEventListener(type: 'message', listener: (event: { data: TabMessage }) => void): void;
}

interface Notes {
  put(key: string, response: Response): Promise<void>;
  match(key: string): Promise<Response | undefined>;
}

interface Page extends Listenable {
  readonly document?: unknown;
  readonly BroadcastChannel?: new (name: string) => Channel;
  readonly caches?: { open(name: string): Promise<Notes>; delete(name: string): Promise<unknown> };
}

/**
 * Takes the name that all tabs of one API share. Messages go through a BroadcastChannel, notes through Cache Storage:
 * a message may arrive after the lock that its sender gave up, a note is there before. Where the browser has
 * neither, or outside a page, a tab is alone.
 * A channel is open only while somebody listens and the page is shown: an open one can keep a page out of the
 * back/forward cache.
 */
export function otherTabs(name: string): OtherTabs {
  const page = globalThis as unknown as Page;
  const Channel = page.document === undefined ? undefined : page.BroadcastChannel;
  const keyOf = (prefix: string): string => `https://note.invalid/${encodeURIComponent(prefix)}`;
  /** Does nothing where there are no notes: a page without an origin of its own may not even read `caches`. */
  async function withNotes<Result>(use: (notes: Notes) => Promise<Result>): Promise<Result | undefined> {
    try {
      return Channel && page.caches && (await use(await page.caches.open(name)));
    } catch {
      return undefined;
    }
  }
  return {
    tell(message) {
      if (!Channel) return;
      const channel = new Channel(name);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel reaches its own origin only
      channel.postMessage(message);
      channel.close();
    },
    onMessage(callback) {
      let channel: Channel | undefined;
      const close = (): void => channel?.close();
      const open = (): void => {
        close();
        if (Channel) channel = new Channel(name);
        channel?.addEventListener('message', ({ data }) => callback(data));
      };
      const ending = new AbortController();
      page.addEventListener?.('pagehide', close, ending);
      page.addEventListener?.('pageshow', open, ending);
      open();
      return () => {
        close();
        ending.abort();
      };
    },
    note: (news) => withNotes((notes) => notes.put(keyOf(news.prefix), new Response(JSON.stringify(news)))),
    noted: (prefix) =>
      withNotes(async (notes) => (await notes.match(keyOf(prefix)))?.json() as Promise<News> | undefined),
    forget: async () => Channel && page.caches?.delete(name).catch(() => undefined),
  };
}
