import type { Server } from 'node:http';
import type { Server as NetServer, Socket } from 'node:net';
import { LONGEST_HEAD_BYTES, MOST_HEADERS } from './request-head.js';

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

/**
 * Twice what is taken, so that most heads that are too long meet `refuseBadHead` and not the parser: a page
 * can then read that its cookies have grown too many.
 */
const LONGEST_READ_HEAD_BYTES = 2 * LONGEST_HEAD_BYTES;

/** Bounds what a slow client may hold. To be called before the server listens. */
export function guardServer(server: Server, limits = LIMITS): void {
  server.headersTimeout = limits.headersMilliseconds;
  server.requestTimeout = limits.requestMilliseconds;
  server.setTimeout(limits.silentMilliseconds);
  server.keepAliveTimeout = limits.keepAliveMilliseconds;
  server.maxConnections = limits.connections;
  // Node leaves out what is over the number, in silence: one more, so that `refuseBadHead` sees it.
  server.maxHeadersCount = MOST_HEADERS + 1;
  // Node reads these when the server begins to listen or takes a connection; only `createServer`, which is
  // Nest's, takes them as options. A request without Host comes to `refuseBadHead`.
  Object.assign(server, {
    connectionsCheckingInterval: limits.checkMilliseconds,
    maxHeaderSize: LONGEST_READ_HEAD_BYTES,
    requireHostHeader: false,
  });
  // Node itself would answer 417 without our headers: an expectation that nobody knows is passed over.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

/** Bounds a TLS handshake like the headers (Node: 120 s). For `https.createServer`, which alone takes it. */
export function handshakeLimit({ headersMilliseconds }: Pick<ServerLimits, 'headersMilliseconds'> = LIMITS): {
  readonly handshakeTimeout: number;
} {
  return { handshakeTimeout: headersMilliseconds };
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
