import { canReach } from '/client/index.js';
import { logCall } from './log-panel.js';

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
    const response = await fetch(input, init);
    const code = response.ok ? undefined : await codeOf(response.clone());
    logCall({ ...call, status: response.status, ...(code === undefined ? {} : { code }) });
    return response;
  } catch (error) {
    logCall({ ...call, status: 'blocked', reachable: await canReach(`${url.origin}/health/live`) });
    throw error;
  }
};

async function codeOf(response: Response): Promise<string | undefined> {
  const problem = (await response.json().catch(() => undefined)) as { code?: unknown } | undefined;
  return typeof problem?.code === 'string' ? problem.code : undefined;
}
