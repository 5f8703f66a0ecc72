import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { sendRaw } from '../../test/support/raw-request.js';
import { answerLeftRequests } from './left-requests.js';

const PAGE = 'https://app.example.com';

let server: Server;
const refused: string[] = [];

beforeAll(async () => {
  const application = express().disable('x-powered-by');
  application.get('/grants', (_request, response) => void response.end('read'));
  application.get('/broken', () => {
    throw new Error('a secret');
  });
  application.get('/half', (_request, response, next) => {
    response.write('half');
    next(new Error('a secret'));
  });
  answerLeftRequests(application, [PAGE], ({ code, reason }) => refused.push(`${code} ${reason}`));
  server = createServer(application);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function ask(method: string, target: string, origin = PAGE) {
  const { port } = server.address() as AddressInfo;
  const bytes = `${method} ${target} HTTP/1.1\r\nHost: a\r\nOrigin: ${origin}\r\nContent-Length: 1\r\n\r\n`;
  return sendRaw({ port, bytes });
}

describe('a target that Express cannot parse', () => {
  it.each([
    ['GET', 'http://['],
    ['POST', 'http://[/grants'],
    ['DELETE', 'http://[::1'],
    ['OPTIONS', 'http://['],
    ['GET', 'http://'],
    ['GET', 'foo://a'],
  ])('%s %s is refused in our form at once, and the page may read it', async (method, target) => {
    const { statusLine, headers, body } = await ask(method, target);
    expect(statusLine).toBe('HTTP/1.1 400 Bad Request');
    expect(headers.filter(([name]) => name !== 'Date').map((pair) => pair.join(': '))).toEqual([
      `access-control-allow-origin: ${PAGE}`,
      'access-control-allow-credentials: true',
      'access-control-expose-headers: Retry-After',
      'vary: Origin',
      'x-content-type-options: nosniff',
      'connection: close',
      'content-type: application/problem+json',
      'cache-control: no-store',
      `content-length: ${body.length}`,
    ]);
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'request_malformed', status: 400 });
    expect(refused.at(-1)).toBe('request_malformed target_unreadable');
  });

  it('allows nothing to a page that is not listed', async () => {
    const { headers } = await ask('GET', 'http://[', 'https://evil.example');
    expect(headers.filter(([name]) => name.startsWith('access-control'))).toEqual([]);
  });
});

it('an error that nobody answers is internal, and none of its text is told', async () => {
  const { status, body } = await ask('GET', '/broken');
  expect([status, body.includes('secret')]).toEqual([500, false]);
  expect(refused.at(-1)).toBe('internal Error');
});

it('half an answer breaks off', async () => {
  await expect(ask('GET', '/half')).rejects.toThrow('expected a chunk size');
});
