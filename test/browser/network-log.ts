import type { BrowserContext, Page } from 'playwright-core';

/** One request as the network panel of the developer tools shows it. */
export interface LoggedRequest {
  readonly url: string;
  readonly method: string;
  /** What came over the wire, also where the page may not read it; null when nothing came. */
  status: number | null;
  /** The headers of that answer by lower-case name; null when nothing came. */
  headers: Readonly<Record<string, string>> | null;
  /** The names of the cookies that went along, in the browser's order; null when nothing left the browser. */
  sent: readonly string[] | null;
  fromBrowserCache: boolean;
  /** `net::ERR_…` when the browser withheld or could not get the answer. */
  error: string | null;
  /** Why CORS withheld it, in the words of the protocol: `MissingAllowOriginHeader`. */
  corsError: string | null;
}

export interface NetworkLog {
  readonly requests: readonly LoggedRequest[];
  /** The first `count` requests for that address, once all of them were answered and have ended; the page often knows earlier than the log. */
  ended(url: string, count?: number): Promise<readonly LoggedRequest[]>;
}

interface Entry extends LoggedRequest {
  hasEnded: boolean;
}

/** Logs what one page asks for from now on, with the status that a failed CORS check hides from the page (B77). */
export async function logNetwork(context: BrowserContext, page: Page): Promise<NetworkLog> {
  const session = await context.newCDPSession(page);
  const requests: Entry[] = [];
  const byId = new Map<string, Entry>();
  // The ExtraInfo events may come before the request that they belong to.
  const early = new Map<string, Partial<Entry>>();
  const waiting = new Set<() => void>();
  const note = (requestId: string, seen: Partial<Entry>): void => {
    const entry = byId.get(requestId);
    if (entry === undefined) early.set(requestId, { ...early.get(requestId), ...seen });
    else Object.assign(entry, seen);
    for (const look of waiting) look();
  };
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    const entry: Entry = {
      url: request.url,
      method: request.method,
      status: null,
      headers: null,
      sent: null,
      fromBrowserCache: false,
      error: null,
      corsError: null,
      hasEnded: false,
      ...early.get(requestId),
    };
    byId.set(requestId, entry);
    requests.push(entry);
  });
  session.on('Network.requestWillBeSentExtraInfo', ({ requestId, associatedCookies }) => {
    const allowed = associatedCookies.filter(({ blockedReasons }) => blockedReasons.length === 0);
    note(requestId, { sent: allowed.map(({ cookie }) => cookie.name) });
  });
  session.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode, headers }) =>
    note(requestId, { status: statusCode, headers: inLowerCase(headers) }),
  );
  session.on('Network.responseReceived', ({ requestId, response }) => {
    if (response.fromDiskCache === true) note(requestId, { fromBrowserCache: true });
    if (byId.get(requestId)?.status === null) note(requestId, { status: response.status });
  });
  session.on('Network.requestServedFromCache', ({ requestId }) =>
    note(requestId, { fromBrowserCache: true }),
  );
  session.on('Network.loadingFinished', ({ requestId }) => note(requestId, { hasEnded: true }));
  session.on('Network.loadingFailed', ({ requestId, errorText, corsErrorStatus }) =>
    note(requestId, {
      hasEnded: true,
      error: errorText,
      corsError: corsErrorStatus?.corsError ?? null,
    }),
  );
  await session.send('Network.enable');

  const ended = (url: string, count = 1): Promise<readonly LoggedRequest[]> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = requests.filter((request) => request.url === url).slice(0, count);
        if (found.length < count || !found.every(isComplete)) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return { requests, ended };
}

function inLowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Two events bring the status, in any order, and only one of them the headers. */
function isComplete({ hasEnded, headers, sent, fromBrowserCache }: Entry): boolean {
  return hasEnded && (fromBrowserCache || (headers !== null && sent !== null));
}
