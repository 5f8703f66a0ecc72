import type { Diagnosis, Entitlement, Grant, GrantRecord, SignedUrl } from './answers.js';
import { callOrder, type Locks } from './call-order.js';
import { EdgepassNetworkError, readObject, readRefusal, unexpectedAnswer } from './errors.js';
import {
  keepGranted,
  type Granter,
  type GrantRenewal,
  type KeepGrantedOptions,
  type RenewalOptions,
  type SharedRenewal,
} from './keep-granted.js';
import { openAccess, type Access } from './open.js';
import { otherTabs, type News, type OtherTabs } from './other-tabs.js';
import {
  browserSignals,
  browserTimers,
  watchClosing,
  type PageSignals,
  type Timers,
} from './page-signals.js';

export interface EdgepassClientOptions {
  /** The API as browsers see it (PUBLIC_URL), with its base path if it has one. */
  readonly apiUrl: string;
  /** Only where the API reads an Authorization header; asked for before every call, so it may refresh. */
  readonly accessToken?: () => string | Promise<string>;
  /** For tests and for pages that watch their own calls. */
  readonly fetch?: typeof globalThis.fetch;
  /** For tests: what stands in for the browser. */
  readonly browser?: BrowserParts;
}

/** What a test hands in for what the browser gives. */
export interface BrowserParts {
  readonly timers?: Timers;
  readonly signals?: PageSignals;
  readonly locks?: Locks;
  readonly tabs?: OtherTabs;
  /** From 0 to 1. */
  readonly random?: () => number;
}

export interface GrantOptions {
  /** Lifetime in seconds; the API decides when it is absent. */
  readonly ttlSeconds?: number;
}

export interface SignedUrlOptions extends GrantOptions {
  /** A folder that the file lies in: the query then opens every file below it that it is appended to. */
  readonly prefix?: string;
}

export interface EdgepassClient {
  /**
   * Opens everything below `prefix` and keeps it open: asks now and renews in time, once for all tabs of this origin.
   * @example
   * const access = client.open('courses/algebra');
   * access.on('refused', (refusal) => show(refusal.message));
   * await access.ready; // from here on <img>, <video> and fetch with credentials load
   */
  open(prefix: string, options?: GrantOptions): Access;
  /** Asks for access to everything below `prefix`; the answer's cookies are then sent to the CDN by the browser. */
  grant(prefix: string, options?: GrantOptions): Promise<Grant>;
  /**
   * The caller's unexpired grants. They are on record; whether this browser still holds the cookies is not.
   * Call it after every sign-in: the answer clears what another viewer left in this browser.
   */
  grants(): Promise<readonly GrantRecord[]>;
  /** What the caller may open. */
  entitlements(): Promise<readonly Entitlement[]>;
  /**
   * A signed URL of one file, for what has none of this browser's cookies: AirPlay, Chromecast, other programs. It
   * works for everybody who has it until it ends, and cannot be called back.
   * @example
   * const { url } = await client.signedUrl('courses/algebra/lesson-1.mp4', { ttlSeconds: 300 });
   */
  signedUrl(path: string, options?: SignedUrlOptions): Promise<SignedUrl>;
  /**
   * Asks the API why a file of the CDN does not load: which layer refuses it, and the cure. Rejects with `not_found`
   * where the API has no doctor.
   * @example
   * const { sentence } = await client.diagnose('https://cdn.example.com/courses/algebra/images/1.svg');
   */
  diagnose(url: string): Promise<Diagnosis>;
  /**
   * Removes this browser's cookies for one prefix, or all of them. Ends the renewals of what it clears, waits
   * for grants under way and only then calls, so that nothing is held and nothing asked for again afterwards;
   * without a prefix that holds for the other tabs of this origin too. While the page is being closed
   * (`pagehide`) it waits for nothing, and the call outlives the page.
   * @example
   * await client.clear(); // at sign-out
   */
  clear(prefix?: string): Promise<void>;
  /**
   * Grants now and renews in time until `stop()` or {@link EdgepassClient.clear} is called: what `open` does, without
   * events, loads and `close()`.
   */
  keepGranted(prefix: string, options?: KeepGrantedOptions): GrantRenewal;
}

/**
 * The browser side of edgepass. Every call carries credentials: without them a browser ignores the
 * `Set-Cookie` lines of the answer and reports success all the same.
 * Calls reject with {@link EdgepassError} (the API refused) or {@link EdgepassNetworkError} (no readable answer).
 */
export function createEdgepassClient(options: EdgepassClientOptions): EdgepassClient {
  const apiUrl = withoutSlashes(options.apiUrl);
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const browser = options.browser ?? {};
  const parts = { signals: browserSignals, timers: browserTimers, random: Math.random, ...browser };
  const { timers } = parts;
  const inOrder = callOrder(`edgepass ${apiUrl}`, timers, browser.locks);
  const tabs = browser.tabs ?? otherTabs(`edgepass ${apiUrl}`);
  const isClosing = watchClosing();
  const renewals = new Set<Renewal>();
  let stopHearing = (): void => {};
  let grantsUnderWay = new AbortController();

  async function call(method: string, path: string, body?: object, more: CallInit = {}): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (options.accessToken !== undefined) headers['authorization'] = `Bearer ${await options.accessToken()}`;
    const url = `${apiUrl}${path}`;
    const response = await send(url, {
      method,
      headers,
      credentials: 'include',
      body: body === undefined ? null : JSON.stringify(body),
      ...more,
    }).catch((cause: unknown) => {
      throw cause instanceof TypeError ? new EdgepassNetworkError(url, cause) : cause;
    });
    if (!response.ok) throw await readRefusal(response);
    return response;
  }

  async function read<T>(response: Response, looksRight: (answer: Partial<T>) => boolean): Promise<T> {
    const answer = (await readObject(response)) as Partial<T>;
    if (looksRight(answer)) return answer as T;
    throw unexpectedAnswer(response);
  }

  async function list<Item>(name: string): Promise<readonly Item[]> {
    const answer = await read<Record<string, readonly Item[]>>(await call('GET', `/${name}`), (it) =>
      Array.isArray(it[name]),
    );
    return answer[name] ?? [];
  }

  async function askFor(prefix: string, ttlSeconds: number | undefined, signal: AbortSignal): Promise<Grant> {
    signal.throwIfAborted();
    return read<Grant>(await call('POST', '/grants', { prefix, ttlSeconds }, { signal }), hasTimes);
  }

  /** Tells the other tabs, and the other renewals of this page. */
  function spread(news: News): Promise<unknown> {
    tabs.tell(news);
    return tabs.note(news);
  }

  function clearCookies(prefix?: string): Promise<unknown> {
    const path = prefix === undefined ? '/grants' : `/grants?prefix=${encodeURIComponent(prefix)}`;
    const send = (): Promise<Response> => call('DELETE', path, undefined, { keepalive: true });
    if (!isClosing()) return inOrder(send);
    // Their answers could come after this one's, and nobody is left to wait for them.
    grantsUnderWay.abort();
    grantsUnderWay = new AbortController();
    return send();
  }

  /** Starts with the listening for other tabs, and ends it with the last renewal. */
  function startRenewal(prefix: string, keepOptions: RenewalOptions): Renewal {
    if (renewals.size === 0) {
      stopHearing = tabs.onMessage((message) => {
        for (const renewal of renewals) {
          if (message === 'cleared') renewal.end();
          else renewal.hear(message);
        }
      });
    }
    let granted = keepOptions.current?.grant.prefix ?? prefix;
    const granter: Granter = {
      grant(_prefix, { ttlSeconds, isWanted }) {
        const { signal } = grantsUnderWay;
        return inOrder(async () => {
          const news = await tabs.noted(prefix);
          if (news?.granted) kept.hear(news);
          if (!isWanted()) return undefined;
          const grant = await askFor(prefix, ttlSeconds, signal);
          await spread({ prefix, granted: { grant, atMs: timers.nowMs() } });
          return grant;
        });
      },
      tell: (news) => void spread(news),
    };
    const kept = keepGranted(granter, prefix, parts, {
      ...keepOptions,
      onGrant: (grant) => {
        granted = grant.prefix;
        keepOptions.onGrant?.(grant);
      },
    });
    const renewal: Renewal = {
      ...kept,
      stop() {
        kept.stop();
        if (renewals.delete(renewal) && renewals.size === 0) stopHearing();
      },
      concerns: (cleared) => cleared === prefix || cleared === granted,
      granted: () => granted,
      end() {
        renewal.stop();
        keepOptions.onEnd?.();
      },
    };
    renewals.add(renewal);
    return renewal;
  }

  const client: EdgepassClient = {
    open(prefix, openOptions) {
      let renewal: Renewal | undefined;
      return openAccess(prefix, {
        renew: (more) => (renewal = startRenewal(prefix, { ...openOptions, ...more })),
        fetch: send,
        diagnose: (url) => client.diagnose(url),
        async clear() {
          const granted = renewal?.granted() ?? prefix;
          // Another part of this page still needs it.
          if ([...renewals].some(({ concerns }) => concerns(granted))) return;
          const news: News = { prefix, closed: true };
          const isLate = isClosing();
          if (isLate) void spread(news);
          await clearCookies(granted);
          if (!isLate) await spread(news);
        },
      });
    },
    grant(prefix, { ttlSeconds } = {}) {
      const { signal } = grantsUnderWay;
      return inOrder(() => askFor(prefix, ttlSeconds, signal));
    },
    grants: () => list<GrantRecord>('grants'),
    entitlements: () => list<Entitlement>('entitlements'),
    signedUrl: async (path, more) =>
      read<SignedUrl>(await call('POST', '/signed-urls', { path, ...more }), (it) => 'url' in it),
    diagnose: async (url) =>
      read<Diagnosis>(await call('POST', '/diagnoses', { url }), (it) => 'sentence' in it),
    async clear(prefix) {
      for (const renewal of renewals) {
        if (prefix === undefined || renewal.concerns(prefix)) renewal.end();
      }
      if (prefix === undefined) {
        tabs.tell('cleared');
        void tabs.forget();
      }
      await clearCookies(prefix);
    },
    keepGranted: (prefix, keepOptions = {}) => startRenewal(prefix, keepOptions),
  };
  return client;
}

/** A renewal under way, and what ends it. */
interface Renewal extends SharedRenewal {
  /** The prefix that the newest answer opened. */
  readonly granted: () => string;
  /** Whether clearing that prefix takes away what is renewed here. */
  readonly concerns: (cleared: string) => boolean;
  /** Stops and says so. */
  readonly end: () => void;
}

type CallInit = Pick<RequestInit, 'signal' | 'keepalive'>;

function hasTimes(answer: Partial<Grant>): boolean {
  return Number.isFinite(Date.parse(answer.expiresAt ?? '') + Date.parse(answer.renewAfter ?? ''));
}

/** Without the slashes at its end. */
function withoutSlashes(url: string): string {
  return url.endsWith('/') ? withoutSlashes(url.slice(0, -1)) : url;
}
