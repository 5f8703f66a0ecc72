import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem } from '../problems/problem.js';
import type { Next } from '../step.js';
import { awaitBody, containers, isAwaiting, refuseOtherThanObject } from '../members.js';

/** Ten times what the longest legal call needs (512-byte prefix); `body_too_large` names it. */
export const BODY_LIMIT_BYTES = 16 * 1024;

/** RFC 8259 knows one encoding and no parameter but the customary charset. */
const JSON_MEDIA_TYPE = /^application\/json(?:\s*;\s*charset=(?:utf-8|"utf-8"))?\s*$/i;

/**
 * Step: reads a request's body into `request.body`: one JSON object in UTF-8, or a {@link Problem} to `next`.
 * Not `express.json()`: that one first waits for all of an oversized body, decodes broken UTF-8 with replacement
 * characters, takes the last of two equal members and answers `{}` for nothing.
 * Of a request that awaits `100 Continue` it looks now only at what the head says of the body ({@link RequestBody}).
 */
export function jsonBody(request: IncomingMessage, response: ServerResponse, next: Next): void {
  const done = isAwaiting(request) ? checkHead(request) : readInto(request);
  done.then(
    () => next(),
    (error: unknown) => {
      // Node reads on to the end of a body before the next request; one without a known, small end must
      // not hold the connection.
      if (!request.complete && !endsWithinLimit(request)) response.setHeader('connection', 'close');
      next(error);
    },
  );
}

/** Reads the body into `request.body`. @throws {Problem} as {@link jsonBody} hands on */
async function readInto(request: IncomingMessage): Promise<void> {
  const carriesBody = hasBody(request);
  if (!carriesBody && !NEEDS_BODY.has(request.method ?? '')) return;
  refuseOtherMediaTypes(request);
  const bytes = carriesBody ? await readBytes(request, BODY_LIMIT_BYTES) : Buffer.alloc(0);
  Object.assign(request, { body: parseJsonObject(bytes) });
}

async function checkHead(request: IncomingMessage): Promise<void> {
  refuseOtherMediaTypes(request);
  refuseAnnouncedLength(request, BODY_LIMIT_BYTES);
}

/**
 * Marks a request with `Expect: 100-continue`. Its client may send the body also when it is refused, or not, so
 * that nobody knows where the next request begins: the connection ends with the answer (RFC 9110 10.1.1).
 */
export function markAwaiting(request: IncomingMessage, response: ServerResponse): void {
  if (!hasBody(request)) return;
  awaitBody(request, async () => {
    response.writeContinue();
    await readInto(request);
  });
  response.setHeader('Connection', 'close');
}

const NEEDS_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** Whether a body follows the head. */
function hasBody(request: IncomingMessage): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) !== 0
  );
}

function endsWithinLimit(request: IncomingMessage): boolean {
  return Number(request.headers['content-length'] ?? Infinity) <= BODY_LIMIT_BYTES;
}

function refuseOtherMediaTypes(request: IncomingMessage): void {
  const types = request.headersDistinct['content-type'] ?? [];
  if (types.length !== 1 || !JSON_MEDIA_TYPE.test(types[0] ?? '')) {
    throw new Problem('media_type_unsupported', {
      detail: 'Send the header Content-Type: application/json',
      reason: types.length === 0 ? 'content_type_missing' : 'content_type_other',
    });
  }
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new Problem('media_type_unsupported', {
      detail: 'Send the body as it is, without Content-Encoding',
      reason: 'content_encoding',
    });
  }
}

/**
 * One JSON object from its bytes.
 *
 * @throws Problem `body_malformed` (no UTF-8, no JSON, no object, too deep) or `duplicate_key`
 */
export function parseJsonObject(bytes: Uint8Array): object {
  if (bytes.byteLength === 0) throw malformed('The body is empty; send one JSON object', 'empty');
  const text = decodeUtf8(bytes);
  const value = parse(text);
  refuseOtherThanObject(value);
  if (namesMemberTwice(text, value)) {
    throw new Problem('duplicate_key', { detail: 'Name each member of an object once' });
  }
  return value;
}

/**
 * Whether an object in a valid JSON text, at any depth, names a member twice: fewer members survive in its value than
 * the text writes exactly then, because the later one replaces the earlier.
 */
function namesMemberTwice(text: string, value: object): boolean {
  // Outside of strings a colon stands only between a member's name and its value.
  const written = text.match(STRING_OR_COLON)?.filter((token) => token === ':').length ?? 0;
  let kept = 0;
  for (let level = [value]; level.length > 0; level = containers(level)) {
    for (const container of level) if (!Array.isArray(container)) kept += Object.keys(container).length;
  }
  return written !== kept;
}

const STRING_OR_COLON = /"(?:[^"\\]|\\.)*"|:/g;

// RFC 8259 8.1: no byte order mark; `ignoreBOM` leaves it in the text, where JSON.parse refuses it.
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF_8.decode(bytes);
  } catch {
    throw malformed('The body is not UTF-8', 'not_utf8');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message quotes the input (M02).
    throw malformed('The body is not JSON', 'not_json');
  }
}

function malformed(detail: string, reason: string): Problem {
  return new Problem('body_malformed', { detail, reason });
}

/**
 * All bytes of a body, at most `limitBytes`. Refuses as soon as the limit is known to be passed: at once
 * for an announced length, with the byte too many for a chunked body.
 *
 * @throws Problem `body_too_large`, or `request_malformed` when the caller broke off
 */
async function readBytes(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  refuseAnnouncedLength(request, limitBytes);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let receivedBytes = 0;
    const onData = (chunk: Buffer): void => {
      receivedBytes += chunk.byteLength;
      if (receivedBytes <= limitBytes) {
        chunks.push(chunk);
        return;
      }
      request.off('data', onData).pause();
      reject(tooLarge(limitBytes));
    };
    request.on('data', onData);
    let isWhole = false;
    request.on('end', () => {
      isWhole = true;
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
    });
    request.on('error', (cause) => reject(brokenOff(cause)));
    // Every request closes in the end; an error with its stack is made only for one that broke off.
    request.on('close', () => {
      if (!isWhole) reject(brokenOff(undefined));
    });
  });
}

/** @throws {Problem} `body_too_large` */
function refuseAnnouncedLength(request: IncomingMessage, limitBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
}

function tooLarge(limitBytes: number): Problem {
  return new Problem('body_too_large', { detail: `Send at most ${limitBytes} bytes` });
}

function brokenOff(cause: unknown): Problem {
  return new Problem('request_malformed', { reason: 'broken_off', cause });
}
