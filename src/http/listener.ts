import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import {
  createServer as createNetServer,
  type AddressInfo,
  type ListenOptions,
  type Server as NetServer,
} from 'node:net';

/**
 * Node accepts one connection a socket in each iteration of its event loop, and under load an iteration takes
 * tens of milliseconds: with one socket a health check would wait in the accept queue behind everybody.
 */
const SOCKETS = 32;

/** Elsewhere sockets cannot share a port (net.Server.listen, `reusePort`), or the system gives all to one. */
const CAN_SHARE_PORTS = process.platform === 'linux';

/** Opens the port of a server with several sockets, and closes it. */
export class Listener {
  readonly #server: Server;
  readonly #further: NetServer[] = [];

  constructor(server: Server) {
    this.#server = server;
  }

  /** Like `server.listen`: `whenListening` is called once, or the server emits `error`. */
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
    if (!CAN_SHARE_PORTS) {
      await listening(this.#server, options);
      return;
    }
    await refuseTaken(options);
    await listening(this.#server, { ...options, reusePort: true });
    const { address: host, port } = this.#server.address() as AddressInfo;
    // As http.Server and https.Server make their own sockets.
    const isEncrypted = this.#server instanceof TlsServer;
    for (let count = 1; count < SOCKETS; count += 1) {
      const further = createNetServer({ allowHalfOpen: !isEncrypted, noDelay: true });
      // Node's documented way to hand a connection to an HTTP server ('connection' of http.Server).
      further.on('connection', (socket) => this.#server.emit('connection', socket));
      this.#further.push(further);
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that the first error is the one that is reported
      await listening(further, { host, port, reusePort: true });
      further.on('error', (error) => this.#server.emit('error', error));
    }
  }
}

/**
 * A port that is shared can be shared with a second service by mistake, in silence. Opening it alone first
 * finds that out. @throws Node's EADDRINUSE
 */
async function refuseTaken(options: ListenOptions): Promise<void> {
  if (options.port === 0) return;
  const alone = createNetServer();
  await listening(alone, options);
  await new Promise((resolve) => alone.close(resolve));
}

/** @throws Node's error where the server cannot listen */
async function listening(server: NetServer, options: ListenOptions): Promise<void> {
  server.listen(options);
  await once(server, 'listening');
}
