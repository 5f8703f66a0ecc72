import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll } from '@jest/globals';

export interface DevServer {
  readonly port: number;
  readonly url: string;
  /** The headers of every request and upgrade that reached it, oldest first. */
  readonly heard: readonly IncomingHttpHeaders[];
}

/** RFC 6455 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const open = new Set<() => void>();

/**
 * A page of the user's own as a dev server serves it: plain HTTP on localhost, knowing nothing of edgepass,
 * with a WebSocket (as hot reload has one) that sends back what it gets.
 */
export async function startDevServer(): Promise<DevServer> {
  const heard: IncomingHttpHeaders[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    heard.push(request.headers);
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end('<!doctype html><title>a page of my own</title><link rel="icon" href="data:,">');
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket: Socket) => {
    heard.push(request.headers);
    const key = request.headers['sec-websocket-key'] ?? '';
    const accept = createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on('error', () => socket.destroy());
    socket.on('data', (frame: Buffer) => {
      const text = readShortTextFrame(frame);
      if (text === null) socket.end();
      else socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.add(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://localhost:${port}`, heard };
}

/** The text of a masked frame of at most 125 bytes, all that this server understands; null for anything else. */
function readShortTextFrame(frame: Buffer): Buffer | null {
  const length = (frame[1] ?? 0) & 0x7f;
  if (frame[0] !== 0x81 || length > 125) return null;
  const mask = frame.subarray(2, 6);
  return Buffer.from(frame.subarray(6, 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
}

afterAll(() => {
  for (const close of open) close();
});
