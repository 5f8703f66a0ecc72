import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EdgeAnswer } from './edge-answer.js';
import { readObject } from './origin/read-object.js';
import { hasBody } from './viewer-request.js';

/** CloudFront has statuses of its own; Node would call 494 "unknown". */
const REASONS: Readonly<Record<number, string>> = { 494: 'Request header too large' };

/**
 * Sends an answer with the memory of one chunk, however large the object and slow the viewer. Rejects when
 * the object changed on the way or the viewer went away; the connection is destroyed then, so that what
 * was sent never looks complete (E37).
 */
export async function sendAnswer(
  answer: EdgeAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, headers, body } = answer;
  // A body that nobody reads would stand before the next request on the connection.
  if (hasBody(request.headers)) response.shouldKeepAlive = false;
  response.writeHead(status, REASONS[status], headers.flat());
  if (body.kind === 'object' && request.method !== 'HEAD') {
    await pipeline(Readable.from(readObject(body.object, body.firstByte, body.byteLength)), response);
    return;
  }
  if (body.kind === 'object') await body.object.handle.close();
  response.end(body.kind === 'text' && request.method !== 'HEAD' ? body.text : undefined);
}
