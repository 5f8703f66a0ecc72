import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range from which systems give ports to outgoing connections (32768 and up on Linux): a port
 * from there may be somebody's own by the time that the server of a test listens on it.
 */
const FIRST_PORT = 18_000;
const LAST_PORT = 32_000;

/** Gives that many different TCP ports that were free a moment ago on 127.0.0.1 and ::1. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    // oxlint-disable-next-line no-await-in-loop -- one at a time: seldom is one taken
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'))) ports.add(port);
  }
  return [...ports];
}

/** One such port. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('expected a port');
  return port;
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      // A machine without IPv6 has nothing there that could be taken.
      if (error.code === 'EADDRINUSE') resolve(false);
      else if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(true);
      else reject(error);
    });
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
