import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { afterAll } from '@jest/globals';

/** A request as an origin got it. */
export interface UpstreamRequest {
  readonly method: string;
  readonly target: string;
  /** One entry a line, in the order and case received. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** A server that stands behind the edge of a test, and what it was asked. */
export interface Upstream {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly UpstreamRequest[];
  /** How many connections it has taken. */
  readonly connections: () => number;
}

const running = new Set<Server | TcpServer>();

/** Starts an HTTP server on the loopback; it notes each request once its body has come whole. */
export async function startUpstream(
  answer: (message: IncomingMessage, response: ServerResponse) => void,
): Promise<Upstream> {
  const requests: UpstreamRequest[] = [];
  let connections = 0;
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.once('end', () => {
      requests.push({
        method: message.method ?? '',
        target: message.url ?? '',
        headers: pairs(message.rawHeaders),
        body: Buffer.concat(chunks).toString(),
      });
    });
    answer(message, response);
  });
  server.on('connection', () => (connections += 1));
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, port, requests, connections: () => connections };
}

/** Starts a server that speaks whatever bytes the test says; gives its address. */
export async function startRawUpstream(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  return `http://127.0.0.1:${await listen(server)}`;
}

/** The value of a header that the origin got, in any case. */
export function sentHeader(request: UpstreamRequest | undefined, name: string): string | undefined {
  return request?.headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
}

async function listen(server: Server | TcpServer): Promise<number> {
  running.add(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return (server.address() as AddressInfo).port;
}

function pairs(raw: readonly string[]): readonly (readonly [string, string])[] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as const] : []));
}

afterAll(async () => {
  for (const server of running) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  }
});
