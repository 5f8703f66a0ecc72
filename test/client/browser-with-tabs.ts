import { createEdgepassClient, type EdgepassClient } from '../../packages/client/src/index.js';
import type { News, TabMessage } from '../../packages/client/src/other-tabs.js';
import { grantIssuedAt, problem, START_MS } from './answers.js';

export const API = 'https://api.example.com';

interface Alarm {
  readonly atMs: number;
  readonly callback: () => void;
}

/** One tab, whose timers may stand still. */
export interface Tab {
  readonly client: EdgepassClient;
  /** A tab in the back/forward cache, or of a computer that sleeps: no timer fires and no message arrives. */
  frozen: boolean;
  /** What the page hears when it is shown again, or when the network is back. */
  wake(): Promise<void>;
}

/**
 * A browser with tabs of one origin, its locks, messages and notes, and the API that it calls. Its time stands still
 * until the test moves it.
 */
export class BrowserWithTabs {
  nowMs = START_MS;
  /** Every call that reached the API: method, path, body and second. */
  readonly calls: string[] = [];
  /** What the API answers instead of a grant, oldest first. */
  readonly refusals: (() => Response | Promise<Response>)[] = [];
  readonly inits: RequestInit[] = [];
  /** The lifetime that the API gives. */
  lifeMs = 900_000;
  /** Whether messages between tabs arrive at once, or only with {@link BrowserWithTabs.deliver}. */
  slowMessages = false;
  /** What the CDN answers. */
  file: (url: string) => Response = (url) => new Response(`file at ${url}`);
  #alarms: Alarm[] = [];
  #lock: Promise<unknown> = Promise.resolve();
  readonly #notes = new Map<string, News>();
  readonly #listeners = new Map<object, (message: TabMessage) => void>();
  #undelivered: (() => void)[] = [];

  openTab(random = 0): Tab {
    const wakeListeners = new Set<() => void>();
    const tab: Tab = {
      frozen: false,
      wake: () => {
        tab.frozen = false;
        for (const listener of wakeListeners) listener();
        return this.settle();
      },
      client: createEdgepassClient({
        apiUrl: API,
        fetch: (input, init = {}) =>
          this.#answer(input instanceof Request ? input.url : input.toString(), init),
        browser: {
          random: () => random,
          timers: {
            nowMs: () => this.nowMs,
            after: (delayMs, callback) => {
              const alarm = { atMs: this.nowMs + delayMs, callback: () => void (tab.frozen || callback()) };
              this.#alarms.push(alarm);
              return () => {
                this.#alarms = this.#alarms.filter((other) => other !== alarm);
              };
            },
          },
          signals: {
            onWake: (callback) => {
              wakeListeners.add(callback);
              return () => wakeListeners.delete(callback);
            },
          },
          locks: {
            request: (_name, callback) => {
              const run = this.#lock.then(callback);
              this.#lock = run.catch(() => undefined);
              return run;
            },
          },
          tabs: {
            tell: (message) => {
              for (const listener of this.#listeners.values()) {
                if (this.slowMessages) this.#undelivered.push(() => listener(message));
                else listener(message);
              }
            },
            onMessage: (callback) => {
              const key = {};
              this.#listeners.set(key, (message) => void (tab.frozen || callback(message)));
              return () => this.#listeners.delete(key);
            },
            note: async (news) => void this.#notes.set(news.prefix, news),
            noted: async (prefix) => this.#notes.get(prefix),
            forget: async () => this.#notes.clear(),
          },
        },
      }),
    };
    return tab;
  }

  /** Lets time pass; every timer fires when it is due. */
  async pass(seconds: number): Promise<void> {
    const endMs = this.nowMs + seconds * 1000;
    for (;;) {
      await this.settle();
      const next = this.#alarms.toSorted((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#alarms = this.#alarms.filter((alarm) => alarm !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
    this.nowMs = endMs;
    await this.settle();
  }

  /** Delivers the messages that are under way. */
  async deliver(): Promise<void> {
    for (const message of this.#undelivered.splice(0)) message();
    await this.settle();
  }

  /** Lets everything happen that waits for no timer. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  get alarms(): number {
    return this.#alarms.length;
  }

  async #answer(url: string, init: RequestInit): Promise<Response> {
    const { pathname, search } = new URL(url);
    const body = typeof init.body === 'string' ? init.body : '';
    this.inits.push(init);
    this.calls.push(`${init.method} ${pathname}${search}${body} @${(this.nowMs - START_MS) / 1000}`);
    const refusal = init.method === 'POST' ? this.refusals.shift() : undefined;
    if (refusal !== undefined) return refusal();
    if (init.method === undefined) return this.file(url);
    if (init.method === 'DELETE') return new Response(null, { status: 204 });
    const { prefix } = JSON.parse(body) as { prefix: string };
    return Response.json(
      { ...grantIssuedAt(this.nowMs, this.lifeMs), id: `g-${this.calls.length}`, prefix },
      { status: 201 },
    );
  }
}

export const refusal =
  (status: number, code: string, headers: Readonly<Record<string, string>> = {}) =>
  (): Response =>
    problem(status, code, headers);
