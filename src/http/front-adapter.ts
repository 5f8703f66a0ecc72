import type { Server } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Connections } from './connections.js';
import { Listener } from './listener.js';
import { RouteTable } from './routes.js';

/** A route as Nest registers it: its path and what answers. */
type Registration = [path: unknown, handler?: unknown];
type Registered = Parameters<ExpressAdapter['get']>;

/**
 * Nest's Express adapter on a server of ours: Nest finds the server that the front answers for, and registers
 * its routes here, which fills the table of routes.
 */
export class FrontAdapter extends ExpressAdapter {
  readonly routes = new RouteTable();
  readonly #server: Server;
  readonly #listener: Listener;

  readonly #onClosed: () => void;

  /** @param onClosed called when the last connection is closed */
  constructor(
    server: Server,
    readonly connections: Connections,
    onClosed: () => void,
  ) {
    super();
    this.#server = server;
    this.#listener = new Listener(server);
    this.#onClosed = onClosed;
  }

  override initHttpServer(): void {
    this.setHttpServer(this.#server);
  }

  /** As Nest calls it: `listen(port, host?, callback)`. */
  override listen(port: number | string, ...rest: readonly unknown[]): Server {
    const host = rest.find((one) => typeof one === 'string');
    const callback = rest.find((one): one is () => void => typeof one === 'function');
    return this.#listener.listen({ port: Number(port), ...(host === undefined ? {} : { host }) }, callback);
  }

  /** Resolves when every connection is closed. */
  override async close(): Promise<undefined> {
    await Promise.all([super.close(), this.#listener.close()]);
    this.#onClosed();
  }

  override get(...registration: Registration): unknown {
    this.routes.add('GET', String(registration[0]));
    return super.get(...(registration as unknown as Registered));
  }

  override post(...registration: Registration): unknown {
    this.routes.add('POST', String(registration[0]));
    return super.post(...(registration as unknown as Registered));
  }

  override put(...registration: Registration): unknown {
    this.routes.add('PUT', String(registration[0]));
    return super.put(...(registration as unknown as Registered));
  }

  override patch(...registration: Registration): unknown {
    this.routes.add('PATCH', String(registration[0]));
    return super.patch(...(registration as unknown as Registered));
  }

  override delete(...registration: Registration): unknown {
    this.routes.add('DELETE', String(registration[0]));
    return super.delete(...(registration as unknown as Registered));
  }

  override useStaticAssets(path: string, options: { readonly prefix?: string } = {}): unknown {
    if (options.prefix !== undefined) this.routes.addFolder(options.prefix);
    return super.useStaticAssets(path, options);
  }
}
