import type { Entitlement, Grant, GrantRecord } from './answers.js';
import { EdgepassError, EdgepassNetworkError, readRefusal } from './errors.js';
import { keepGranted, type GrantRenewal, type KeepGrantedOptions } from './keep-granted.js';

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
  /** Removes this browser's cookies for one prefix, or all of them. */
  clear(prefix?: string): Promise<void>;
  /** Grants now and renews in time until `stop()` is called. */
  keepGranted(prefix: string, options?: KeepGrantedOptions): GrantRenewal;
}

/**
 * The browser side of edgepass. Every call carries credentials: without them a browser ignores the
 * `Set-Cookie` lines of the answer and reports success all the same.
 * Calls reject with {@link EdgepassError} (the API refused) or {@link EdgepassNetworkError} (no readable answer).
 */
export function createEdgepassClient(options: EdgepassClientOptions): EdgepassClient {
  const apiUrl = options.apiUrl.replace(/\/+$/, '');
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);

  async function call(method: string, path: string, body?: object): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (options.accessToken !== undefined) headers['authorization'] = `Bearer ${await options.accessToken()}`;
    const url = `${apiUrl}${path}`;
    const response = await send(url, {
      method,
      headers,
      credentials: 'include',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
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

  const client: EdgepassClient = {
    async grant(prefix, { ttlSeconds } = {}) {
      const body = ttlSeconds === undefined ? { prefix } : { prefix, ttlSeconds };
      return read<Grant>(await call('POST', '/grants', body), hasTimes);
    },
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
      await call('DELETE', prefix === undefined ? '/grants' : `/grants?prefix=${encodeURIComponent(prefix)}`);
    },
    keepGranted: (prefix, keepOptions = {}) => keepGranted(client, prefix, keepOptions),
  };
  return client;
}

function hasTimes(answer: Partial<Grant>): boolean {
  return Number.isFinite(Date.parse(answer.expiresAt ?? '') + Date.parse(answer.renewAfter ?? ''));
}

function pageOrigin(): string | undefined {
  return (globalThis as { location?: { origin?: string } }).location?.origin;
}
