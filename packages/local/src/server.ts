import { readFileSync } from 'node:fs';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Server as NetServer, Socket } from 'node:net';
import type { TlsFiles } from './local-settings.js';
import { systemCode } from './problem.js';

/** What a part of the stack answers with. */
export interface Site {
  readonly request: RequestListener;
  /** WebSockets; refused when absent. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface LocalAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsFiles | null;
}

export interface RunningServer {
  /** Stops listening and drops every connection, WebSockets included. */
  stop(): Promise<void>;
}

/**
 * Serves a site. On 127.0.0.1 it also listens on ::1: some systems resolve `*.localhost` to IPv6 first
 * (B48).
 * @throws the system error (`EADDRINUSE`, `EACCES`), with nothing left listening
 */
export async function serve(site: Site, address: LocalAddress): Promise<RunningServer> {
  const servers: Server[] = [];
  const dropConnections: (() => void)[] = [];
  const stop = async (): Promise<void> => {
    const closed = servers.map((server) => new Promise((done) => server.close(done)));
    for (const drop of dropConnections) drop();
    await Promise.all(closed);
  };
  try {
    for (const host of loopbacks(address.host)) {
      const server = create(site, address);
      dropConnections.push(trackConnections(server));
      if (await listen(server, host, address.port, host !== address.host)) servers.push(server);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/**
 * Whether a request names this page, as all of them must: otherwise a foreign name that leads to this machine could
 * read it (DNS rebinding).
 * @param own host and port of the page, as browsers write them
 */
export function isForHost(request: IncomingMessage, own: string): boolean {
  return request.headers.host?.toLowerCase() === own;
}

/** {@link isForHost}; where it does not, the answer is 421 (RFC 9110, 15.5.20). */
export function refusesHost(request: IncomingMessage, response: ServerResponse, own: string): boolean {
  if (isForHost(request, own)) return false;
  response.writeHead(421, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`This is ${own}; the request was for another host.\n`);
  return true;
}

/** The addresses to listen on: both loopback families when HOST names the loopback of one. */
export function loopbacks(host: string): readonly string[] {
  return host === '127.0.0.1' ? ['127.0.0.1', '::1'] : [host];
}

/** @param isExtra a machine without that address family is then no problem */
export function listen(server: NetServer, host: string, port: number, isExtra: boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      if (isExtra && ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(systemCode(error))) resolve(false);
      else reject(error);
    };
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve(true);
    });
  });
}

function create(site: Site, { tls }: LocalAddress): Server {
  const server =
    tls === null
      ? createHttpServer(site.request)
      : createHttpsServer({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }, site.request);
  if (site.upgrade !== undefined) server.on('upgrade', site.upgrade);
  // A browser that does not trust the certificate yet hangs up in the middle of the handshake.
  server.on('tlsClientError', () => {});
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}

/**
 * Keeps count of a server's connections, upgraded and half-open ones included, which `close()` would wait
 * for and `closeAllConnections()` does not know.
 * @returns drops them all
 */
function trackConnections(server: NetServer): () => void {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}
