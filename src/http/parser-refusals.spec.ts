import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeTestCertificates } from '../../test/support/test-certificates.js';
import { answerParserRefusals } from './parser-refusals.js';
import { Connections } from './connections.js';
import { createFrontServer, LIMITS } from './server.js';

const PAGE = 'https://app.example.com';
const FROM_PAGE = `Host: a\r\nOrigin: ${PAGE}`;

let server: Server;
let port: number;
const refused: string[] = [];
const slow: ServerResponse[] = [];

function watched(of: Server): Connections {
  const connections = new Connections(() => false);
  connections.watch(of);
  return connections;
}

beforeAll(async () => {
  server = createFrontServer(
    (request, response) => {
      if (request.url === '/slow') slow.push(response);
      else request.resume().once('end', () => response.end());
    },
    { tls: null },
  );
  answerParserRefusals(server, watched(server), [PAGE], ({ code, reason }) =>
    refused.push(`${code} ${reason}`),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function exchange(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(answer));
  });
}

describe('what never becomes a request', () => {
  it.each([
    ['no method of HTTP', `FOO / HTTP/1.1\r\n${FROM_PAGE}\r\n\r\n`, 'request_malformed hpe_invalid_method'],
    [
      'a length and chunks',
      `POST / HTTP/1.1\r\n${FROM_PAGE}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      'request_malformed hpe_invalid_transfer_encoding',
    ],
    [
      'over 32 KB of head',
      `GET / HTTP/1.1\r\n${FROM_PAGE}\r\nX: ${'x'.repeat(33 * 1024)}\r\n\r\n`,
      'headers_too_large hpe_header_overflow',
    ],
    [
      'a broken body, its head being known',
      `POST / HTTP/1.1\r\n${FROM_PAGE}\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n`,
      'request_malformed hpe_invalid_chunk_size',
    ],
  ])('%s is refused with problem details, and the page may read it', async (_what, bytes, logged) => {
    const answer = await exchange(bytes);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    const { code, status } = JSON.parse(body) as { code: string; status: number };
    expect(head.split('\r\n')).toEqual([
      `HTTP/1.1 ${status} Refused`,
      'content-type: application/problem+json',
      'cache-control: no-store',
      `Access-Control-Allow-Origin: ${PAGE}`,
      'Access-Control-Allow-Credentials: true',
      'Access-Control-Expose-Headers: Retry-After',
      'Vary: Origin',
      'x-content-type-options: nosniff',
      `content-length: ${body.length}`,
      'connection: close',
    ]);
    expect(refused.at(-1)).toBe(logged);
    expect(logged).toContain(code);
  });

  it.each([
    ['nobody', ''],
    ['a page that is not listed', 'Origin: https://evil.example\r\n'],
    ['two pages at once', `Origin: ${PAGE}\r\nOrigin: https://evil.example\r\n`],
  ])('allows nothing to %s', async (_whom, lines) => {
    const answer = await exchange(`FOO / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
    expect(answer).toContain('\r\nVary: Origin\r\n');
    expect(answer).not.toContain('Access-Control');
  });

  it('CONNECT is answered, not closed without a word', async () => {
    const answer = await exchange('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*"code":"request_malformed"/s);
  });
});

describe('a good request before bytes that are no HTTP', () => {
  const SLOW = 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n';
  const statusLines = (said: string): readonly string[] => said.match(/HTTP\/1\.1 \d+/g) ?? [];

  it('is answered first, then they are refused and the connection is closed', async () => {
    const before = refused.length;
    const said = exchange(`${SLOW}\x01\x02 no HTTP\r\n\r\n`);
    await until(() => slow.length > 0);
    // Nothing is said of what follows as long as the answer is not out.
    expect(refused.length).toBe(before);
    slow.pop()?.end('good');
    const answers = await said;
    expect(statusLines(answers)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
    expect(answers.indexOf('good')).toBeLessThan(answers.indexOf('request_malformed'));
    expect(refused.slice(before)).toEqual(['request_malformed hpe_invalid_method']);
  });

  it('is answered alone where its answer ends the connection', async () => {
    const said = exchange(SLOW.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n') + '\x01');
    await until(() => slow.length > 0);
    slow.pop()?.end('good');
    expect(statusLines(await said)).toEqual(['HTTP/1.1 200']);
  });

  it('is answered before a broken body of the next is refused', async () => {
    const broken = `POST / HTTP/1.1\r\n${FROM_PAGE}\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n`;
    const said = exchange(SLOW + broken);
    await until(() => slow.length > 0);
    slow.pop()?.end('good');
    expect(statusLines(await said)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });
});

async function until(condition: () => boolean): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- lets the server work
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Opens a connection that says this and keeps its side open; gives both ends. */
async function bothEnds(of: Server, bytes: string): Promise<{ client: Socket; served: Socket }> {
  const accepted = new Promise<Socket>((resolve) => of.once('connection', resolve));
  const address = of.address() as AddressInfo;
  const client = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => undefined).write(bytes);
  return { client, served: await accepted };
}
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())));

describe('a connection that nobody listens to any more', () => {
  const CONNECT = 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n';

  it('CONNECT followed by a reset ends nothing but itself', async () => {
    const { client, served } = await bothEnds(server, '');
    client.write(CONNECT);
    client.resetAndDestroy();
    await closed(served);
    expect(await exchange('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 200 /,
    );
  });

  it('CONNECT is closed also when its client keeps its side open', async () => {
    const { client, served } = await bothEnds(server, CONNECT);
    client.resume();
    await closed(served);
    expect(refused.at(-1)).toBe('request_malformed connect');
    client.destroy();
  }, 3_000);

  it('CONNECT behind requests that wait for their answers ends those too', async () => {
    const waiting: ServerResponse[] = [];
    const silent = createServer((_request, response) => waiting.push(response));
    answerParserRefusals(silent, watched(silent), [], () => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    let ended = 0;
    silent.on('request', (_request, response: ServerResponse) => response.once('close', () => (ended += 1)));
    const { client, served } = await bothEnds(
      silent,
      `${'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3)}${CONNECT}`,
    );
    client.resume();
    await closed(served);
    expect([waiting.length, ended]).toEqual([3, 3]);
    client.destroy();
    silent.close();
  });

  it('TLS that never begins is closed, and is no refusal', async () => {
    const { certificatePem: cert, keyPem: key } = await makeTestCertificates(['localhost']);
    const tls = createFrontServer(() => undefined, {
      tls: { cert, key },
      limits: { ...LIMITS, headersMilliseconds: 50 },
    });
    const said: string[] = [];
    answerParserRefusals(tls, watched(tls), [], ({ reason }) => said.push(reason));
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
    const { client, served } = await bothEnds(tls, '');
    await closed(served);
    expect(said).toEqual([]);
    client.destroy();
    tls.close();
  }, 3_000);
});

it('an idle connection keeps nothing of its last request in memory', async () => {
  let last: WeakRef<object> | undefined;
  server.once('request', (request) => (last = new WeakRef(request)));
  const { client } = await bothEnds(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await new Promise((resolve) => client.once('data', resolve));
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(last?.deref()).toBeUndefined();
  client.destroy();
});
