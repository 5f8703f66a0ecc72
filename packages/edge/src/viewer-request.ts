import type { IncomingMessage } from 'node:http';
import type { EdgePage } from './refusal/edge-page.js';
import { splitTarget } from './viewer-access/viewer-url.js';

/** The longest URL that CloudFront takes, in bytes (R50). */
const MAX_URL_BYTES = 8192;
/** The largest request head that CloudFront takes, in bytes (R50). */
export const MAX_HEAD_BYTES = 32768;

/** A request as the viewer sent it; texts are raw bytes, one character each. */
export interface ViewerRequest {
  readonly method: string;
  /** `1.1` or `1.0`. */
  readonly httpVersion: string;
  /** The `Host` header as it came, port included. */
  readonly host: string;
  readonly path: string;
  readonly query: string | null;
  readonly headers: IncomingMessage['headers'];
  readonly peerAddress: string;
}

/** Reads what the HTTP parser accepted; a page when CloudFront would not take it. */
export function readViewerRequest(message: IncomingMessage): ViewerRequest | { readonly page: EdgePage } {
  const target = message.url ?? '';
  const method = message.method ?? '';
  if (headBytes(message, method, target) > MAX_HEAD_BYTES) return { page: 'headers-too-large' };
  if (target.length > MAX_URL_BYTES) return { page: 'url-too-long' };
  const hosts = message.rawHeaders.filter((_, index, all) => isValueOf(all, index, 'host'));
  const [host] = hosts;
  if (host === undefined || hosts.length > 1) return { page: 'bad-request' };
  // An absolute target would put another host in the place of the one that is checked (E40).
  if (!target.startsWith('/')) return { page: target.includes('://') ? 'unknown-host' : 'bad-request' };
  return {
    method,
    httpVersion: message.httpVersion,
    host,
    ...splitTarget(target),
    headers: message.headers,
    peerAddress: message.socket.remoteAddress ?? '',
  };
}

/** Says whether the request announces a body. */
export function hasBody(headers: IncomingMessage['headers']): boolean {
  return headers['transfer-encoding'] !== undefined || !['0', undefined].includes(headers['content-length']);
}

function headBytes(message: IncomingMessage, method: string, target: string): number {
  const requestLine = `${method} ${target} HTTP/1.1\r\n`.length;
  const separators = (message.rawHeaders.length / 2) * ': \r\n'.length + '\r\n'.length;
  return message.rawHeaders.reduce((sum, text) => sum + text.length, requestLine + separators);
}

function isValueOf(rawHeaders: readonly string[], index: number, name: string): boolean {
  return index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name;
}
