import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as NetServer, Socket } from 'node:net';
import { problemDocument, problemHeaders } from './problems/problem-document.js';
import { Problem } from './problems/problem.js';
import type { ProblemCode } from './problems/problem-codes.js';
import { requestIdOf } from './problems/request-id.js';

/** Milliseconds until a client must have sent its headers, and its whole request (Node: 60 s and 300 s). */
const HEADERS_TIMEOUT_MILLISECONDS = 10_000;
const REQUEST_TIMEOUT_MILLISECONDS = 15_000;

/** What Node's HTTP parser refuses before any of our code sees a request. */
const CODE_OF_PARSER_ERROR: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Bounds what a slow client may hold, and answers the parser's own refusals in our form. */
export function guardServer(server: Server): void {
  server.headersTimeout = HEADERS_TIMEOUT_MILLISECONDS;
  server.requestTimeout = REQUEST_TIMEOUT_MILLISECONDS;
  // Node itself would answer 417 and 400 without our headers: an expectation that nobody knows is passed
  // over, and a request without Host comes to `refuseWithoutHost`.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  Object.assign(server, { requireHostHeader: false });
  server.on('clientError', (error: Error & { code?: string }, socket: Socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const problem = new Problem(CODE_OF_PARSER_ERROR[error.code ?? ''] ?? 'request_malformed');
    socket.end(refusal(problem, requestIdOf(socket)));
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
