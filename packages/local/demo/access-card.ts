import { remainingLife } from '/client/index.js';
import { byId } from './page.js';
import type { HeldGrant } from './held-grants.js';
import { clockTime, nameOf, pathOf } from './words.js';

/** Whether this browser has access; also the page's `data-access`. */
export type Access = 'none' | 'open' | 'cleared' | 'expired';

const BADGES: Readonly<Record<Access, string>> = {
  none: 'no access',
  open: 'open',
  cleared: 'cleared',
  expired: 'expired',
};

const EXPLANATIONS: Readonly<Record<Access, string>> = {
  none: 'Without cookies the edge refuses every file with 403. Its refusal carries no CORS headers, so all that a page hears is “TypeError: Failed to fetch”.',
  open: 'The browser attaches the cookies by itself: what lies in an open folder loads from another host, by plain <img>, by script and by libraries. What lies in other folders stays refused.',
  cleared:
    'The browser calls this a CORS or network error, though the edge said 403: a refusal without CORS headers may not be read by a page.',
  expired:
    'The access has ended: cookie and policy expire together, and the edge says 403 again. The browser calls it a CORS or network error.',
};

const EDGE_SILENT =
  'The edge gives no answer that this browser accepts, so nothing can be shown and nothing was refused: see the notice above.';

/** Draws the card, the badge and the explanation for one state. */
export function showAccess(
  access: Access,
  viewer: string | null,
  held: HeldGrant | undefined,
  renewing: boolean,
): void {
  const app = byId('app', HTMLDivElement);
  app.dataset['access'] = access;
  byId('access', HTMLElement).dataset['access'] = access;
  byId('badge', HTMLElement).textContent = BADGES[access];
  byId('explanation', HTMLElement).textContent =
    app.dataset['edge'] === 'silent' ? EDGE_SILENT : EXPLANATIONS[access];
  byId('stamp', HTMLElement).textContent = access === 'cleared' || access === 'expired' ? BADGES[access] : '';
  byId('clear', HTMLButtonElement).disabled = access !== 'open';
  byId('key-pair-id', HTMLElement).textContent = held?.grant.keyPairId ?? '–';
  if (access === 'none') byId('access-prefix', HTMLElement).textContent = 'None yet';
  if (held !== undefined) byId('access-prefix', HTMLElement).textContent = pathOf(held.grant.prefix);
  byId('access-viewer', HTMLElement).textContent = viewer === null ? '–' : nameOf(viewer);
  byId('access-ends', HTMLElement).textContent = held === undefined ? '–' : clockTime(expiresAtMs(held));
  byId('access-renews', HTMLElement).textContent =
    held === undefined ? '–' : renewing ? clockTime(renewsAtMs(held)) : 'not by itself';
}

/** Draws the ring and the countdown; with nothing held, an empty ring. */
export function showTimeLeft(held: HeldGrant | undefined, nowMs: number): void {
  const ring = byId('ring-left', SVGCircleElement);
  const text = byId('time-left', HTMLElement);
  if (held === undefined) {
    ring.setAttribute('stroke-dasharray', '0 100');
    text.textContent = '–:––';
    return;
  }
  const leftMs = Math.max(expiresAtMs(held) - nowMs, 0);
  const share = leftMs / (expiresAtMs(held) - held.receivedAtMs);
  ring.setAttribute('stroke-dasharray', `${Math.min(share, 1) * 100} 100`);
  const seconds = Math.ceil(leftMs / 1000);
  text.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  byId('access', HTMLElement).toggleAttribute('data-ending', share < 0.2);
}

/** When a held grant ends, on this machine's clock. */
export function expiresAtMs({ grant, receivedAtMs }: HeldGrant): number {
  return receivedAtMs + remainingLife(grant, receivedAtMs).expireInMs;
}

function renewsAtMs({ grant, receivedAtMs }: HeldGrant): number {
  return receivedAtMs + remainingLife(grant, receivedAtMs).renewInMs;
}
