import {
  createServer as createHttpServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from './clock.js';
import { edgePage, originPage, type EdgePage } from './cloudfront-answers.js';
import type {
  Distribution,
  OriginDescription,
  ServerOriginDescription,
} from './distribution/distribution.js';
import { whenReady } from './edge-answer.js';
import { EdgeLog } from './edge-log.js';
import { Edge } from './edge.js';
import { ViewerFunctions } from './functions/viewer-functions.js';
import type { HeaderList } from './header-list.js';
import { hostInUrl, listenOnLoopbacks } from './listening.js';
import { FolderOrigin } from './origin/folder-origin.js';
import { WebsiteOrigin } from './origin/website-origin.js';
import { ObjectChanged } from './origin/open-object.js';
import type { Origin } from './origin/origin.js';
import { sendAnswer } from './send-answer.js';
import { asksForWebSocket, responseOn, WEB_SOCKET_IDLE_MS, WebSockets } from './web-socket.js';
import {
  hasBody,
  readViewerRequest,
  type Inform,
  type ViewerRequest,
  type ViewerSignal,
} from './viewer-request.js';

/** Above the 32,768 bytes that CloudFront takes (R50), so that the edge itself counts and answers 494. */
const PARSER_HEAD_BYTES = 64 * 1024;
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** CloudFront's own idle time of a viewer connection is not documented. */
const KEEP_ALIVE_MS = 30_000;
/** A viewer that reads nothing for this long is let go, so that it holds no open file for ever. */
const IDLE_SOCKET_MS = 120_000;

/** How long the connections to the origins of an earlier distribution live on. */
const ORIGIN_GRACE_MS = 60_000;

/** What an edge needs to listen. */
export interface EdgeServerOptions {
  readonly distribution: Distribution;
  readonly host: string;
  readonly port: number;
  /** Plain HTTP in the place of `edge.json`'s TLS files. */
  readonly plainHttp: boolean;
  readonly clock: Clock;
  readonly writeLine: (line: string) => void;
  /** How long a viewer may take for its TLS handshake, and then for its headers; default 15 s. */
  readonly headersMilliseconds?: number;
  /** How long a WebSocket may be silent; default 10 minutes, as at AWS. */
  readonly webSocketIdleMilliseconds?: number;
}

/** A listening edge. */
export interface EdgeServer {
  /** `https://127.0.0.1:3002`. */
  readonly url: string;
  readonly port: number;
  /**
   * Goes on with a changed distribution, with the copies that the cache holds: as at AWS, only time or an
   * invalidation removes them. TLS files and the limits of the cache stay as they were at the start.
   */
  reload(distribution: Distribution): void;
  /** Forgets the copies that these paths of an invalidation name; gives how many there were. */
  invalidate(paths: readonly string[]): number;
  /** Ends when every connection is closed, those in use after a short grace. */
  close(): Promise<void>;
}

/** How the edge is reached. */
interface Listening {
  readonly protocol: 'http' | 'https';
  port: number;
}

/**
 * Starts to listen; on `::1` too when the host is 127.0.0.1, because a browser may try either. Rejects when the port
 * is taken.
 *
 * @example
 * const clock = { nowEpochSeconds: () => Math.floor(Date.now() / 1000) };
 * const options = { distribution, host: '127.0.0.1', port: 0, plainHttp: true, clock, writeLine: console.log };
 * const { url, close } = await startEdgeServer(options);
 */
export async function startEdgeServer(options: EdgeServerOptions): Promise<EdgeServer> {
  const log = new EdgeLog(options.writeLine);
  let origins = originsOf(options.distribution);
  let functions = new ViewerFunctions(options.distribution, log);
  let edge = new Edge(options.distribution, origins, options.clock, log, functions);
  const listening: Listening = { protocol: options.plainHttp ? 'http' : 'https', port: 0 };
  const webSockets = new WebSockets(log, options.webSocketIdleMilliseconds ?? WEB_SOCKET_IDLE_MS);
  const create = () => createEdgeServer(options, () => edge, log, listening, webSockets);
  const { port, close } = await listenOnLoopbacks(create, options.host, options.port, (taken) => {
    listening.port = taken;
  });
  return {
    url: `${listening.protocol}://${hostInUrl(options.host)}:${port}`,
    port,
    reload: (distribution) => {
      const before = { origins, functions };
      origins = originsOf(distribution);
      functions = new ViewerFunctions(distribution, log);
      edge = edge.changed(distribution, origins, functions);
      // What is being answered ends first.
      setTimeout(() => {
        void closeOrigins(before.origins);
        void before.functions.close();
      }, ORIGIN_GRACE_MS).unref();
    },
    invalidate: (paths) => edge.invalidate(paths),
    close: async () => {
      webSockets.close();
      await close();
      await Promise.all([closeOrigins(origins), functions.close()]);
    },
  };
}

function originsOf({ origins }: Distribution): ReadonlyMap<string, Origin> {
  return new Map([...origins].map(([id, description]) => [id, originOf(description)]));
}

function originOf(description: OriginDescription): Origin {
  if (description.kind === 'absent') return ABSENT_ORIGIN;
  if (description.kind === 'server') return serverOrigin(description);
  const { website } = description;
  return website === null ? new FolderOrigin(description) : new WebsiteOrigin(description, website);
}

/** An origin behind which nothing stands: the answer of CloudFront where no server listens. */
const ABSENT_ORIGIN: Origin = {
  answer: () => Promise.resolve({ ...originPage('origin-unreachable'), reason: 'nothing-behind-origin' }),
};

/** Its library takes a fourth of the time in which an edge starts: one with folders alone starts without it. */
function serverOrigin(description: ServerOriginDescription): Origin {
  let origin: Origin | null = null;
  const loaded = import('./origin/server-origin.js').then(
    ({ ServerOrigin }) => (origin = new ServerOrigin(description)),
  );
  return {
    answer: (request) =>
      origin === null ? loaded.then((first) => first.answer(request)) : origin.answer(request),
    close: async () => (await loaded).close(),
  };
}

async function closeOrigins(origins: ReadonlyMap<string, Origin>): Promise<void> {
  await Promise.all([...origins.values()].map(async (origin) => origin.close?.()));
}

function createEdgeServer(
  options: EdgeServerOptions,
  edge: () => Edge,
  log: EdgeLog,
  listening: Listening,
  webSockets: WebSockets,
): Server {
  const http = {
    maxHeaderSize: PARSER_HEAD_BYTES,
    requireHostHeader: false,
    shouldUpgradeCallback: asksForWebSocket,
    // Else Node makes a stream for the body of a request that has none: a tenth of the time of an answer.
    optimizeEmptyRequests: true,
  };
  const { tls } = options.distribution;
  const headersMilliseconds = options.headersMilliseconds ?? HEADERS_TIMEOUT_MS;
  const server =
    options.plainHttp || tls === null
      ? createHttpServer(http)
      : createHttpsServer({
          ...http,
          cert: tls.certificate,
          key: tls.key,
          minVersion: 'TLSv1.2',
          handshakeTimeout: headersMilliseconds,
        });
  // Node drops headers beyond the first 2,000; the head is bounded in bytes instead.
  server.maxHeadersCount = 0;
  server.headersTimeout = headersMilliseconds;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.setTimeout(IDLE_SOCKET_MS);
  const answering = new WeakMap<Duplex, ServerResponse[]>();
  const answersOn = (socket: Duplex): readonly ServerResponse[] =>
    (answering.get(socket) ?? []).filter(({ closed }) => !closed);
  server.on('request', (message: IncomingMessage, response: ServerResponse) => {
    const { socket } = message;
    const open = answering.get(socket);
    if (open === undefined) answering.set(socket, [response]);
    else {
      // They end in their order; a listener for the end of each would cost more.
      while (open[0]?.closed === true) open.shift();
      open.push(response);
    }
    respond(edge(), log, listening, message, response);
  });
  // Before Node 24.9 everything with an `Upgrade` comes here.
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, first: Buffer) => {
    webSockets.hold(socket);
    const response = responseOn(socket, message);
    if (hasBody(message.headers)) {
      // Nobody would read it any more.
      void sendAnswer(edgePage('bad-request'), message, response);
    } else if (asksForWebSocket(message)) {
      void respondToWebSocket({ edge: edge(), log, listening, message, response }, webSockets, socket, first);
    } else respond(edge(), log, listening, message, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // Inside an answer that is being sent, another one would read as a part of its body.
    if (answersOn(socket).length > 0) socket.destroy();
    else answerParserError(log, error, socket);
  });
  server.on('connect', (_message: IncomingMessage, socket: Socket) => {
    // Node has taken its listeners from it: an error would end the process, and no timeout the connection.
    socket.on('error', () => socket.destroy());
    socket.on('timeout', () => socket.destroy());
    socket.resume();
    const open = answersOn(socket);
    if (open.length === 0) {
      writeBareAnswer('method-not-allowed', socket);
      socket.destroySoon();
      return;
    }
    // Node forgets them with its listeners: what they hold open would stay open.
    for (const response of open) response.destroy();
    socket.destroy();
  });
  return server;
}

interface Upgrading {
  readonly edge: Edge;
  readonly log: EdgeLog;
  readonly listening: Listening;
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
}

/** The same way as every request; only where a server agrees with 101 the two connections become one. */
async function respondToWebSocket(
  { edge, log, listening, message, response }: Upgrading,
  webSockets: WebSockets,
  viewer: Duplex,
  first: Buffer,
): Promise<void> {
  // TypeScript does not see that `onUpgrade` sets it.
  let origin = null as Duplex | null;
  const read = readViewerRequest(message, listening.protocol, () => new ResponseSignal(response));
  if ('page' in read) {
    log.say(`refused a request: ${read.page}`);
    void sendAnswer(edgePage(read.page), message, response);
    return;
  }
  const request = {
    ...read,
    onUpgrade: (socket: Duplex) => {
      origin = socket;
      socket.on('error', () => socket.destroy());
    },
  };
  try {
    const answer = await edge.answer(request, listening.port);
    if (answer.status !== 101 || origin === null) {
      await sendAnswer(answer, message, response);
      return;
    }
    response.detachSocket(message.socket);
    message.socket.setTimeout(0);
    if (viewer.destroyed) origin.destroy();
    else webSockets.connect(request, answer, viewer, origin, first);
  } catch (error) {
    giveUp(log, request, message, response, error);
  }
}

function respond(
  edge: Edge,
  log: EdgeLog,
  listening: Listening,
  message: IncomingMessage,
  response: ServerResponse,
): void {
  const inform: Inform = (status, headers) => writeInterim(response, status, headers);
  const request = readViewerRequest(message, listening.protocol, () => new ResponseSignal(response), inform);
  if ('page' in request) {
    log.say(`refused a request: ${request.page}`);
    if (request.page === 'headers-too-large' || request.page === 'url-too-long') {
      response.shouldKeepAlive = false;
    }
    void sendAnswer(edgePage(request.page), message, response);
    return;
  }
  const fail = (error: unknown): void => giveUp(log, request, message, response, error);
  try {
    const sent = whenReady(edge.answer(request, listening.port), (answer) =>
      sendAnswer(answer, message, response),
    );
    if (sent instanceof Promise) sent.catch(fail);
  } catch (error) {
    fail(error);
  }
}

/** Says that the viewer went away before it had its answer. An AbortController would cost a tenth of an answer. */
class ResponseSignal implements ViewerSignal {
  whenAborted: (() => void) | null = null;

  constructor(private readonly response: ServerResponse) {
    response.once('close', () => {
      if (this.aborted) this.whenAborted?.();
    });
  }

  get aborted(): boolean {
    return this.response.closed && !this.response.writableFinished;
  }
}

/** An interim answer goes to a viewer that speaks HTTP/1.1, before the answer itself has begun. */
function writeInterim(response: ServerResponse, status: number, headers: HeaderList): void {
  if (response.headersSent || response.destroyed || response.req.httpVersion === '1.0') return;
  if (status === 102) response.writeProcessing();
  if (status !== 103) return;
  const hints: Record<string, string[]> = {};
  for (const [name, value] of headers) (hints[name.toLowerCase()] ??= []).push(value);
  response.writeEarlyHints(hints);
}

function giveUp(
  log: EdgeLog,
  request: ViewerRequest,
  message: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): void {
  if (error instanceof ObjectChanged) log.failed(request, 'object-changed-while-sent');
  // The viewer going away in the middle is nothing to tell.
  else if (!response.destroyed) log.failed(request, error instanceof Error ? error.message : String(error));
  if (response.headersSent) response.destroy();
  else void sendAnswer(edgePage('edge-failed'), message, response);
}

function answerParserError(log: EdgeLog, error: NodeJS.ErrnoException, socket: Duplex): void {
  // Whatever is no fault of HTTP comes of a connection that takes no answer, TLS that never began included.
  if (!/^(?:HPE_|ERR_HTTP_)/.test(error.code ?? '') || !socket.writable) {
    socket.destroy();
    return;
  }
  const pages: Readonly<Record<string, EdgePage>> = {
    HPE_HEADER_OVERFLOW: 'headers-too-large',
    ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  };
  const page = pages[error.code ?? ''] ?? 'bad-request';
  log.say(`refused a request: ${page} (${error.code ?? 'unknown'})`);
  writeBareAnswer(page, socket);
}

/** Answers where there is no response object, and closes the connection. */
function writeBareAnswer(page: EdgePage, socket: Duplex): void {
  const { status, headers, body } = edgePage(page);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const reason = STATUS_CODES[status] ?? 'Request header too large';
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\n${lines}Connection: close\r\n\r\n${body.kind === 'text' ? body.text : ''}`,
  );
}
