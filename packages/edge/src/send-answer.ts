import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { discard, type EdgeAnswer, type Eventually } from './edge-answer.js';
import type { HeaderList } from './header-list.js';
import { readObject } from './origin/open-object.js';
import { hasBody } from './viewer-request.js';

/** CloudFront has statuses of its own; Node would call 494 "unknown". */
const REASONS: Readonly<Record<number, string>> = { 494: 'Request header too large' };

/** What of a stored copy is handed to the connection at once. */
const PART_BYTES = 256 * 1024;

/**
 * Sends an answer with the memory of one chunk, however large the object and slow the viewer, and closes
 * its object. Rejects when the object changed on the way or the viewer went away; the connection is
 * destroyed then, so that what was sent never looks complete (E37).
 */
export function sendAnswer(
  answer: EdgeAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): Eventually<void> {
  const { body } = answer;
  if (body.kind === 'object' || body.kind === 'stream') return sendOpen(answer, request, response);
  writeHead(answer, request, response);
  if (request.method === 'HEAD' || body.kind === 'empty') response.end();
  else if (body.kind === 'text') response.end(body.text);
  else if (body.bytes.length <= PART_BYTES) response.end(body.bytes);
  else return sendParts(body.bytes, response);
  return undefined;
}

/** What is open is closed afterwards, whatever happens. */
async function sendOpen(
  answer: EdgeAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { body } = answer;
  try {
    writeHead(answer, request, response);
    if (request.method === 'HEAD') {
      response.end();
      await discard(answer);
    } else if (body.kind === 'stream') await pipeline(body.stream, response);
    else if (body.kind === 'object')
      await pipeline(Readable.from(readObject(body.object, body.firstByte, body.byteLength)), response);
  } finally {
    if (body.kind === 'object') await body.object.handle.close();
  }
}

function writeHead(
  { status, headers }: EdgeAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  // A body that nobody reads would stand before the next request on the connection.
  if (hasBody(request.headers) && !request.complete) response.shouldKeepAlive = false;
  response.writeHead(status, REASONS[status], flat(headers));
}

/** `Array.prototype.flat` takes as long as the rest of the head. */
function flat(headers: HeaderList): string[] {
  const list: string[] = [];
  for (const [name, value] of headers) list.push(name, value);
  return list;
}

/** Part by part: TLS would encrypt a large buffer as a whole, once for each slow viewer. */
async function sendParts(bytes: Buffer, response: ServerResponse): Promise<void> {
  let position = 0;
  while (bytes.length - position > PART_BYTES) {
    const hasSpace = response.write(bytes.subarray(position, position + PART_BYTES));
    position += PART_BYTES;
    if (response.destroyed) return;
    // oxlint-disable-next-line no-await-in-loop -- the viewer decides how fast
    if (!hasSpace) await drained(response);
  }
  response.end(bytes.subarray(position));
}

/** Resolves when the socket takes more, or when the viewer has gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
