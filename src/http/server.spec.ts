import type { Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Problem } from './problems/problem.js';
import { Connections } from './connections.js';
import { writeProblem } from './problems/answer-problem.js';
import { answerParserRefusals } from './parser-refusals.js';
import { refuseBadHead } from './request-head.js';
import { createFrontServer } from './server.js';

const PAGE = 'https://app.example.com';
const QUICK = {
  headersMilliseconds: 200,
  requestMilliseconds: 300,
  checkMilliseconds: 20,
  silentMilliseconds: 1_000,
  keepAliveMilliseconds: 65_000,
};
let server: Server;
let refused: string[];
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  server.close();
});

async function start(limits = QUICK): Promise<number> {
  refused = [];
  server = createFrontServer(
    (request, response) => {
      refuseBadHead(request, response, (error) => {
        if (error instanceof Problem) writeProblem(response, error, 'x');
        else request.resume().once('end', () => response.end('read'));
      });
    },
    { tls: null, limits },
  );
  const connections = new Connections(() => false);
  connections.watch(server);
  answerParserRefusals(server, connections, [PAGE], ({ code, reason }) => refused.push(`${code} ${reason}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** What the server says to these bytes until it closes. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    sockets.push(socket);
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(answer));
  });
}
const code = (answer: string): string =>
  /^HTTP\/1\.1 (\d+) [^]*"code":"(\w+)"/.exec(answer)?.slice(1).join(' ') ?? answer;

describe('a client that takes its time', () => {
  it('D02: with its headers is answered 408 request_timeout, and logged', async () => {
    const answer = await exchange(await start(), 'GET / HTTP/1.1\r\nHost: a\r\nX: 1');
    expect(code(answer)).toBe('408 request_timeout');
    expect(answer.toLowerCase()).toContain('\r\ncache-control: no-store\r\n');
    expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n');
    expect(refused).toEqual(['request_timeout err_http_request_timeout']);
  });

  it('D03: with its body is answered 408 request_timeout', async () => {
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{';
    expect(code(await exchange(await start(), head))).toBe('408 request_timeout');
  });

  it('who never says anything is closed', async () => {
    expect(await exchange(await start({ ...QUICK, headersMilliseconds: 100 }), '')).toMatch(/^$|408/);
  });

  it('is looked for every second, so that 10 s are not 40', async () => {
    const made = createFrontServer(() => undefined, { tls: null });
    const { connectionsCheckingInterval } = made as unknown as { connectionsCheckingInterval: number };
    expect([made.headersTimeout, made.requestTimeout, connectionsCheckingInterval]).toEqual([
      10_000, 15_000, 1_000,
    ]);
  });
});

describe('headers', () => {
  const withHeaders = (count: number): string =>
    `GET / HTTP/1.1\r\n${['Host: a', 'Connection: close', ...Array.from({ length: count - 2 }, (_, i) => `x${i}: 1`)].join('\r\n')}\r\n\r\n`;

  it('D07: 100 are read, 101 and 2,000 are 431 headers_too_large', async () => {
    const port = await start();
    expect(await exchange(port, withHeaders(100))).toContain('\r\n\r\n4\r\nread\r\n'.slice(0, 4));
    expect(code(await exchange(port, withHeaders(101)))).toBe('431 headers_too_large');
    expect(code(await exchange(port, withHeaders(2000)))).toBe('431 headers_too_large');
  });
});
