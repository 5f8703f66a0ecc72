import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorCode } from './error-code.js';

const CLOSE_GRACE_MS = 1_000;

/** Servers that listen on one port. */
export interface ListeningServers {
  readonly port: number;
  /** Ends when every connection is closed, those in use after a short grace. */
  readonly close: () => Promise<void>;
}

/**
 * Listens with servers made by `create`: with one, or on `::1` with a second one when the host is
 * 127.0.0.1, because a browser may try either for `*.localhost` (B48). Rejects when the port is taken.
 */
export async function listenOnLoopbacks(
  create: () => Server,
  host: string,
  port: number,
  onPort: (port: number) => void = () => undefined,
): Promise<ListeningServers> {
  const first = create();
  const taken = await listen(first, host, port);
  onPort(taken);
  const servers = [first];
  if (host === '127.0.0.1') {
    const second = create();
    const isOnIpv6 = await listenOnIpv6(second, taken).catch(async (error: unknown) => {
      await closeServer(first);
      throw error;
    });
    if (isOnIpv6) servers.push(second);
  }
  return {
    port: taken,
    close: async () => {
      await Promise.all(servers.map(closeServer));
    },
  };
}

/** A host as it stands in an address. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: host === '::1' }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** False where the machine has no IPv6 loopback. */
async function listenOnIpv6(server: Server, port: number): Promise<boolean> {
  try {
    await listen(server, '::1', port);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(code)) return false;
    throw error;
  }
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await closed;
  clearTimeout(grace);
}
