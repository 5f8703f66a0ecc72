import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Connections } from './connections.js';
import { corsHeaders } from './cross-origin.js';
import { problemDocument, problemHeaders } from './problems/problem-document.js';
import type { ProblemCode } from './problems/problem-codes.js';
import { Problem } from './problems/problem.js';
import { requestIdOf } from './request-id.js';

/** What Node says of bytes that it could not read. */
interface ParserError extends Error {
  readonly code?: string;
  /** What came last; absent where nothing came in time. */
  readonly rawPacket?: Buffer;
}

/** What Node's HTTP parser refuses before any of our code sees a request. */
const CODE_OF_PARSER_ERROR: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Codes of what HTTP cannot be: the others are of a connection that takes no answer, TLS that never began included. */
const IS_OF_HTTP = /^(?:HPE_|ERR_HTTP_)/;

const ORIGIN_LINES = /^origin:[ \t]*(\S+)[ \t]*\r?$/gim;

/**
 * Answers with a problem document what never becomes a request: bytes that are no HTTP, a head or a body that
 * does not arrive in time, CONNECT. A page of `appOrigins` can read the answer where its origin is known: from
 * the head, when it is the body that fails, else from the bytes that came last.
 */
export function answerParserRefusals(
  server: Server,
  connections: Connections,
  appOrigins: readonly string[],
  onRefused: (problem: Problem, requestId: string) => void,
): void {
  const refused = new WeakSet<Duplex>();
  const refuse = (socket: Duplex, problem: Problem, origin: string | undefined): void => {
    const requestId = requestIdOf(socket);
    onRefused(problem, requestId);
    socket.end(refusal(problem, requestId, corsHeaders(origin, appOrigins)));
  };
  server.on('clientError', ({ code: fault = '', rawPacket }: ParserError, socket) => {
    if (!socket.writable || !IS_OF_HTTP.test(fault)) {
      socket.destroy();
      return;
    }
    // The parser complains again of whatever follows.
    if (refused.has(socket)) return;
    refused.add(socket);
    const code = CODE_OF_PARSER_ERROR[fault] ?? 'request_malformed';
    const problem = new Problem(code, { reason: fault.toLowerCase() });
    const unanswered = [...connections.unansweredOn(socket as Socket)];
    const ofBody = unanswered.find(({ req }) => !req.complete);
    const origin = ofBody === undefined ? originIn(rawPacket) : ofBody.req.headers.origin;
    // HTTP answers in the order of the requests (RFC 9112 9.3.2): sent at once, this answer would pass for
    // that of a good request before it.
    const before = unanswered.filter((response) => response !== ofBody);
    afterAll(before, () => {
      if (socket.writable) refuse(socket, problem, origin);
    });
  });
  // Node would close without a word. There is no tunnel, and so no origin either.
  server.on('connect', (_request, socket: Socket) => {
    letGo(socket);
    const problem = new Problem('request_malformed', { reason: 'connect' });
    const open = [...connections.unansweredOn(socket)];
    if (open.length === 0) {
      refuse(socket, problem, undefined);
      socket.destroySoon();
      return;
    }
    // Node forgets them with its listeners: they would count as under way for ever. And an answer of ours
    // would pass for one of theirs.
    onRefused(problem, requestIdOf(socket));
    for (const response of open) response.destroy();
    socket.destroy();
  });
}

/** Calls back once every response is out or given up; at once where there is none. */
function afterAll(responses: readonly ServerResponse[], callback: () => void): void {
  let left = responses.length;
  if (left === 0) callback();
  for (const response of responses) {
    response.once('close', () => {
      left -= 1;
      if (left === 0) callback();
    });
  }
}

/** Node has taken its listeners from the socket of a CONNECT: an error would end the process, and no timeout the connection. */
function letGo(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.on('timeout', () => socket.destroy());
  socket.resume();
}

/**
 * The one Origin line of a packet. That the line may be something else costs nothing: only the page of a
 * listed origin can read what is allowed to it.
 */
function originIn(packet: Buffer | undefined): string | undefined {
  const lines = [...(packet?.toString('latin1') ?? '').matchAll(ORIGIN_LINES)];
  return lines.length === 1 ? lines[0]?.[1] : undefined;
}

function refusal(problem: Problem, requestId: string, cors: Readonly<Record<string, string>>): string {
  const body = JSON.stringify(problemDocument(problem, requestId));
  const headers = {
    ...problemHeaders(problem),
    ...cors,
    'x-content-type-options': 'nosniff',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${problem.status} Refused`, ...lines, '', body].join('\r\n');
}
