import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { send } from '../support/https-client.js';
import { until } from '../support/operated-api.js';
import { sendRaw, type RawResponse } from '../support/raw-request.js';
import { samplesOf } from '../support/scrape.js';
import { sampled } from '../support/whole.js';
import { APP_ORIGIN, type HostileStage } from './stage.js';

const VALID = '{"prefix":"private/a"}';
const DEEP_ARRAYS = '['.repeat(8000) + ']'.repeat(8000);
const DEEP_OBJECTS = `${'{"":'.repeat(3200)}1${'}'.repeat(3200)}`;
const MANY_KEYS = `{${Array.from({ length: 20_000 }, (_, at) => `"${at.toString(36)}":1`).join(',')}}`;
/** As many members as fit into the limit. */
const FULL_OF_KEYS = `{${Array.from({ length: 1_900 }, (_, at) => `"${at.toString(36)}":1`).join(',')}}`;
const MULTIPART = '--x\r\nContent-Disposition: form-data; name="prefix"\r\n\r\nprivate/a\r\n--x--\r\n';

interface Answered {
  readonly code: string;
  readonly detail?: string;
}

/** The head of a signed-in `POST /grants`, ready for a body. */
const head = (stage: HostileStage, ...lines: readonly string[]): string =>
  [
    'POST /grants HTTP/1.1',
    'Host: api.example.com',
    `Authorization: ${stage.bearer('u1')}`,
    `Origin: ${APP_ORIGIN}`,
    'Content-Type: application/json',
    ...lines,
    '',
    '',
  ].join('\r\n');

/** B: bodies, media types, methods, routes. */
export function bodyAttacks(stage: () => HostileStage): void {
  describe('a body that is not one JSON object', () => {
    test.each([
      ['M01', 'nothing', '', 'body_malformed'],
      ['M01', 'no member', '{}', 'prefix_required'],
      ['M01', 'an array', '[]', 'body_malformed'],
      ['M01', 'a string', '"private/a"', 'body_malformed'],
      ['M01', 'null', 'null', 'body_malformed'],
      ['M02', 'an open object', '{"prefix":"private/a"', 'body_malformed'],
      ['M02', 'something after it', '{"prefix":"private/a"}x', 'body_malformed'],
      ['M02', 'a bare name', '{prefix:1}', 'body_malformed'],
      ['M03', '8,000 arrays in each other', DEEP_ARRAYS, 'body_malformed'],
      ['M03', 'the same below a member', `{"prefix":${DEEP_ARRAYS}}`, 'body_malformed'],
      ['M05', '16 KB of objects in objects', DEEP_OBJECTS, 'body_malformed'],
    ])('%s %s is 400', async (_row, _what, body, code) => {
      const answer = await stage().ask('u1', body);
      expect([answer.status, (answer.json() as Answered).code]).toEqual([400, code]);
      expect(answer.text()).not.toContain('private/a');
      expect(answer.text()).not.toMatch(/position|token|JSON\.parse/i);
    });
  });

  test('M05 an object of 20,000 members is 413, before its end has come', async () => {
    const answer = await stage().raw(head(stage(), `Content-Length: ${MANY_KEYS.length}`));
    expect([answer.status, codeOf(answer.body)]).toEqual([413, 'body_too_large']);
  });

  describe('what such a body costs', () => {
    const BOMBS = [
      ['M03', '8,000 arrays', DEEP_ARRAYS],
      ['M03', '8,000 arrays below a member', `{"prefix":${DEEP_ARRAYS.slice(0, -20)}`],
      ['M05', '3,200 objects in objects', DEEP_OBJECTS],
      ['M05', 'as many members as fit', FULL_OF_KEYS],
    ] as const;
    const reading = async (name: string) => samplesOf(await stage().metrics()).get(name) ?? Number.NaN;

    test.each(BOMBS)('%s %s: less than 5 MB of memory', async (_row, _what, body) => {
      const before = await reading('nodejs_heap_size_used_bytes');
      expect((await stage().ask('u1', body)).status).toBe(400);
      const after = await reading('nodejs_heap_size_used_bytes');
      expect(after - before).toBeLessThan(5 * 1024 ** 2);
    });

    test('M03, M05 less than 10 ms of the processor', async () => {
      const authorization = stage().bearer('u1');
      const before = await reading('process_cpu_seconds_total');
      const requests = Array.from({ length: 200 }, (_, at) =>
        request(authorization, BOMBS[at % BOMBS.length]?.[2] ?? ''),
      );
      expect(new Set(await pipelined(stage(), requests))).toEqual(new Set([400]));
      expect(((await reading('process_cpu_seconds_total')) - before) / 200).toBeLessThan(0.01);
    });
  });

  describe('members that this call does not know', () => {
    test.each([
      ['M06', '__proto__', '{"isAdmin":true}'],
      ['M06', 'constructor', '{"prototype":{"isAdmin":true}}'],
      ['M08', 'userId', '"u2"'],
      ['M08', 'roles', '["admin"]'],
      ['M08', 'resource', '"https://cdn.example.com/*"'],
      ['M08', 'policy', '{}'],
      ['M08', 'ipAddress', '"0.0.0.0/0"'],
      ['M08', 'keyPairId', '"K1"'],
      ['M08', 'domain', '".example.com"'],
      ['M08', 'sameSite', '"None"'],
      ['M08', 'secure', 'false'],
      ['M08', 'path', '"/"'],
    ])('%s %s is 400 field_unknown', async (_row, member, value) => {
      const answer = await stage().ask('u1', `{"${member}":${value},"prefix":"private/a"}`);
      expect([answer.status, (answer.json() as Answered).code]).toEqual([400, 'field_unknown']);
    });

    test('M06 and none of them has changed what an administrator is', async () => {
      await stage().ask('u1', '{"__proto__":{"groups":["admins"]},"prefix":"private/a"}');
      const answer = await stage().call('GET', '/admin/grants', {
        headers: { Authorization: stage().bearer('u1') },
      });
      expect([answer.status, (answer.json() as Answered).code]).toEqual([403, 'admin_required']);
    });
  });

  describe('another media type is 415, whatever the body says', () => {
    test.each([
      ['M09', 'text/plain', VALID],
      ['M11', 'application/x-www-form-urlencoded', 'prefix=private%2Fa'],
      ['M11', 'multipart/form-data; boundary=x', MULTIPART],
      ['M13', 'application/json; charset=utf-16', Buffer.from(VALID, 'utf16le')],
      ['M13', 'application/json; charset=utf-16', VALID],
    ])('%s %s', async (_row, type, body) => {
      const answer = await stage().ask('u1', body, { 'Content-Type': type, Origin: APP_ORIGIN });
      expect([answer.status, (answer.json() as Answered).code]).toEqual([415, 'media_type_unsupported']);
      expect(answer.headers['access-control-allow-origin']).toBe(APP_ORIGIN);
    });

    test('M10 none', async () => {
      const headers = { Authorization: stage().bearer('u1') };
      const answer = await stage().call('POST', '/grants', { headers, body: VALID });
      expect([answer.status, (answer.json() as Answered).code]).toEqual([415, 'media_type_unsupported']);
    });

    test('M14 a compressed body is not inflated', async () => {
      const bomb = gzipSync(Buffer.alloc(10 * 1024 ** 2, ' '));
      expect(bomb.length).toBeLessThan(16 * 1024);
      const answer = await stage().ask('u1', bomb, { 'Content-Encoding': 'gzip' });
      expect([answer.status, (answer.json() as Answered).code]).toEqual([415, 'media_type_unsupported']);
    });
  });

  describe('a body without an end', () => {
    test.each([
      ['M16 100 MB that never come are 413 at once', 'Content-Length: 99999999', ''],
      [
        'M17 chunks without an end are 413 at the limit',
        'Transfer-Encoding: chunked',
        `4001\r\n${'x'.repeat(16 * 1024 + 1)}`,
      ],
    ])('%s, and the connection is closed', async (_title, line, body) => {
      const begin = performance.now();
      const answer = await stage().raw(`${head(stage(), line)}${body}`);
      expect([answer.status, codeOf(answer.body)]).toEqual([413, 'body_too_large']);
      expect(performance.now() - begin).toBeLessThan(5_000);
      expect(headersOf(answer)).toMatchObject({
        'access-control-allow-origin': APP_ORIGIN,
        connection: 'close',
      });
    });
  });

  describe('methods', () => {
    test.each(['GET', 'HEAD'])('M19, M20 %s /grants lists, and gives nothing', async (method) => {
      const headers = { Authorization: stage().bearer('u1') };
      const answer = await stage().call(method, '/grants', { headers, body: '' });
      expect([answer.status, answer.setCookies]).toEqual([200, []]);
      expect(answer.text()).toBe(method === 'HEAD' ? '' : '{"grants":[]}');
      const asked = await stage().call(method, '/grants?prefix=private/a', { headers, body: '' });
      expect([asked.status, asked.setCookies]).toEqual([400, []]);
    });

    test.each(['GET', 'HEAD'])('M19, M20 %s /grants without a token is 401', async (method) => {
      const answer = await stage().call(method, '/grants');
      expect([answer.status, answer.setCookies]).toEqual([401, []]);
    });

    test.each([
      ['M22', 'TRACE', '/grants', 405],
      ['M22', 'PATCH', '/grants', 405],
      ['M22', 'TRACE', '/nowhere', 404],
      ['M22', 'FOO', '/grants', 400],
      ['M22', 'CONNECT', 'evil.example:443', 400],
      ['M22', 'OPTIONS', '*', 204],
    ])('%s %s %s is %d, and nothing is echoed', async (_row, method, target, status) => {
      const answer = await stage().raw(
        `${method} ${target} HTTP/1.1\r\nHost: api.example.com\r\nX-Canary: echo-me\r\nConnection: close\r\n\r\n`,
      );
      expect(answer.status).toBe(status);
      expect(`${JSON.stringify(answer.headers)}${answer.body.toString()}`).not.toMatch(/echo-me|evil/);
      expect(headersOf(answer)['allow']).toBe(status === 405 ? 'DELETE, GET, HEAD, POST' : undefined);
    });
  });

  test('M22 CONNECT behind pipelined requests takes no place from others', async () => {
    const { port, url } = stage().api;
    const pipelined = `${'GET /x HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(100)}CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n`;
    await Promise.all(
      Array.from({ length: 15 }, () => sendRaw({ port, bytes: pipelined }).catch(() => null)),
    );
    await until(async () => samplesOf(await stage().metrics()).get('edgepass_requests_in_flight') === 0);
    const answers = await Promise.all(
      Array.from({ length: 40 }, () =>
        send(`${url}/entitlements`, { headers: { Authorization: stage().bearer('u1') } }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test('M22 CONNECT whose client resets the connection ends nothing but itself', async () => {
    const attempts = Array.from({ length: 20 }, async () => {
      const socket = connect({ host: '127.0.0.1', port: stage().api.port });
      socket.on('error', () => undefined);
      await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
      socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n');
      socket.resetAndDestroy();
    });
    await Promise.all(attempts);
    expect((await stage().call('GET', '/health/live')).status).toBe(200);
  });

  describe('M23 another spelling of a route', () => {
    const SPELLINGS = [
      '//grants',
      '/grants/',
      '/GRANTS',
      '/%67rants',
      '/grants;x=1',
      '/./grants',
      '/x/../grants',
    ];
    const CALLS = ['GET', 'POST', 'HEAD', 'DELETE'].flatMap((method) =>
      SPELLINGS.map((path) => [method, path] as const),
    );
    const SAMPLE = ['GET', ...SPELLINGS.slice(0, 1)];

    test.each(sampled(CALLS, SAMPLE))(
      'M23 %s %s is none: without a token and with one',
      async (method, path) => {
        const line = `${method} ${path} HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n`;
        const body = `Content-Type: application/json\r\nContent-Length: ${VALID.length}\r\n\r\n${VALID}`;
        const anonymous = await stage().raw(`${line}${body}`);
        const known = await stage().raw(`${line}Authorization: ${stage().bearer('u1')}\r\n${body}`);
        expect([anonymous.status, known.status]).toEqual([404, 404]);
      },
    );
  });

  test.each([
    ['M10', 'POST', '/nowhere', 404],
    ['M10', 'PATCH', '/grants', 405],
  ])(
    '%s what is wrong with a body matters only at a route: %s %s is %d',
    async (_row, method, path, status) => {
      expect((await stage().call(method, path)).status).toBe(status);
      const typed = await stage().call(method, path, {
        headers: { 'Content-Type': 'text/plain' },
        body: 'x',
      });
      expect(typed.status).toBe(status);
    },
  );
}

const headersOf = ({ headers }: RawResponse): Readonly<Record<string, string>> =>
  Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));

const codeOf = (body: Buffer): unknown => (JSON.parse(body.toString()) as Answered).code;

function request(authorization: string, body: string): string {
  return [
    'POST /grants HTTP/1.1',
    'Host: api.example.com',
    `Authorization: ${authorization}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** Fewer than one connection may have under way. */
const PIPELINED_AT_ONCE = 90;

/** Over as few connections as take them, one after the other; gives the statuses. */
async function pipelined(stage: HostileStage, requests: readonly string[]): Promise<readonly number[]> {
  const last = 'GET /health/live HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n';
  const now = requests.slice(0, PIPELINED_AT_ONCE);
  const { bytes } = await stage.raw([...now, last].join(''));
  const statuses = bytes.toString('latin1').match(/(?<=(?:^|\}|\n)HTTP\/1\.1 )\d{3}/g) ?? [];
  const others = requests.slice(PIPELINED_AT_ONCE);
  return [
    ...statuses.slice(0, -1).map(Number),
    ...(others.length === 0 ? [] : await pipelined(stage, others)),
  ];
}
