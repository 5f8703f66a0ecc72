import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { LONGEST_HEAD_BYTES, MOST_HEADERS } from './request-head.js';

/** How long a client may take. */
export interface ServerLimits {
  /** Until a client must have sent its headers, and its whole request (Node: 60 s and 300 s). */
  readonly headersMilliseconds: number;
  readonly requestMilliseconds: number;
  /** How often Node looks for those two (every 30 s by default): no limit is more exact than this. */
  readonly checkMilliseconds: number;
  /** A connection on which nothing moves: above all one whose client does not read its answer. */
  readonly silentMilliseconds: number;
  /** Longer than the 60 s of AWS's balancers, which otherwise use a connection in the moment it closes. */
  readonly keepAliveMilliseconds: number;
}

/** Those of the service. */
export const LIMITS: ServerLimits = {
  headersMilliseconds: 10_000,
  requestMilliseconds: 15_000,
  checkMilliseconds: 1_000,
  silentMilliseconds: 30_000,
  keepAliveMilliseconds: 65_000,
};

/**
 * Twice what is taken, so that most heads that are too long meet `refuseBadHead` and not the parser: a page
 * can then read that its cookies have grown too many.
 */
const LONGEST_READ_HEAD_BYTES = 2 * LONGEST_HEAD_BYTES;

/** A server that bounds what a slow client may hold. */
export function createFrontServer(
  answer: RequestListener,
  options: {
    /** PEM texts; `null` = plain HTTP. */
    readonly tls: { readonly cert: string; readonly key: string } | null;
    readonly limits?: ServerLimits;
  },
): Server {
  const { tls, limits = LIMITS } = options;
  const serverOptions = {
    headersTimeout: limits.headersMilliseconds,
    requestTimeout: limits.requestMilliseconds,
    connectionsCheckingInterval: limits.checkMilliseconds,
    keepAliveTimeout: limits.keepAliveMilliseconds,
    maxHeaderSize: LONGEST_READ_HEAD_BYTES,
    // A request without Host comes to `refuseBadHead`, whose answer has our headers.
    requireHostHeader: false,
  };
  const server =
    tls === null
      ? createServer(serverOptions, answer)
      : // Node gives a TLS handshake 120 s.
        createTlsServer({ ...serverOptions, ...tls, handshakeTimeout: limits.headersMilliseconds }, answer);
  server.setTimeout(limits.silentMilliseconds);
  // Node leaves out what is over the number, in silence: one more, so that `refuseBadHead` sees it.
  server.maxHeadersCount = MOST_HEADERS + 1;
  // Node itself would answer 417 without our headers: an expectation that nobody knows is passed over.
  server.on('checkExpectation', answer);
  return server;
}
