import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { HeaderList } from './header-list.js';

/** The longest URL that CloudFront takes, in bytes (R50). */
const MAX_URL_BYTES = 8192;
/** The largest request head that CloudFront takes, in bytes (R50). */
const MAX_HEAD_BYTES = 32768;

/**
 * An address as the viewer asked for it, cut into the four sections that a policy speaks about. Every text is the
 * raw bytes of the request, one character a byte: nothing is decoded.
 */
export interface ViewerUrl {
  readonly protocol: 'http' | 'https';
  /** The `Host` header with its port. */
  readonly host: string;
  readonly path: string;
  /** Without the leading `?`; null when the target has none. */
  readonly query: string | null;
}

/** A request as the viewer sent it. */
export interface ViewerRequest extends ViewerUrl {
  readonly method: string;
  /** `1.1` or `1.0`. */
  readonly httpVersion: string;
  /** By name in lower case, as Node gives them. */
  readonly headers: IncomingHttpHeaders;
  /** The TCP peer; forwarding headers are not consulted. */
  readonly peerAddress: string;
  /** Null where the viewer announces none. */
  readonly body: Readable | null;
  /** Gives a signal that is aborted when the viewer goes away before it has its answer; most answers need none. */
  readonly signal: (() => ViewerSignal) | null;
  /** Passes on what an origin says before its answer (RFC 9110 section 15.2). */
  readonly inform?: Inform;
  /** Given where the viewer asks for a WebSocket: takes the connection to the server that agreed with 101. */
  readonly onUpgrade?: OnUpgrade;
}

/** Takes the connection of an origin that has answered 101. */
export type OnUpgrade = (origin: Duplex) => void;

/** Says when nobody waits any more; one listens at a time. */
export interface ViewerSignal {
  readonly aborted: boolean;
  whenAborted: (() => void) | null;
}

/** Takes an interim answer, 102 or 103, with its headers. */
export type Inform = (status: number, headers: HeaderList) => void;

/** Why CloudFront would not take a request: the name of the page that it answers. */
export type UnacceptableRequest = 'headers-too-large' | 'url-too-long' | 'bad-request' | 'unknown-host';

/** Reads what the HTTP parser accepted; a page when CloudFront would not take it. */
export function readViewerRequest(
  message: IncomingMessage,
  protocol: ViewerUrl['protocol'],
  signal: ViewerRequest['signal'] = null,
  inform: Inform = () => undefined,
): ViewerRequest | { readonly page: UnacceptableRequest } {
  const target = message.url ?? '';
  const method = message.method ?? '';
  if (headBytes(message, method, target) > MAX_HEAD_BYTES) return { page: 'headers-too-large' };
  if (target.length > MAX_URL_BYTES) return { page: 'url-too-long' };
  const host = onlyHost(message.rawHeaders);
  if (host === null) return { page: 'bad-request' };
  // An absolute target would put another host in the place of the one that is checked (E40).
  if (!target.startsWith('/')) return { page: target.includes('://') ? 'unknown-host' : 'bad-request' };
  return {
    method,
    httpVersion: message.httpVersion,
    protocol,
    host,
    ...splitTarget(target),
    headers: message.httpVersion === '1.0' ? withoutEncodings(message.headers) : message.headers,
    peerAddress: message.socket.remoteAddress ?? '',
    body: hasBody(message.headers) ? message : null,
    signal,
    inform,
  };
}

/** Cuts a raw request target in origin form at its first `?`. */
export function splitTarget(target: string): Pick<ViewerUrl, 'path' | 'query'> {
  const questionMark = target.indexOf('?');
  return questionMark === -1
    ? { path: target, query: null }
    : { path: target.slice(0, questionMark), query: target.slice(questionMark + 1) };
}

/** Says whether the request announces a body. */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** To HTTP/1.0 nothing is sent compressed (CF-COMP). */
function withoutEncodings(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { 'accept-encoding': _dropped, ...others } = headers;
  return others;
}

function headBytes(message: IncomingMessage, method: string, target: string): number {
  const { rawHeaders } = message;
  const separators = (rawHeaders.length / 2) * ': \r\n'.length + '\r\n'.length;
  let sum = method.length + target.length + '  HTTP/1.1\r\n'.length + separators;
  for (const text of rawHeaders) sum += text.length;
  return sum;
}

/** The value of the one `Host` header; null for none and for several. */
function onlyHost(rawHeaders: readonly string[]): string | null {
  let host: string | null = null;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue;
    if (host !== null) return null;
    host = rawHeaders[index + 1] ?? '';
  }
  return host;
}
