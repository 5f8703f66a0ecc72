import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { connect, createServer as createNetServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../../../test/support/free-port.js';
import { send } from '../../../test/support/https-client.js';
import { devProxy } from './dev-proxy.js';
import type { ProxyInput } from './dev-server-answer.js';
import { serve, type RunningServer } from './server.js';

/** A dev server that answers with what reached it, echoes WebSockets, and breaks off where it is asked to. */
function devServer(): Server {
  const server = createServer((request, response) => {
    if (request.url === '/reset') {
      request.socket.resetAndDestroy();
    } else if (request.url === '/half') {
      response.writeHead(200, { 'Content-Length': '1000' });
      response.write('half of it', () => request.socket.resetAndDestroy());
    } else if (request.url === '/sign-out') {
      const long = `CloudFront-Policy=; Path=/${'%EA%B0%80'.repeat(55)}; Max-Age=0`;
      response.writeHead(204, { 'Set-Cookie': Array<string>(50).fill(long) }).end();
    } else {
      response.setHeader('Set-Cookie', 'session=1; Path=/; HttpOnly');
      response.end(JSON.stringify({ url: request.url, headers: request.headers }));
    }
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    const seen = `${request.headers.host} ${request.headers.origin ?? '-'}`;
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Seen: ${seen}\r\n\r\n`,
    );
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('data', (data) =>
      data.toString() === 'reset' ? socket.resetAndDestroy() : socket.write(data),
    );
  });
  return server;
}

let target: Server;
let targetOrigin: string;
let proxy: RunningServer | null;
let port: number;

beforeEach(async () => {
  target = devServer().listen(0, '127.0.0.1');
  await new Promise((done) => target.once('listening', done));
  targetOrigin = `http://localhost:${(target.address() as AddressInfo).port}`;
  port = await freePort();
  proxy = null;
});
afterEach(async () => {
  await proxy?.stop();
  // Not forced: what the proxy has let go of must be gone here, too.
  target.closeIdleConnections();
  await new Promise((done) => target.close(done));
});

async function stand(host: string, options: Partial<ProxyInput> = {}): Promise<string> {
  const publicOrigin = `http://${host}:${port}`;
  const input = {
    publicOrigin,
    target: new URL(targetOrigin),
    flag: '--app' as const,
    pageOrigins: [],
    ...options,
  };
  proxy = await serve(devProxy(input), { host: '127.0.0.1', port, tls: null });
  return publicOrigin;
}

const headersSeen = async (
  url: string,
  headers: Record<string, string> = {},
): Promise<Record<string, string>> =>
  ((await send(url, { headers })).json() as { headers: Record<string, string> }).headers;

/** Opens a WebSocket's handshake; gives its status, and an echo over the open connection. */
function upgrade(
  host: string,
  origin: string,
  message = 'ping',
): Promise<{ status: number; seen: string; echo: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: '127.0.0.1',
      port,
      headers: {
        Host: host,
        Origin: origin,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        'Sec-WebSocket-Version': '13',
      },
    });
    request.once('error', reject);
    request.once('response', (response) => {
      resolve({ status: response.statusCode ?? 0, seen: '', echo: '' });
      response.destroy();
    });
    request.once('upgrade', (response, socket) => {
      const answer = (echo: string): void => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, seen: String(response.headers['x-seen']), echo });
      };
      socket.once('data', (data) => answer(data.toString()));
      socket.once('close', () => answer('closed'));
      socket.once('error', () => answer('reset'));
      socket.write(message);
    });
    request.end();
  });
}

describe("the user's dev server behind an HTTPS name", () => {
  it('gets path and query as they are', async () => {
    const origin = await stand('app.edgepass.localhost');
    expect((await send(`${origin}/src/a%20b.ts?t=1&x=%2F`)).json()).toMatchObject({
      url: '/src/a%20b.ts?t=1&x=%2F',
    });
  });

  it('sees the public name under .localhost, which Vite answers to (B50)', async () => {
    const origin = await stand('app.edgepass.localhost');
    expect((await headersSeen(origin))['host']).toBe(`app.edgepass.localhost:${port}`);
  });

  it('sees its own name where the public one is no .localhost, which Vite would block (B50)', async () => {
    const origin = await stand('app.example.test');
    expect((await headersSeen(origin))['host']).toBe(targetOrigin.slice('http://'.length));
  });

  it('keeps the public name before a backend, which builds its links from it', async () => {
    const origin = await stand('api.example.test', { flag: '--api' });
    expect((await headersSeen(origin))['host']).toBe(`api.example.test:${port}`);
  });

  it('is given the public address, and not what a client invented', async () => {
    const origin = await stand('app.example.test');
    const seen = await headersSeen(origin, {
      'X-Real-IP': '203.0.113.9',
      'X-Forwarded-Prefix': '/evil',
      'X-Forwarded-For': '203.0.113.9',
      'X-Forwarded-Host': 'evil.example',
      Forwarded: 'for=x',
    });
    expect(seen['x-forwarded-for']).toBe('127.0.0.1');
    expect(seen['x-forwarded-host']).toBe(`app.example.test:${port}`);
    expect(seen['x-forwarded-proto']).toBe('http');
    expect(seen['x-forwarded-port']).toBe(String(port));
    for (const name of ['forwarded', 'x-real-ip', 'x-forwarded-prefix'])
      expect(seen).not.toHaveProperty(name);
  });

  it('passes on an answer with 30 KB of headers, as clearing many long grants makes it', async () => {
    const url = new URL('/sign-out', await stand('app.example.com', { flag: '--api' }));
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: url.pathname, maxHeaderSize: 64 * 1024 };
      httpRequest({ ...options, headers: { Host: url.host } }, resolve)
        .on('error', reject)
        .end();
    });
    answer.resume();
    expect([answer.statusCode, answer.headers['set-cookie']?.length]).toEqual([204, 50]);
  });

  it('sets its cookies', async () => {
    const origin = await stand('app.edgepass.localhost');
    expect((await send(origin)).setCookies).toEqual(['session=1; Path=/; HttpOnly']);
  });

  it('is found by a name under .localhost, which Node does not resolve (B47)', async () => {
    const named = new URL(targetOrigin.replace('localhost', 'vite.localhost'));
    const origin = await stand('app.edgepass.localhost', { target: named });
    expect((await send(origin)).status).toBe(200);
  });

  it('is found where it listens on IPv6 alone', async () => {
    const six = devServer().listen(0, '::1');
    await new Promise((done) => six.once('listening', done));
    try {
      const { port: sixPort } = six.address() as AddressInfo;
      const origin = await stand('app.edgepass.localhost', { target: new URL(`http://[::1]:${sixPort}`) });
      expect((await send(origin)).status).toBe(200);
    } finally {
      six.closeAllConnections();
      six.close();
    }
  });

  it('is not reached under a foreign name (DNS rebinding)', async () => {
    await stand('app.example.test');
    const answer = await send(`http://evil.example:${port}/`);
    expect(answer.status).toBe(421);
  });
});

describe('a WebSocket to the dev server', () => {
  it('stays open both ways', async () => {
    await stand('app.edgepass.localhost');
    const host = `app.edgepass.localhost:${port}`;
    expect(await upgrade(host, `http://${host}`)).toEqual({
      status: 101,
      seen: `${host} http://${host}`,
      echo: 'ping',
    });
  });

  it("carries the target's own Origin when the page is ours and Host is rewritten", async () => {
    await stand('app.example.test');
    const seen = `${targetOrigin.slice('http://'.length)} ${targetOrigin}`;
    expect((await upgrade(`app.example.test:${port}`, `http://app.example.test:${port}`)).seen).toBe(seen);
  });

  it("keeps a foreign page's Origin, so that the dev server can refuse it", async () => {
    await stand('app.example.test');
    const { seen } = await upgrade(`app.example.test:${port}`, 'https://evil.example');
    expect(seen).toBe(`${targetOrigin.slice('http://'.length)} https://evil.example`);
  });

  it('is refused under a foreign name', async () => {
    await stand('app.example.test');
    expect((await upgrade('evil.example', 'https://evil.example')).status).toBe(421);
  });

  it('is let go on both sides when the stack stops', async () => {
    await stand('app.edgepass.localhost');
    const host = `app.edgepass.localhost:${port}`;
    const targetEnded = new Promise<void>((done) => {
      target.once('upgrade', (_request, socket: Socket) => socket.once('close', () => done()));
    });
    const held = connect(port, '127.0.0.1');
    held.on('error', () => {});
    const visitorEnded = new Promise<void>((done) => held.once('close', () => done()));
    held.write(
      `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\n\r\n`,
    );
    await new Promise((done) => held.once('data', done));
    await proxy?.stop();
    await expect(Promise.all([targetEnded, visitorEnded])).resolves.toHaveLength(2);
  });

  it('survives a reset by the dev server', async () => {
    const origin = await stand('app.edgepass.localhost');
    const host = `app.edgepass.localhost:${port}`;
    expect((await upgrade(host, `http://${host}`, 'reset')).echo).toEqual(
      expect.stringMatching(/^(closed|reset)$/),
    );
    expect((await send(origin)).status).toBe(200);
  });
});

describe('a dev server that does not answer', () => {
  it('is named in a page that reloads itself', async () => {
    const gone = new URL(`http://localhost:${await freePort()}`);
    const origin = await stand('app.edgepass.localhost', { target: gone });
    const answer = await send(origin, { headers: { Accept: 'text/html' } });
    expect(answer.status).toBe(502);
    expect(answer.text()).toContain(
      `Nothing answers at ${gone.origin} (ECONNREFUSED), where --app points. Start your dev server there.`,
    );
    expect(answer.text()).toContain('<meta http-equiv="refresh" content="2">');
  });

  it('does not look like a CORS mistake to the page that called the API', async () => {
    const pageOrigin = 'https://app.edgepass.localhost:3000';
    const gone = new URL(`http://localhost:${await freePort()}`);
    const origin = await stand('api.edgepass.localhost', {
      target: gone,
      flag: '--api',
      pageOrigins: [pageOrigin],
    });
    const answer = await send(origin, { headers: { Origin: pageOrigin } });
    expect(answer.status).toBe(502);
    expect(answer.headers['access-control-allow-origin']).toBe(pageOrigin);
    expect(answer.headers['access-control-allow-credentials']).toBe('true');
    expect(answer.json()).toEqual({
      type: 'about:blank',
      title: 'The dev server does not answer',
      status: 502,
      detail: `Nothing answers at ${gone.origin} (ECONNREFUSED), where --api points. Start your dev server there.`,
    });
  });

  it('gives no foreign page that answer to read', async () => {
    const gone = new URL(`http://localhost:${await freePort()}`);
    const origin = await stand('api.edgepass.localhost', {
      target: gone,
      flag: '--api',
      pageOrigins: ['https://app.edgepass.localhost:3000'],
    });
    const answer = await send(origin, { headers: { Origin: 'https://evil.example' } });
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('that breaks off before its answer gets a 502, and the proxy lives on', async () => {
    const origin = await stand('app.edgepass.localhost');
    expect((await send(`${origin}/reset`)).status).toBe(502);
    expect((await send(origin)).status).toBe(200);
  });

  it('that breaks off in the middle of its answer breaks it off for the visitor too', async () => {
    const origin = await stand('app.edgepass.localhost');
    await expect(send(`${origin}/half`)).rejects.toThrow('aborted');
    expect((await send(origin)).status).toBe(200);
  });
});

/** Answers every connection with these bytes, and ends it. */
async function rawServer(bytes: string): Promise<{ origin: string; close: () => void }> {
  const server = createNetServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(bytes, 'latin1'));
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close(),
  };
}

/** Heads that Node reads from a server, or refuses to, and that no server can write. */
const UNWRITABLE = {
  'the status 099': 'HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n',
  'the status 000': 'HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n',
  'a status of four digits': 'HTTP/1.1 1000 High\r\nContent-Length: 0\r\n\r\n',
  'a reason with a control character': 'HTTP/1.1 200 O\u0001K\r\nContent-Length: 0\r\n\r\n',
  'a switch of protocols that nobody asked for':
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'nothing but early hints': 'HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  'a length beside chunks':
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a control character in a header': 'HTTP/1.1 200 OK\r\nX: a\u0001b\r\nContent-Length: 0\r\n\r\n',
  'a head that does not end': `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(200_000)}`,
  'no HTTP at all': 'SSH-2.0-OpenSSH_9.2\r\n',
  nothing: '',
} as const;

/** What the proxy answers to a WebSocket's handshake, as text. */
function handshake(): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(
    `GET /hmr HTTP/1.1\r\nHost: app.edgepass.localhost:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\n\r\n`,
  );
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (data) => (text += data.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

describe('a dev server that answers what no server can write', () => {
  it.each(Object.entries(UNWRITABLE))('gets a 502 for %s', async (_name, bytes) => {
    const broken = await rawServer(bytes);
    try {
      const origin = await stand('app.edgepass.localhost', { target: new URL(broken.origin) });
      expect((await send(origin)).status).toBe(502);
    } finally {
      broken.close();
    }
  });

  it('is named in the answer, with what is wrong', async () => {
    const broken = await rawServer(UNWRITABLE['the status 099']);
    try {
      const origin = await stand('app.edgepass.localhost', { target: new URL(broken.origin) });
      expect((await send(origin)).json()).toEqual({
        type: 'about:blank',
        title: 'The dev server answered something that cannot be passed on',
        status: 502,
        detail: `${broken.origin}, where --app points, answered with the status 99.`,
      });
    } finally {
      broken.close();
    }
  });

  it('loses the header that announces trailers, which go no further than one connection', async () => {
    const announcing = await rawServer('HTTP/1.1 200 OK\r\nTrailer: X\r\nContent-Length: 2\r\n\r\nok');
    try {
      const origin = await stand('app.edgepass.localhost', { target: new URL(announcing.origin) });
      const answer = await send(origin);
      expect([answer.status, answer.text(), answer.headers['trailer']]).toEqual([200, 'ok', undefined]);
    } finally {
      announcing.close();
    }
  });

  it.each(Object.entries(UNWRITABLE).filter(([name]) => !name.startsWith('a switch')))(
    'gets a 502 for %s in the handshake of a WebSocket',
    async (_name, bytes) => {
      const broken = await rawServer(bytes);
      try {
        await stand('app.edgepass.localhost', { target: new URL(broken.origin) });
        expect(await handshake()).toBe(
          'HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
        );
      } finally {
        broken.close();
      }
    },
  );

  it('may refuse the handshake of a WebSocket in its own words', async () => {
    const refusing = await rawServer('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    try {
      await stand('app.edgepass.localhost', { target: new URL(refusing.origin) });
      expect(await handshake()).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n(?:.*\r\n)*\r\nno$/);
    } finally {
      refusing.close();
    }
  });
});

describe('a browser that hangs up', () => {
  it('does not disturb the next one', async () => {
    const origin = await stand('app.edgepass.localhost');
    await new Promise<void>((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(`GET /half HTTP/1.1\r\nHost: app.edgepass.localhost:${port}\r\n\r\n`);
        socket.resetAndDestroy();
      });
      socket.once('close', () => done());
      socket.once('error', () => {});
    });
    expect((await send(origin)).status).toBe(200);
  });
});
