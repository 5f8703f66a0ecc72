import { connect, type AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { jsonBody, parseJsonObject } from './json-body.js';
import { problemFrom } from '../problems/problem-from-error.js';
import { writeProblem } from '../problems/answer-problem.js';

const REQUEST_ID = '3f0d6a52-8d0b-4d8e-9a1e-0b6c7f0f8f10';
const PRIVATE_TEXT = 'private/a';

/** The smallest server around the reader: answers the body it read, or the problem. */
function readerServer(): Server {
  return createServer((req, res) => {
    jsonBody(req, res, (error) => {
      if (error !== undefined) return writeProblem(res, problemFrom(error), REQUEST_ID);
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify({ read: (req as { body?: unknown }).body ?? 'nothing' }));
    });
  });
}

describe('the JSON reader', () => {
  let server: Server;
  beforeAll(() => new Promise<void>((resolve) => (server = readerServer()).listen(0, '127.0.0.1', resolve)));
  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

  const post = (body: string | Buffer, type = 'application/json') =>
    request(server)
      .post('/')
      .set('Content-Type', type)
      .serialize((given: unknown) => given as string)
      .send(body as string);

  it('hands on one JSON object', async () => {
    const answer = await post('{"prefix":"private/a","ttlSeconds":900}');
    expect(answer.body).toStrictEqual({ read: { prefix: 'private/a', ttlSeconds: 900 } });
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'Application/JSON',
  ])('takes the media type %s', async (type) => {
    expect((await post('{"a":1}', type)).body).toStrictEqual({ read: { a: 1 } });
  });

  it.each(['GET', 'DELETE', 'HEAD', 'OPTIONS'])('lets %s without a body pass', async (method) => {
    const answer = await fetch(addressOf(server), { method });
    expect(answer.status).toBe(200);
  });

  describe('M01, M02: refuses what is not one JSON object as body_malformed', () => {
    it.each([
      ['nothing', ''],
      ['white space', '  \n'],
      ['an array', '[]'],
      ['a string', '"private/a"'],
      ['null', 'null'],
      ['a number', '1'],
      ['a truncated object', '{"prefix":"private/a"'],
      ['text after the object', '{"prefix":"private/a"}x'],
      ['an unquoted member', '{prefix:1}'],
      ['a trailing comma', '{"prefix":"private/a",}'],
      ['a byte order mark', '\ufeff{"prefix":"private/a"}'],
      ['a comment', '{"prefix":"private/a"/* */}'],
    ])('%s', async (_what, body) => {
      const answer = await post(body);
      expect([answer.status, answer.body.code]).toStrictEqual([400, 'body_malformed']);
      expect(answer.text).not.toContain(PRIVATE_TEXT);
    });

    it('a byte that is not UTF-8', async () => {
      const answer = await post(Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]));
      expect([answer.status, answer.body.code, answer.body.detail]).toStrictEqual([
        400,
        'body_malformed',
        'The body is not UTF-8',
      ]);
    });
  });

  describe('M03, M05: bounds what the body can cost', () => {
    it('refuses 8,000 nested arrays', async () => {
      const answer = await post('['.repeat(8000) + ']'.repeat(8000));
      expect([answer.status, answer.body.code]).toStrictEqual([400, 'body_malformed']);
    });

    it('refuses 8,000 arrays nested inside an object', async () => {
      const answer = await post(`{"a":${'['.repeat(8000)}${']'.repeat(8000)}}`);
      expect([answer.status, answer.body.detail]).toStrictEqual([
        400,
        'The body nests deeper than 32 levels',
      ]);
    });

    it('takes 32 levels and refuses 33', () => {
      const nested = (levels: number) => Buffer.from('{"a":'.repeat(levels) + '1' + '}'.repeat(levels));
      expect(parseJsonObject(nested(32))).toHaveProperty(Array.from({ length: 32 }, () => 'a').join('.'), 1);
      expect(() => parseJsonObject(nested(33))).toThrow('The body nests deeper than 32 levels');
    });

    it('refuses an object of 20,000 members for its size', async () => {
      const members = Array.from({ length: 20_000 }, (_, i) => `"${i}":1`).join(',');
      const answer = await post(`{${members}}`);
      expect([answer.status, answer.body.code]).toStrictEqual([413, 'body_too_large']);
    });

    it('refuses 16 KB of objects in objects', async () => {
      const answer = await post('{"":'.repeat(3000) + '1' + '}'.repeat(3000));
      expect([answer.status, answer.body.code]).toStrictEqual([400, 'body_malformed']);
    });

    it('takes a body of exactly 16 KB and refuses one byte more', async () => {
      const ofBytes = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`;
      expect((await post(ofBytes(16_384))).status).toBe(200);
      expect((await post(ofBytes(16_385))).body.code).toBe('body_too_large');
    });
  });

  describe('refuses a member that is named twice as duplicate_key', () => {
    it.each([
      ['at the top', '{"prefix":"private/a","prefix":"private/b"}'],
      ['in a nested object', '{"a":{"b":1,"b":1}}'],
      ['in an object in an array', '{"a":[1,{"b":1,"b":2}]}'],
      ['written with an escape', '{"prefix":"private/a","\\u0070refix":"private/b"}'],
      ['inside a value that the second one replaces', '{"a":{"b":1,"b":2},"a":1}'],
      ['__proto__', '{"__proto__":1,"__proto__":2}'],
    ])('%s', async (_where, body) => {
      const answer = await post(body);
      expect([answer.status, answer.body.code]).toStrictEqual([400, 'duplicate_key']);
      expect(answer.text).not.toContain(PRIVATE_TEXT);
    });

    it('but not a colon, a quote or a name inside of a text', async () => {
      const value = { a: 'x:y', b: '":"', c: '\\', d: ['a:b', { a: '"a":1' }] };
      expect((await post(JSON.stringify(value))).body).toStrictEqual({ read: value });
    });
  });

  it('M06: leaves a member __proto__ an ordinary member', async () => {
    const answer = await post('{"__proto__":{"isAdmin":true},"prefix":"private/a"}');
    expect(answer.text).toBe('{"read":{"__proto__":{"isAdmin":true},"prefix":"private/a"}}');
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });

  describe('M09-M13: refuses every other media type as media_type_unsupported', () => {
    it.each([
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/json; charset=utf-16',
      'application/json; charset=iso-8859-1',
      'application/json; charset=utf-8; charset=utf-16',
      'application/json; profile=x',
      'application/json, text/plain',
      'application/jsonp',
      'text/json',
      'application/problem+json',
      'application/json;',
      '*/*',
    ])('%s', async (type) => {
      const answer = await post('{"prefix":"private/a"}', type);
      expect([answer.status, answer.body.code]).toStrictEqual([415, 'media_type_unsupported']);
    });

    it('M10: none, with a body', async () => {
      expect(await raw(server, 'DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}')).toContain(
        '"code":"media_type_unsupported"',
      );
    });

    it.each(['POST', 'PUT'])('M10: none, on a %s without a body', async (method) => {
      expect(await raw(server, `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`)).toContain(
        '"code":"media_type_unsupported"',
      );
    });

    it('two of them', async () => {
      const answer = await raw(
        server,
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}',
      );
      expect(answer).toContain('"code":"media_type_unsupported"');
    });
  });

  const inflates = gzipSync(Buffer.alloc(10_000_000, 'a'));
  it.each(['gzip', 'deflate', 'br', 'zstd', 'identity, gzip', 'x'])(
    'M14: does not inflate Content-Encoding %s',
    async (encoding) => {
      const answer = await post(inflates).set('Content-Encoding', encoding);
      expect([answer.status, answer.body.code]).toStrictEqual([415, 'media_type_unsupported']);
    },
  );

  it('M16: refuses an announced 99,999,999 bytes at once and closes', async () => {
    const answer = await raw(
      server,
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('\r\nconnection: close\r\n');
    expect(answer).toContain('"code":"body_too_large"');
  });

  it('M17: refuses a chunked body that never ends when it passes the limit, and closes', async () => {
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
    const answer = await raw(
      server,
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}1\r\n \r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('\r\nconnection: close\r\n');
  });
});

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Sends these very bytes, leaves its side open, and gives what came until the server closed or had answered. */
function raw(server: Server, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      answer += text;
      const closes = answer.includes('connection: close');
      if (!closes && answer.endsWith('}')) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
