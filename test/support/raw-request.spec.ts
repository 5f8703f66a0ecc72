import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseResponse, requestBytes, sendRaw } from './raw-request.js';

describe('a raw request', () => {
  const echo = createServer((socket) =>
    socket
      .on('error', () => socket.destroy())
      .once('data', (bytes) =>
        socket.end(
          `HTTP/1.1 418 Teapot\r\nX-One: a:b\r\nContent-Length: ${bytes.length}\r\n\r\n${bytes.toString('latin1')}`,
        ),
      ),
  );
  beforeAll(() => new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve)));
  afterAll(() => new Promise((resolve) => echo.close(resolve)));

  test('sends its target as written', async () => {
    const answer = await sendRaw({
      port: (echo.address() as AddressInfo).port,
      bytes: requestBytes('cdn.example.com', '/a/../b//%2e%2E?x', ['Cookie: k=v']),
    });
    expect(answer.body.toString()).toBe(
      'GET /a/../b//%2e%2E?x HTTP/1.1\r\nHost: cdn.example.com\r\nConnection: close\r\nCookie: k=v\r\n\r\n',
    );
    expect(answer).toMatchObject({ status: 418, statusLine: 'HTTP/1.1 418 Teapot' });
    expect(answer.headers[0]).toEqual(['X-One', 'a:b']);
  });

  test('gets a chunked body joined', () => {
    const bytes = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x\r\nd\r\n0\r\n\r\n';
    expect(parseResponse(Buffer.from(bytes)).body.toString()).toBe('abcd');
  });

  test('refuses to take a closed connection for an answer', () => {
    expect(() => parseResponse(Buffer.alloc(0))).toThrow('expected an HTTP/1.1 response, got ""');
  });
});
