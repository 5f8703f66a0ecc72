import type { IncomingMessage, ServerResponse } from 'node:http';
import { countMembers, nestsDeeperThan } from './json-shape.js';
import { Problem } from '../problems/problem.js';
import { readBytes } from './read-bytes.js';

/** Connect/Express middleware without Express's types, so that a reader and a test need neither. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** Ten times what the longest legal call needs (512-byte prefix); `body_too_large` names it. */
export const BODY_LIMIT_BYTES = 16 * 1024;
export const BODY_DEPTH_LIMIT = 32;

/** RFC 8259 knows one encoding and no parameter but the customary charset. */
const JSON_MEDIA_TYPE = /^application\/json(?:\s*;\s*charset=(?:utf-8|"utf-8"))?\s*$/i;

/**
 * Reads a request's body into `request.body`: one JSON object in UTF-8, or a {@link Problem} to `next`.
 * Not `express.json()`: that one first waits for all of an oversized body (M16, M17), decodes broken
 * UTF-8 with replacement characters, takes the last of two equal members and answers `{}` for nothing.
 */
export function jsonBody(): Middleware {
  return (request, response, next) => {
    readJsonBody(request).then(
      (body) => {
        if (body !== undefined) Object.assign(request, { body });
        next();
      },
      (error: unknown) => {
        // Node reads on to the end of a body before the next request; one without a known, small end must
        // not hold the connection (M16, M17).
        if (!request.complete && !endsWithinLimit(request)) response.setHeader('connection', 'close');
        next(error);
      },
    );
  };
}

/** `undefined` where the request has no body and needs none. */
async function readJsonBody(request: IncomingMessage): Promise<object | undefined> {
  const carriesBody = hasBody(request);
  if (!carriesBody && !NEEDS_BODY.has(request.method ?? '')) return undefined;
  refuseOtherMediaTypes(request);
  return parseJsonObject(carriesBody ? await readBytes(request, BODY_LIMIT_BYTES) : Buffer.alloc(0));
}

const NEEDS_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

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
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed('The body must be one JSON object: { … }', 'not_an_object');
  }
  if (nestsDeeperThan(value, BODY_DEPTH_LIMIT)) {
    throw malformed(`The body nests deeper than ${BODY_DEPTH_LIMIT} levels`, 'too_deep');
  }
  const { written, kept } = countMembers(text, value);
  if (written !== kept) {
    throw new Problem('duplicate_key', { detail: 'Name each member of an object once' });
  }
  return value;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    // RFC 8259 8.1: no byte order mark; `ignoreBOM` leaves it in the text, where JSON.parse refuses it.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
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
