import { canReach, EdgepassNetworkError } from '/client/index.js';
import { logCall } from './log-panel.js';

const TOKEN = 'edgepass-demo-token';

/**
 * From now on every call to the API carries this access token; `null` ends that. For browsers that lose the sign-in cookie:
 * WebKitGTK 2.50 drops host-only cookies that a sibling host below `.localhost` sets by fetch. Kept for this tab alone.
 */
export function sendToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, token);
}

/** Whether the page signs its calls in itself. */
export function sendsToken(): boolean {
  return sessionStorage.getItem(TOKEN) !== null;
}

/** `fetch` that shows each call to the API in the log panel, refusal codes included. */
export const watchedFetch: typeof globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input, location.href);
  const call = {
    host: 'API',
    method: init?.method ?? 'GET',
    path: url.pathname + url.search,
    via: 'fetch',
  } as const;
  try {
    const token = sessionStorage.getItem(TOKEN);
    const response = await fetch(input, token === null ? init : withToken(init, token));
    const code = response.ok ? undefined : await codeOf(response.clone());
    logCall({ ...call, status: response.status, ...(code === undefined ? {} : { code }) });
    return response;
  } catch (error) {
    logCall({ ...call, status: 'blocked', reachable: await canReach(`${url.origin}/health/live`) });
    throw error;
  }
};

function withToken(init: RequestInit | undefined, token: string): RequestInit {
  const headers = new Headers(init?.headers);
  headers.set('authorization', `Bearer ${token}`);
  return { ...init, headers };
}

/** A call that the client has none for, signed in. @throws EdgepassNetworkError where there is no answer to read */
export async function callApi(url: string, init: RequestInit): Promise<Response> {
  try {
    return await watchedFetch(url, { ...init, credentials: 'include' });
  } catch (cause) {
    throw new EdgepassNetworkError(url, cause);
  }
}

/** What a call sends as JSON. */
export function jsonBody(value: object): RequestInit {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

async function codeOf(response: Response): Promise<string | undefined> {
  const problem = (await response.json().catch(() => undefined)) as { code?: unknown } | undefined;
  return typeof problem?.code === 'string' ? problem.code : undefined;
}
