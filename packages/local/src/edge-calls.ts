import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { EDGE_SETTINGS, isEdgeSetting } from './edge-settings.js';
import type { EdgeSwitch } from './edge-switch.js';

const MOST_BYTES = 1_000;

/** A status and a sentence; 204 has none. */
type Answer = readonly [status: number, text?: string];

/**
 * Answers `POST /edge` of the demo page: `{ "setting": "wildcard" }` or `{ "invalidate": true }`; 204 when the edge has
 * taken it. Another page cannot ask: its browser names another `Origin` (RFC 6454 section 7).
 */
export async function answerEdgeCall(
  request: IncomingMessage,
  response: ServerResponse,
  publicOrigin: string,
  edge: EdgeSwitch,
): Promise<void> {
  const [status, text] = refusalOf(request, publicOrigin) ?? (await change(request, edge));
  if (status === 405) response.setHeader('Allow', 'POST');
  if (text !== undefined) response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.writeHead(status, { 'Cache-Control': 'no-store' });
  response.end(text === undefined ? undefined : `${text}\n`);
}

function refusalOf({ method, headers }: IncomingMessage, publicOrigin: string): Answer | null {
  if (method !== 'POST') return [405, 'expected POST'];
  if (headers.origin !== publicOrigin) return [403, `expected a call of ${publicOrigin}`];
  // Without a length the body may have no end.
  if (!(Number(headers['content-length']) <= MOST_BYTES))
    return [413, `expected a Content-Length of at most ${MOST_BYTES}`];
  return null;
}

async function change(request: IncomingMessage, edge: EdgeSwitch): Promise<Answer> {
  const body = (await json(request).catch(() => null)) as Readonly<Record<string, unknown>> | null;
  const setting = body?.['setting'];
  try {
    if (isEdgeSetting(setting)) await edge.change(setting);
    else if (body?.['invalidate'] === true) await edge.invalidate();
    else return [400, `expected {"setting": one of ${EDGE_SETTINGS.join(', ')}} or {"invalidate": true}`];
    return [204];
  } catch (error) {
    return [503, error instanceof Error ? error.message : String(error)];
  }
}
