import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem } from './problems/problem.js';

/** 16 KB hold over 3,000 short ones, and each costs more than its bytes. Browsers send about twenty. */
export const MOST_HEADERS = 100;

/** Request line and headers as they were sent. */
export const LONGEST_HEAD_BYTES = 16 * 1024;

/** `: ` and the end of the line. */
const BYTES_BETWEEN = 4;

/**
 * Middleware: 431 for a head that is longer than anybody needs (D07), 400 for one that names no host or two
 * (RFC 9112 3.2). Node's own refusals of these would carry no CORS headers, so that a page would not see
 * which it was.
 */
export function refuseBadHead(
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  const problem = problemOfHead(request);
  // Who sends such a head is not believed about where its body ends.
  if (problem !== undefined) response.setHeader('connection', 'close');
  next(problem);
}

function problemOfHead({ rawHeaders, url = '', httpVersion }: IncomingMessage): Problem | undefined {
  if (rawHeaders.length / 2 > MOST_HEADERS) return tooLarge('too_many_headers');
  let bytes = url.length;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    bytes += name.length + (rawHeaders[at + 1] ?? '').length + BYTES_BETWEEN;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (bytes > LONGEST_HEAD_BYTES) return tooLarge('head_too_long');
  if (hosts > 1) return new Problem('request_malformed', { reason: 'two_hosts' });
  if (hosts === 0 && httpVersion !== '1.0') return new Problem('request_malformed', { reason: 'no_host' });
  return undefined;
}

function tooLarge(reason: string): Problem {
  return new Problem('headers_too_large', { reason });
}
