import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import {
  createServer as createNetServer,
  type AddressInfo,
  type ListenOptions,
  type Server as NetServer,
} from 'node:net';
import { errorCode } from '../operation/error-code.js';

/**
 * Node accepts one connection a socket in each iteration of its event loop, and under load an iteration takes
 * tens of milliseconds: with one socket a health check would wait in the accept queue behind everybody.
 */
const SOCKETS = 32;

/** Elsewhere sockets cannot share a port (net.Server.listen, `reusePort`), or the system gives all to one. */
const CAN_SHARE_PORTS = process.platform === 'linux';

/** What Node says where a machine has no `::1`. */
const HAS_NO_IPV6: readonly string[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'];

/** Opens the port of a server with several sockets, and closes it. */
export class Listener {
  readonly #server: Server;
  readonly #further: NetServer[] = [];

  constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Like `server.listen`, but that `localhost` is both loopback addresses: `whenListening` is called once, or the
   * server emits `error`.
   */
  listen(options: ListenOptions, whenListening?: () => void): Server {
    this.#open(options).then(
      () => whenListening?.(),
      (error: unknown) => this.#server.emit('error', error),
    );
    return this.#server;
  }

  /** Accepts nothing more on the further sockets; resolves when their connections are closed. */
  async close(): Promise<void> {
    await Promise.all(
      this.#further.splice(0).map((further) => new Promise((resolve) => further.close(resolve))),
    );
  }

  async #open(options: ListenOptions): Promise<void> {
    if (options.host !== 'localhost') {
      await this.#openOne(options, this.#server);
      return;
    }
    // Node would take the first of its two addresses alone, and callers may try the other one.
    await this.#openOne({ ...options, host: '127.0.0.1' }, this.#server);
    const { port } = this.#server.address() as AddressInfo;
    try {
      await this.#openOne({ ...options, host: '::1', port }, this.#addSocket());
    } catch (error) {
      if (!HAS_NO_IPV6.includes(errorCode(error) ?? '')) throw error;
    }
  }

  /** Opens an address with several sockets, of which `first` is one. */
  async #openOne(options: ListenOptions, first: NetServer): Promise<void> {
    if (!CAN_SHARE_PORTS) {
      await listening(first, options);
      return;
    }
    await refuseTaken(options);
    await listening(first, { ...options, reusePort: true });
    const { address: host, port } = first.address() as AddressInfo;
    for (let count = 1; count < SOCKETS; count += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that the first error is the one that is reported
      await listening(this.#addSocket(), { host, port, reusePort: true });
    }
  }

  /** A socket whose connections are the server's. */
  #addSocket(): NetServer {
    // As http.Server and https.Server make their own sockets.
    const isEncrypted = this.#server instanceof TlsServer;
    const further = createNetServer({ allowHalfOpen: !isEncrypted, noDelay: true });
    // Node's documented way to hand a connection to an HTTP server ('connection' of http.Server).
    further.on('connection', (socket) => this.#server.emit('connection', socket));
    further.once('listening', () => further.on('error', (error) => this.#server.emit('error', error)));
    this.#further.push(further);
    return further;
  }
}

/**
 * A port that is shared can be shared with a second service by mistake, in silence. Opening it alone first
 * finds that out. @throws Node's EADDRINUSE
 */
async function refuseTaken(options: ListenOptions): Promise<void> {
  if (options.port === 0) return;
  // Who comes in this moment must not keep it open.
  const alone = createNetServer((socket) => socket.destroy());
  await listening(alone, options);
  await new Promise((resolve) => alone.close(resolve));
}

/** @throws Node's error where the server cannot listen */
async function listening(server: NetServer, options: ListenOptions): Promise<void> {
  server.listen(options);
  await once(server, 'listening');
}
