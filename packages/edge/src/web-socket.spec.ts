import { randomBytes } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import {
  ALIAS,
  ALL_VIEWER,
  behavior,
  cookieHeader,
  list,
  openBehavior,
  policyText,
  rsaKey,
  signPolicy,
  startTestEdge,
  type FolderInput,
} from '../../../test/support/edge-fixture.js';

const KEY = rsaKey('KVIEWER1');
const COOKIE = cookieHeader(signPolicy(policyText(`http://${ALIAS}/*`), KEY));
const closing: (() => void)[] = [];
afterAll(() => {
  for (const close of closing) close();
});

/** A server that says every message again, and what it was asked; `/refused` it answers with 401. */
async function startEcho() {
  const requests: IncomingMessage[] = [];
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'second' });
  const server = createServer((_message, response) => response.end('no socket'));
  server.on('upgrade', (message, socket, head) => {
    requests.push(message);
    if (message.url === '/refused') {
      socket.end('HTTP/1.1 401 Unauthorized\r\nX-Why: none\r\nContent-Length: 4\r\n\r\nnone');
      return;
    }
    sockets.handleUpgrade(message, socket, head, (one) => {
      one.on('message', (data, isBinary) => one.send(data, { binary: isBinary }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const one of sockets.clients) one.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, sockets };
}

function start(url: string, defaultBehavior: object, more: FolderInput = {}, idleMilliseconds = 60_000) {
  const config = { Origins: list([{ Id: 'media', DomainName: 'api.example.com', CustomOriginConfig: {} }]) };
  return startTestEdge(
    { keys: [KEY], defaultBehavior, edge: { origins: { media: { url } } }, config, ...more },
    { webSocketIdleMilliseconds: idleMilliseconds },
  );
}

const passing = openBehavior({ OriginRequestPolicyId: ALL_VIEWER });

function connect(port: number, path: string, headers: Readonly<Record<string, string>> = {}): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, ['first', 'second'], {
    headers: { host: ALIAS, ...headers },
    perMessageDeflate: false,
  });
  // One whose handshake was refused says so once more when it is given up.
  closing.push(() => socket.on('error', () => undefined).terminate());
  return socket;
}

/** The status and the body with which a handshake was refused. */
async function refusalOf(socket: WebSocket): Promise<readonly [number | undefined, string]> {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  const chunks = (await response.toArray()) as Buffer[];
  return [response.statusCode, Buffer.concat(chunks).toString()];
}

describe('a WebSocket (R127)', () => {
  it('reaches the server of the origin, both ways, with the headers that the policy lets through', async () => {
    const echo = await startEcho();
    const edge = await start(echo.url, passing);
    const socket = connect(edge.port, '/chat?topic=1', { 'X-Own': '1' });
    const [answer] = (await once(socket, 'upgrade')) as [IncomingMessage];
    expect([answer.headers['x-cache'], answer.headers.via, socket.protocol]).toEqual([
      'Miss from cloudfront',
      expect.stringMatching(/^1\.1 [0-9a-f]{32}\.cloudfront\.net/),
      'second',
    ]);
    const [request] = echo.requests;
    expect([request?.url, request?.headers['x-own'], request?.headers['x-forwarded-for']]).toEqual([
      '/chat?topic=1',
      '1',
      '127.0.0.1',
    ]);
    for (const sent of ['hello', randomBytes(1_000_000)]) {
      socket.send(sent);
      const [received] = (await once(socket, 'message')) as [Buffer];
      expect(received.equals(Buffer.from(sent))).toBe(true);
    }
    socket.close(4000, 'enough');
    expect(await once(socket, 'close')).toEqual([4000, Buffer.from('enough')]);
    // 1,000,000 and 5 bytes, each with its frame, and the frame that closes; a viewer's frames have a mask of 4 bytes.
    expect(await edge.firstLine).toMatch(
      /^edge websocket GET cdn\.example\.com "\/chat" closed-by=(?:viewer|origin) to-viewer=1000027 from-viewer=1000039$/,
    );
  });

  it('is opened to nobody whose cookies do not open the address (R40)', async () => {
    const echo = await startEcho();
    const edge = await start(echo.url, behavior({ OriginRequestPolicyId: ALL_VIEWER }));
    const [status, body] = await refusalOf(connect(edge.port, '/chat'));
    expect([status, body.includes('<Code>MissingKey</Code>'), echo.requests.length]).toEqual([403, true, 0]);
    const socket = connect(edge.port, '/chat', { cookie: COOKIE });
    await once(socket, 'open');
    expect(echo.requests).toHaveLength(1);
  });

  it('is asked for without a body: one would never be read', async () => {
    const echo = await startEcho();
    const edge = await start(echo.url, passing);
    const [status] = await refusalOf(connect(edge.port, '/chat', { 'Content-Length': '2' }));
    expect([status, echo.requests.length]).toEqual([400, 0]);
  });

  it('that the server refuses is its answer to the viewer', async () => {
    const echo = await startEcho();
    const edge = await start(echo.url, passing);
    expect(await refusalOf(connect(edge.port, '/refused'))).toEqual([401, 'none']);
  });

  it('comes about only where a policy forwards its headers, as at AWS (R127)', async () => {
    const echo = await startEcho();
    const edge = await start(echo.url, openBehavior());
    const [status, body] = await refusalOf(connect(edge.port, '/chat'));
    expect([status, body]).toEqual([400, 'Missing or invalid Sec-WebSocket-Key header']);
  });

  it('is 502 when nobody listens', async () => {
    const edge = await start('http://127.0.0.1:1', passing);
    expect((await refusalOf(connect(edge.port, '/chat')))[0]).toBe(502);
  });

  it('ends when the origin was silent for too long, whatever the viewer says (R127)', async () => {
    const echo = await startEcho();
    echo.sockets.on('connection', () => undefined);
    const edge = await start(echo.url, passing, {}, 100);
    const socket = connect(edge.port, '/chat');
    await once(socket, 'open');
    const [code] = (await once(socket, 'close')) as [number];
    expect([code, await edge.firstLine]).toEqual([
      1006,
      'edge websocket GET cdn.example.com "/chat" closed-by=idle to-viewer=0 from-viewer=0',
    ]);
  });

  it('ends with the edge, on both sides', async () => {
    const echo = await startEcho();
    const edge = await start(echo.url, passing);
    const socket = connect(edge.port, '/chat');
    await once(socket, 'open');
    const [atOrigin] = echo.sockets.clients;
    if (atOrigin === undefined) throw new Error('the origin has no WebSocket');
    const closed = Promise.all([once(socket, 'close'), once(atOrigin, 'close')]);
    await edge.close();
    expect((await closed).map(([code]: readonly unknown[]) => code)).toEqual([1006, 1006]);
    expect(edge.lines).toEqual([
      'edge websocket GET cdn.example.com "/chat" closed-by=edge to-viewer=0 from-viewer=0',
    ]);
  });

  it('that nobody has answered keeps the edge from ending for a second at most', async () => {
    const silent = createServer();
    silent.on('upgrade', () => undefined);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const edge = await start(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`, passing);
    const socket = connect(edge.port, '/chat');
    const [asked] = (await once(silent, 'upgrade')) as [IncomingMessage];
    closing.push(() => {
      asked.socket.destroy();
      silent.close();
    });
    const failed = once(socket, 'error').catch(() => undefined);
    await edge.close();
    await failed;
    expect(socket.readyState).toBe(WebSocket.CLOSED);
  });

  it('is a request like any other where a folder stands', async () => {
    const edge = await startTestEdge({ files: { 'a.txt': 'hello' }, defaultBehavior: openBehavior() });
    expect(await refusalOf(connect(edge.port, '/a.txt'))).toEqual([200, 'hello']);
  });
});

it('an Upgrade to something else is a request like any other', async () => {
  const edge = await startTestEdge({ files: { 'a.txt': 'hello' }, defaultBehavior: openBehavior() });
  const answer = await edge.ask('/a.txt', { headers: ['Connection: Upgrade', 'Upgrade: h2c'] });
  expect([answer.status, answer.body.toString()]).toEqual([200, 'hello']);
});

type ShouldUpgrade = (request: IncomingMessage) => boolean;

describe('Node before 24.9, which hands over the connection of every Upgrade', () => {
  /** Node asks this member of a server since 24.9; what it gives here is what Node did before. Gives what was handed over. */
  function handOverAll(port: number): readonly unknown[] {
    const handedOver: unknown[] = [];
    const started = channel('http.server.request.start');
    const onStart = (message: unknown) => {
      const { server } = message as { server: Server & { shouldUpgradeCallback: ShouldUpgrade } };
      if ((server.address() as AddressInfo).port === port) {
        server.shouldUpgradeCallback = ({ url }) => handedOver.push(url) > 0;
      }
    };
    started.subscribe(onStart);
    closing.push(() => started.unsubscribe(onStart));
    return handedOver;
  }

  it('an Upgrade to something else is answered on it', async () => {
    const edge = await startTestEdge({ files: { 'a.txt': 'hello' }, defaultBehavior: openBehavior() });
    const handedOver = handOverAll(edge.port);
    await edge.ask('/a.txt');
    const answer = await edge.ask('/a.txt', { headers: ['Connection: Upgrade', 'Upgrade: h2c'] });
    expect([answer.status, answer.body.toString(), handedOver]).toEqual([200, 'hello', ['/a.txt']]);
  });

  it('one with a body is refused, because nobody would read the body', async () => {
    const echo = await startEcho();
    const edge = await start(echo.url, passing);
    handOverAll(edge.port);
    await edge.ask('/first');
    const headers = ['Connection: Upgrade', 'Upgrade: h2c', 'Content-Length: 2'];
    const answer = await edge.ask('/a.txt', { headers });
    expect([answer.status, echo.requests]).toEqual([400, []]);
  });
});
