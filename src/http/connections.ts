import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Ongoing } from '../operation/ongoing.js';

/** How many connections may be open. */
export interface ConnectionLimits {
  readonly connections: number;
  /** From one address that is no trusted proxy. */
  readonly connectionsOfAddress: number;
}

/** Each costs some 10 KB and a file descriptor. */
const LIMITS: ConnectionLimits = { connections: 10_000, connectionsOfAddress: 4_000 };

interface Connection {
  readonly socket: Socket;
  /** Its two ends: a closed socket does not know them any more. */
  readonly key: string;
  readonly address: OfAddress;
  /** In the order of their requests, until the last byte is out. */
  readonly unanswered: Ongoing<ServerResponse>;
}

/** Connections in the order in which they last did something. */
interface Quiet {
  /** Nothing was asked on them yet: TLS handshakes and half-sent heads are among them. */
  readonly silent: Set<Connection>;
  /** Between two requests. */
  readonly idle: Set<Connection>;
}

interface OfAddress extends Quiet {
  readonly name: string;
  open: number;
}

/**
 * The connections of a server, what is under way on each, and a bound on them. Where one more is too many, the one that has been silent longest is
 * closed for it, or else the one that has been idle longest: so connections that ask nothing keep out nobody who
 * does, a health check from the same address included. Only where something is under way on all of them the
 * new one is closed.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #isProxy: (address: string) => boolean;
  readonly #open = new Map<string, Connection>();
  readonly #bySocket = new WeakMap<Socket, Connection>();
  readonly #addresses = new Map<string, OfAddress>();
  readonly #all: Quiet = { silent: new Set(), idle: new Set() };
  #underWay = 0;
  #isClosing = false;

  /** @param isProxy proxies hand on the connections of many callers, so that only the bound of all counts */
  constructor(isProxy: (address: string) => boolean, limits = LIMITS) {
    this.#limits = limits;
    this.#isProxy = isProxy;
  }

  /** To be called before the server listens. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#opened(socket));
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      this.#asked(request.socket, response);
    server.prependListener('request', onRequest);
    server.prependListener('checkContinue', onRequest);
  }

  /** The requests without a whole answer, health and refused ones included. */
  get requestsUnderWay(): number {
    return this.#underWay;
  }

  /** Whether every answer ends its connection. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** The requests of a connection without a whole answer. */
  unansweredOn(socket: Socket): Iterable<ServerResponse> {
    return this.#connectionOf(socket)?.unanswered ?? [];
  }

  /** From now on every answer, also to what is under way, tells its caller to take another connection. */
  closeAfterAnswers(): void {
    this.#isClosing = true;
    for (const { unanswered } of this.#open.values()) {
      for (const response of unanswered) if (!response.headersSent) response.setHeader('Connection', 'close');
    }
  }

  /** Closes them all, upgraded and half-open ones included, which `closeAllConnections()` does not know. */
  drop(): void {
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  #opened(socket: Socket): void {
    const name = socket.remoteAddress;
    // It is gone already.
    if (name === undefined) return;
    const address = this.#addresses.get(name) ?? { name, open: 0, silent: new Set(), idle: new Set() };
    const { connections, connectionsOfAddress } = this.#limits;
    const full =
      address.open >= connectionsOfAddress && !this.#isProxy(name)
        ? address
        : this.#open.size >= connections
          ? this.#all
          : null;
    if (full !== null) {
      const [given] = full.silent.size > 0 ? full.silent : full.idle;
      if (given === undefined) {
        socket.destroy();
        return;
      }
      this.#forget(given);
      given.socket.destroy();
    }
    const connection: Connection = { socket, key: keyOf(socket), address, unanswered: new Ongoing() };
    this.#addresses.set(name, address);
    address.open += 1;
    this.#open.set(connection.key, connection);
    this.#bySocket.set(socket, connection);
    address.silent.add(connection);
    this.#all.silent.add(connection);
    socket.once('close', () => this.#forget(connection));
  }

  #asked(socket: Socket, response: ServerResponse): void {
    if (this.#isClosing) response.setHeader('Connection', 'close');
    const connection = this.#connectionOf(socket);
    if (connection === undefined) return;
    const { unanswered } = connection;
    if (unanswered.size === 0) this.#noLongerQuiet(connection);
    unanswered.add(response);
    this.#underWay += 1;
    response.on('close', () => {
      this.#underWay -= 1;
      unanswered.delete(response);
      if (unanswered.size > 0 || socket.destroyed) return;
      connection.address.idle.add(connection);
      this.#all.idle.add(connection);
    });
  }

  #connectionOf(socket: Socket): Connection | undefined {
    const known = this.#bySocket.get(socket);
    if (known !== undefined) return known;
    // A request over TLS names another socket than the one that was accepted, with the same two ends.
    const connection = this.#open.get(keyOf(socket));
    if (connection !== undefined) this.#bySocket.set(socket, connection);
    return connection;
  }

  #noLongerQuiet(connection: Connection): void {
    for (const { silent, idle } of [this.#all, connection.address]) {
      silent.delete(connection);
      idle.delete(connection);
    }
  }

  #forget(connection: Connection): void {
    this.#noLongerQuiet(connection);
    if (this.#open.get(connection.key) !== connection) return;
    this.#open.delete(connection.key);
    connection.address.open -= 1;
    if (connection.address.open === 0) this.#addresses.delete(connection.address.name);
  }
}

function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
