import type { Entitlement, Grant, GrantRecord } from './answers.js';
import { callOrder } from './call-order.js';
import { EdgepassError, EdgepassNetworkError, readRefusal } from './errors.js';
import { keepGranted, type GrantRenewal, type KeepGrantedOptions } from './keep-granted.js';
import { otherTabs } from './other-tabs.js';
import { watchClosing } from './page-signals.js';

export interface EdgepassClientOptions {
  /** The API as browsers see it (PUBLIC_URL), with its base path if it has one. */
  readonly apiUrl: string;
  /** Only where the API reads an Authorization header; asked for before every call, so it may refresh. */
  readonly accessToken?: () => string | Promise<string>;
  /** For tests and for pages that watch their own calls. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface GrantOptions {
  /** Lifetime in seconds; the API decides when it is absent. */
  readonly ttlSeconds?: number;
}

export interface EdgepassClient {
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
   * Removes this browser's cookies for one prefix, or all of them. Ends the renewals of what it clears, waits
   * for grants under way and only then calls, so that nothing is held and nothing asked for again afterwards;
   * without a prefix that holds for the other tabs of this origin too. While the page is being closed
   * (`pagehide`) it waits for nothing, and the call outlives the page.
   * @example
   * await client.clear(); // at sign-out
   */
  clear(prefix?: string): Promise<void>;
  /** Grants now and renews in time until `stop()` or {@link EdgepassClient.clear} is called. */
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
  const inOrder = callOrder(`edgepass ${apiUrl}`);
  const tabs = otherTabs(`edgepass ${apiUrl}`);
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
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...more,
    }).catch((cause: unknown) => {
      throw cause instanceof TypeError ? new EdgepassNetworkError(url, pageOrigin(), cause) : cause;
    });
    if (!response.ok) throw await readRefusal(response);
    return response;
  }

  async function read<T>(response: Response, looksRight: (answer: Partial<T>) => boolean): Promise<T> {
    const answer: unknown = await response.json().catch(() => undefined);
    if (typeof answer === 'object' && answer !== null && looksRight(answer)) return answer as T;
    throw new EdgepassError({
      code: 'unexpected_answer',
      status: response.status,
      message: `Expected an answer of edgepass from ${response.url}, got something else: check apiUrl.`,
    });
  }

  async function askFor(
    prefix: string,
    { ttlSeconds, isWanted }: GrantOptions & { isWanted?: () => boolean },
  ): Promise<Grant> {
    const { signal } = grantsUnderWay;
    const body = ttlSeconds === undefined ? { prefix } : { prefix, ttlSeconds };
    const response = await inOrder(async () => {
      signal.throwIfAborted();
      if (isWanted?.() === false) throw new DOMException('The renewal has ended.', 'AbortError');
      return call('POST', '/grants', body, { signal });
    });
    return read<Grant>(response, hasTimes);
  }

  function end(isMeant: (renewal: Renewal) => boolean): void {
    for (const renewal of [...renewals].filter(isMeant)) {
      renewal.handle.stop();
      renewal.onEnd?.();
    }
  }

  /** Starts with the listening for other tabs, and ends it with the last renewal. */
  function startRenewal(prefix: string, keepOptions: KeepGrantedOptions): GrantRenewal {
    if (renewals.size === 0) stopHearing = tabs.onCleared(() => end(() => true));
    let granted = keepOptions.current?.grant.prefix ?? prefix;
    const kept = keepGranted({ grant: askFor }, prefix, {
      ...keepOptions,
      onGrant: (grant) => {
        granted = grant.prefix;
        keepOptions.onGrant?.(grant);
      },
    });
    const renewal: Renewal = {
      concerns: (cleared) => cleared === prefix || cleared === granted,
      onEnd: keepOptions.onEnd,
      handle: {
        renewIfDue: () => kept.renewIfDue(),
        stop() {
          kept.stop();
          if (renewals.delete(renewal) && renewals.size === 0) stopHearing();
        },
      },
    };
    renewals.add(renewal);
    return renewal.handle;
  }

  const client: EdgepassClient = {
    grant: (prefix, { ttlSeconds } = {}) => askFor(prefix, ttlSeconds === undefined ? {} : { ttlSeconds }),
    async grants() {
      const answer = await call('GET', '/grants');
      return (await read<{ grants: readonly GrantRecord[] }>(answer, (it) => Array.isArray(it.grants)))
        .grants;
    },
    async entitlements() {
      const answer = await call('GET', '/entitlements');
      return (
        await read<{ entitlements: readonly Entitlement[] }>(answer, (it) => Array.isArray(it.entitlements))
      ).entitlements;
    },
    async clear(prefix) {
      end((renewal) => prefix === undefined || renewal.concerns(prefix));
      if (prefix === undefined) tabs.tellCleared();
      const path = prefix === undefined ? '/grants' : `/grants?prefix=${encodeURIComponent(prefix)}`;
      const send = (): Promise<Response> => call('DELETE', path, undefined, { keepalive: true });
      if (!isClosing()) {
        await inOrder(send);
        return;
      }
      // Their answers could come after this one's, and nobody is left to wait for them.
      grantsUnderWay.abort();
      grantsUnderWay = new AbortController();
      await send();
    },
    keepGranted: (prefix, keepOptions = {}) => startRenewal(prefix, keepOptions),
  };
  return client;
}

/** A renewal under way, and what ends it. */
interface Renewal {
  readonly handle: GrantRenewal;
  readonly onEnd: (() => void) | undefined;
  /** Whether clearing that prefix takes away what is renewed here. */
  readonly concerns: (cleared: string) => boolean;
}

type CallInit = Pick<RequestInit, 'signal' | 'keepalive'>;

function hasTimes(answer: Partial<Grant>): boolean {
  return Number.isFinite(Date.parse(answer.expiresAt ?? '') + Date.parse(answer.renewAfter ?? ''));
}

function pageOrigin(): string | undefined {
  return (globalThis as { location?: { origin?: string } }).location?.origin;
}

/** Without the slashes at its end. */
function withoutSlashes(url: string): string {
  return url.endsWith('/') ? withoutSlashes(url.slice(0, -1)) : url;
}
