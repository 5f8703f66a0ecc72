import { writeFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FrontAdapter } from '../../src/http/front-adapter.js';
import { APP_ORIGIN, startTestApi, type TestApi } from '../support/api.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeTestCertificates } from '../support/test-certificates.js';

let api: TestApi;
const warnings: string[] = [];
const onWarning = ({ message }: Error): void => void warnings.push(message);

beforeAll(async () => {
  process.on('warning', onWarning);
  api = await startTestApi('sqlite');
  await api.app.listen(0, '127.0.0.1');
  await api.give({ subject: 'user:u1', prefix: 'p' });
});
afterAll(async () => {
  process.off('warning', onWarning);
  await api.close();
});

/** What the service says to these bytes until it closes the connection. */
function exchange(bytes: string): Promise<string> {
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (text: string) => (said += text));
    socket.on('error', reject);
    socket.once('close', () => resolve(said));
  });
}
const lines = (...head: readonly string[]): string => `${head.join('\r\n')}\r\n\r\n`;
const statusesIn = (said: string): readonly string[] => said.match(/(?<=HTTP\/1\.1 )\d+/g) ?? [];
const codeIn = (said: string): string | undefined => /"code":"(\w+)"/.exec(said)?.[1];

describe('the target of a request', () => {
  test.each([
    ['GET', 'http://['],
    ['POST', 'http://[/grants'],
    ['DELETE', 'http://[::1'],
    ['GET', 'http://[::1/health/live'],
    ['GET', 'http://a:99999/'],
    ['OPTIONS', 'http://['],
    ['GET', 'http://'],
    ['GET', 'foo://a'],
  ])('%s %s is refused at once, the page may read it, and Node writes it nowhere', async (method, target) => {
    const said = await exchange(
      lines(`${method} ${target} HTTP/1.1`, 'Host: a', `Origin: ${APP_ORIGIN}`, 'Content-Length: 1'),
    );
    expect([statusesIn(said), codeIn(said)]).toEqual([['400'], 'request_malformed']);
    expect(said).toContain(`Access-Control-Allow-Origin: ${APP_ORIGIN}`);
    expect(said).toContain('cache-control: no-store');
    expect(warnings).toEqual([]);
    expect(api.log.at(-1)).toContain('"reason":"target_unreadable"');
    expect(api.log.at(-1)).not.toContain(target);
  });

  test.each([
    ['http://api.example.com/health/live', '200'],
    ['HTTP://api.example.com:3001/health/live', '200'],
    ['http://api.example.com/health/../health/live', '404'],
    ['http://api.example.com', '404'],
    ['/health/live#part', '200'],
  ])('%s is read byte for byte: %s', async (target, status) => {
    const said = await exchange(lines(`GET ${target} HTTP/1.1`, 'Host: a', 'Connection: close'));
    expect(statusesIn(said)).toEqual([status]);
  });
});

describe('a client that asks before it sends its body', () => {
  const ask = (...more: readonly string[]): Promise<string> =>
    exchange(
      lines(
        'POST /grants HTTP/1.1',
        'Host: a',
        'Expect: 100-continue',
        'Content-Type: application/json',
        ...more,
      ),
    );

  test('without a token is refused, and never asked to go on', async () => {
    const said = await ask('Content-Length: 14');
    expect([statusesIn(said), codeIn(said)]).toEqual([['401'], 'token_missing']);
  });

  test('with a token that is not accepted is refused, and never asked to go on', async () => {
    expect(statusesIn(await ask('Content-Length: 14', 'Authorization: Bearer x.y.z'))).toEqual(['401']);
  });

  test.each([
    ['too much', ['Content-Length: 99999999'], '413'],
    ['another type', ['Content-Length: 14', 'Content-Encoding: gzip'], '415'],
  ])('announcing %s is refused, and never asked to go on', async (_what, head, status) => {
    expect(statusesIn(await ask(`Authorization: ${api.bearer()}`, ...head))).toEqual([status]);
  });

  test('that may call is asked to go on, and granted', async () => {
    const { port } = api.app.getHttpServer().address() as AddressInfo;
    const said = await new Promise<string>((resolve) => {
      let received = '';
      const socket = connect(port, '127.0.0.1');
      socket.write(
        lines(
          'POST /grants HTTP/1.1',
          'Host: a',
          'Expect: 100-continue',
          'Content-Type: application/json',
          'Content-Length: 14',
          `Authorization: ${api.bearer()}`,
        ),
      );
      socket.setEncoding('utf8').on('data', (text: string) => {
        if (received === '') socket.write('{"prefix":"p"}');
        received += text;
      });
      socket.once('close', () => resolve(received));
    });
    expect(statusesIn(said)).toEqual(['100', '201']);
  });
});

describe('a query that a route does not know', () => {
  const known = ['GET /docs', 'GET /openapi.json'];

  test('is refused on every route, once the caller may call it', async () => {
    const { routes } = api.app.getHttpAdapter() as unknown as FrontAdapter;
    const calls = routes
      .list()
      .filter((route) => !route.startsWith('HEAD') && !known.some((one) => route.startsWith(one)));
    const answers = await Promise.all(
      calls.map(async (route) => {
        const [method = '', path = ''] = route.split(' ');
        const url = `${path.replace(':id', '019aa0c0-7b1e-7cc0-b6f5-6d2f0f4a9d10')}?x=1`;
        const call = api.http[method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'](url);
        call.set('Authorization', api.bearer('root', { groups: ['admins'] }));
        if (method === 'POST' || method === 'PUT') call.send({ prefix: 'p', subject: 'user:u1' });
        const { status, body } = await call;
        return [route, status, (body as { code?: string }).code];
      }),
    );
    expect(calls.length).toBeGreaterThanOrEqual(9);
    expect(answers).toEqual(calls.map((route) => [route, 400, 'field_unknown']));
  });

  test('is not sent to callers who may not call', async () => {
    await api.http.get('/grants?x=1').expect(401);
  });
});

test('a TLS handshake may take as long as the headers: 10 s, not the 120 s of Node', async () => {
  const { certificatePem, keyPem } = await makeTestCertificates(['api.example.com']);
  const folder = temporaryFolder('tls');
  const tls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  writeFileSync(tls.certFile, certificatePem);
  writeFileSync(tls.keyFile, keyPem);
  const secured = await startTestApi('sqlite', { tls });
  const server = secured.app.getHttpServer() as unknown as Readonly<Record<symbol, unknown>>;
  // Only there does Node say which limit a server has.
  const limit = Object.getOwnPropertySymbols(server).find((name) => name.description === 'handshake-timeout');
  const milliseconds = limit && server[limit];
  await secured.close();
  expect(milliseconds).toBe(10_000);
});
