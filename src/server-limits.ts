import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as NetServer, Socket } from 'node:net';
import { problemDocument, problemHeaders } from './problems/problem-document.js';
import { Problem } from './problems/problem.js';
import type { ProblemCode } from './problems/problem-codes.js';
import { requestIdOf } from './problems/request-id.js';

/** How long a client may take, and how much it may hold open. */
export interface ServerLimits {
  /** Until a client must have sent its headers, and its whole request (Node: 60 s and 300 s). */
  readonly headersMilliseconds: number;
  readonly requestMilliseconds: number;
  /** How often Node looks for those two (every 30 s unless told): no limit is more exact than this. */
  readonly checkMilliseconds: number;
  /** A connection on which nothing moves: above all one whose client does not read its answer. */
  readonly silentMilliseconds: number;
  /** Longer than the 60 s of AWS's balancers, which otherwise use a connection in the moment it closes. */
  readonly keepAliveMilliseconds: number;
  /** One more is closed at once. */
  readonly connections: number;
}

const LIMITS: ServerLimits = {
  headersMilliseconds: 10_000,
  requestMilliseconds: 15_000,
  checkMilliseconds: 1_000,
  silentMilliseconds: 30_000,
  keepAliveMilliseconds: 65_000,
  connections: 10_000,
};

/** 16 KB hold over 3,000 short ones, and each costs more than its bytes. Browsers send about twenty. */
const MOST_HEADERS = 100;

/** What Node's HTTP parser refuses before any of our code sees a request. */
const CODE_OF_PARSER_ERROR: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Bounds what a slow client may hold, and answers the parser's own refusals in our form. */
export function guardServer(
  server: Server,
  onRefused: (problem: Problem, requestId: string) => void = () => undefined,
  limits = LIMITS,
): void {
  server.headersTimeout = limits.headersMilliseconds;
  server.requestTimeout = limits.requestMilliseconds;
  // Node reads it when the server begins to listen; only `createServer`, which is Nest's, takes it as an option.
  Object.assign(server, { connectionsCheckingInterval: limits.checkMilliseconds });
  server.setTimeout(limits.silentMilliseconds);
  server.keepAliveTimeout = limits.keepAliveMilliseconds;
  server.maxConnections = limits.connections;
  // Node leaves out what is over the number, in silence: one more, so that `refuseManyHeaders` sees it.
  server.maxHeadersCount = MOST_HEADERS + 1;
  // Node itself would answer 417 and 400 without our headers: an expectation that nobody knows is passed
  // over, and a request without Host comes to `refuseWithoutHost`.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  Object.assign(server, { requireHostHeader: false });
  server.on('clientError', (error: Error & { code?: string }, socket: Socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const problem = new Problem(CODE_OF_PARSER_ERROR[error.code ?? ''] ?? 'request_malformed', {
      reason: error.code?.toLowerCase() ?? 'unreadable',
    });
    const requestId = requestIdOf(socket);
    onRefused(problem, requestId);
    socket.end(refusal(problem, requestId));
  });
}

/** RFC 9112 3.2: a request of HTTP/1.1 names its host. */
export function refuseWithoutHost(
  request: IncomingMessage,
  _response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  const isComplete = request.headers.host !== undefined || request.httpVersion === '1.0';
  next(isComplete ? undefined : new Problem('request_malformed', { reason: 'no_host' }));
}

/** 431 for more header lines than anybody needs (D07). */
export function refuseManyHeaders(
  request: IncomingMessage,
  _response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  const isTooMany = request.rawHeaders.length / 2 > MOST_HEADERS;
  next(isTooMany ? new Problem('headers_too_large', { reason: 'too_many_headers' }) : undefined);
}

/**
 * Keeps count of a server's connections, upgraded and half-open ones included, which `close()` would wait
 * for and `closeAllConnections()` does not know.
 * @returns drops them all
 */
export function trackConnections(server: NetServer): () => void {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

function refusal(problem: Problem, requestId: string): string {
  const body = JSON.stringify(problemDocument(problem, requestId));
  const headers = {
    ...problemHeaders(problem),
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    vary: 'Origin',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${problem.status} Refused`, ...lines, '', body].join('\r\n');
}
