import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { EDGE_SETTINGS, isEdgeSetting } from './edge-settings.js';
import type { EdgeSwitch } from './edge-switch.js';

const MOST_BYTES = 1_000;

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
  const say = (status: number, text: string): void => {
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
    response.end(`${text}\n`);
  };
  if (request.method !== 'POST') {
    response.setHeader('Allow', 'POST');
    say(405, 'expected POST');
  } else if (request.headers.origin !== publicOrigin) {
    say(403, `expected a call of ${publicOrigin}`);
  } else if (!(Number(request.headers['content-length']) <= MOST_BYTES)) {
    say(413, `expected a Content-Length of at most ${MOST_BYTES}`);
  } else {
    try {
      const body = (await json(request).catch(() => null)) as Readonly<Record<string, unknown>> | null;
      if (isEdgeSetting(body?.['setting'])) await edge.change(body['setting']);
      else if (body?.['invalidate'] === true) await edge.invalidate();
      else {
        say(400, `expected {"setting": one of ${EDGE_SETTINGS.join(', ')}} or {"invalidate": true}`);
        return;
      }
      response.writeHead(204, { 'Cache-Control': 'no-store' }).end();
    } catch (error) {
      say(503, error instanceof Error ? error.message : String(error));
    }
  }
}
