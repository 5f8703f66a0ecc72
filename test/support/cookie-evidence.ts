import type { CDPSession } from 'playwright-core';

/** A Set-Cookie line that the browser did not store. */
export interface RefusedCookie {
  readonly url: string;
  readonly line: string;
  readonly reasons: readonly string[];
}

/** The cookies that went out with one request, in the browser's order. */
export interface SentCookies {
  readonly url: string;
  readonly names: readonly string[];
}

export interface CookieEvidence {
  readonly refused: readonly RefusedCookie[];
  /** Resolves with the first refused Set-Cookie of that name, seen already or still to come. */
  refusedNamed(name: string): Promise<RefusedCookie>;
  /** Resolves with what went out with the first request for that address, gone already or still to come. */
  sentTo(url: string): Promise<SentCookies>;
}

/** Gives an empty collection; `attach` fills it from the network events of one page (B3). */
export function gatherCookieEvidence(): CookieEvidence & { attach(session: CDPSession): Promise<void> } {
  const refused: RefusedCookie[] = [];
  const sent: SentCookies[] = [];
  const waiting = new Set<() => void>();

  const attach = async (session: CDPSession): Promise<void> => {
    // The ExtraInfo events carry no address and may come before the event that does.
    const urls = new Map<string, string>();
    const early = new Map<string, ((url: string) => void)[]>();
    const withUrl = (requestId: string, record: (url: string) => void): void => {
      const url = urls.get(requestId);
      if (url === undefined) early.set(requestId, [...(early.get(requestId) ?? []), record]);
      else record(url);
    };
    session.on('Network.requestWillBeSent', ({ requestId, request }) => {
      urls.set(requestId, request.url);
      for (const record of early.get(requestId) ?? []) record(request.url);
      early.delete(requestId);
    });
    session.on('Network.requestWillBeSentExtraInfo', ({ requestId, associatedCookies }) =>
      withUrl(requestId, (url) => {
        const allowed = associatedCookies.filter(({ blockedReasons }) => blockedReasons.length === 0);
        sent.push({ url, names: allowed.map(({ cookie }) => cookie.name) });
        for (const look of waiting) look();
      }),
    );
    session.on('Network.responseReceivedExtraInfo', ({ requestId, blockedCookies }) =>
      withUrl(requestId, (url) => {
        for (const { cookieLine, blockedReasons } of blockedCookies) {
          refused.push({ url, line: cookieLine, reasons: blockedReasons });
        }
        for (const look of waiting) look();
      }),
    );
    await session.send('Network.enable');
  };

  const first = <T>(seen: readonly T[], isIt: (one: T) => boolean): Promise<T> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = seen.find(isIt);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const refusedNamed = (name: string): Promise<RefusedCookie> =>
    first(refused, ({ line }) => line.startsWith(`${name}=`));
  const sentTo = (address: string): Promise<SentCookies> => first(sent, ({ url }) => url === address);

  return { refused, refusedNamed, sentTo, attach };
}
