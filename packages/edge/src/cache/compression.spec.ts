import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import {
  CACHING_DISABLED,
  CACHING_OPTIMIZED,
  header,
  list,
  openBehavior,
  startTestEdge,
  type FolderInput,
} from '../../../../test/support/edge-fixture.js';
import { sendRaw, type RawResponse } from '../../../../test/support/raw-request.js';
import { sentHeader, startUpstream } from '../../../../test/support/upstream.js';

const TEXT = 'compressible '.repeat(200);
const FILES = {
  'a.txt': TEXT,
  'a.m3u8': TEXT,
  'a.mp4': TEXT,
  'small.txt': 'x'.repeat(999),
  'least.txt': 'x'.repeat(1000),
};
/** On both sides of the limit; made for the tests alone that ask for one. */
const LARGE: Readonly<Record<string, Buffer>> = {
  '/most.txt': Buffer.alloc(10_000_000, 'x'),
  '/large.txt': Buffer.alloc(10_000_001, 'x'),
};
const startWith = (path: string) => {
  const file = LARGE[path];
  return start({ files: file === undefined ? FILES : { [path.slice(1)]: file } });
};
const BROWSER = ['Accept-Encoding: gzip, deflate, br, zstd'];
const compressing = (members: object = {}) =>
  openBehavior({ Compress: true, CachePolicyId: CACHING_OPTIMIZED, ...members });
const start = (more: FolderInput = {}) =>
  startTestEdge({ files: FILES, defaultBehavior: compressing(), ...more });

function coded(answer: RawResponse) {
  const coding = header(answer, 'Content-Encoding');
  const { body } = answer;
  const text = coding === 'br' ? brotliDecompressSync(body) : coding === 'gzip' ? gunzipSync(body) : body;
  return {
    coding,
    text: text.toString(),
    vary: header(answer, 'Vary'),
    length: header(answer, 'Content-Length'),
  };
}

describe('an answer to a viewer who reads compressed ones (R125)', () => {
  it.each([
    ['Brotli where both are read', 'gzip, deflate, br, zstd', 'br'],
    ['gzip where it alone is read', 'gzip, deflate', 'gzip'],
    ['Brotli where it alone is read', 'br;q=0.5', 'br'],
    ['gzip where Brotli is refused', 'br;q=0, gzip', 'gzip'],
  ])('is %s', async (_what, accepted, coding) => {
    const answer = await (await start()).ask('/a.txt', { headers: [`Accept-Encoding: ${accepted}`] });
    expect(coded(answer)).toEqual({ coding, text: TEXT, vary: 'Accept-Encoding', length: undefined });
    expect(answer.body.length).toBeLessThan(200);
    expect(header(answer, 'ETag')).toMatch(/^W\/"[0-9a-f]{32}"$/);
  });

  it.each([
    ['one who reads none', '/a.txt', 'identity'],
    ['one who reads another', '/a.txt', 'zstd'],
    ['a type that is none of those', '/a.mp4', 'gzip'],
    ['999 bytes', '/small.txt', 'gzip'],
    ['10,000,001 bytes', '/large.txt', 'gzip'],
  ])('is as it came for %s', async (_what, path, accepted) => {
    const answer = await (await startWith(path)).ask(path, { headers: [`Accept-Encoding: ${accepted}`] });
    expect([header(answer, 'Content-Encoding'), header(answer, 'Content-Length')]).toEqual([
      undefined,
      String(answer.body.length),
    ]);
    expect(header(answer, 'ETag')).toMatch(/^"/);
  });

  it.each(['/a.m3u8', '/least.txt', '/most.txt'])('is compressed for %s', async (path) => {
    const answer = await (await startWith(path)).ask(path, { headers: BROWSER });
    expect(header(answer, 'Content-Encoding')).toBe('br');
  });

  it('is as it came for HTTP/1.0', async () => {
    const edge = await start();
    const bytes = 'GET /a.txt HTTP/1.0\r\nHost: cdn.example.com\r\nAccept-Encoding: gzip\r\n\r\n';
    const answer = await sendRaw({ port: edge.port, bytes });
    expect([header(answer, 'Content-Encoding'), answer.body.toString()]).toEqual([undefined, TEXT]);
  });

  it.each([
    ['without Compress', compressing({ Compress: false })],
    ['where nothing is cached', compressing({ CachePolicyId: CACHING_DISABLED })],
    [
      'under a policy that enables none',
      compressing({ CachePolicyId: 'b2884449-e4de-46a7-ac36-70bc7f1ddd6d' }),
    ],
  ])('is as it came %s', async (_what, defaultBehavior) => {
    const answer = await (await start({ defaultBehavior })).ask('/a.txt', { headers: BROWSER });
    expect(coded(answer)).toEqual({ coding: undefined, text: TEXT, vary: undefined, length: '2600' });
  });

  it('is gzip alone under ForwardedValues', async () => {
    const ForwardedValues = { QueryString: false, Cookies: { Forward: 'none' } };
    const old = compressing({ CachePolicyId: undefined, ForwardedValues, MinTTL: 0 });
    const answer = await (await start({ defaultBehavior: old })).ask('/a.txt', { headers: BROWSER });
    expect(coded(answer)).toMatchObject({ coding: 'gzip', text: TEXT });
  });
});

describe('the copies of an object that is compressed', () => {
  it('are one for each coding, and one that is as it came', async () => {
    const edge = await start();
    const seen = [];
    for (const accepted of ['br', 'gzip', 'identity', 'gzip, br', 'gzip;q=0.1', 'deflate']) {
      const answer = await edge.ask('/a.txt', { headers: [`Accept-Encoding: ${accepted}`] });
      seen.push([
        header(answer, 'X-Cache')?.split(' ')[0],
        coded(answer).coding,
        coded(answer).text === TEXT,
      ]);
    }
    expect(seen).toEqual([
      ['Miss', 'br', true],
      ['Miss', 'gzip', true],
      ['Miss', undefined, true],
      ['Miss', 'br', true],
      ['Hit', 'gzip', true],
      ['Hit', undefined, true],
    ]);
  });

  it('answer 304 to their weak tag', async () => {
    const edge = await start();
    const tag = header(await edge.ask('/a.txt', { headers: BROWSER }), 'ETag') ?? '';
    const answer = await edge.ask('/a.txt', { headers: [...BROWSER, `If-None-Match: ${tag}`] });
    expect([answer.status, header(answer, 'ETag'), header(answer, 'X-Cache')]).toEqual([
      304,
      tag,
      'Hit from cloudfront',
    ]);
  });

  it('stay what they are when the origin says that they are right, asked by its own tag', async () => {
    const upstream = await startUpstream((message, response) => {
      const headers = { ETag: '"one"', 'Cache-Control': 'max-age=5', 'Content-Type': 'text/html' };
      if (message.headers['if-none-match'] === '"one"') response.writeHead(304, headers).end();
      else response.writeHead(200, { ...headers, 'Content-Length': TEXT.length }).end(TEXT);
    });
    const edge = await startTestEdge({
      defaultBehavior: compressing(),
      edge: { origins: { media: { url: upstream.url } } },
      config: { Origins: list([{ Id: 'media', DomainName: 'a.example.com', CustomOriginConfig: {} }]) },
    });
    await edge.ask('/a', { headers: BROWSER });
    edge.clock.move(10_000_000);
    const answer = await edge.ask('/a', { headers: BROWSER });
    expect([header(answer, 'X-Cache'), header(answer, 'ETag')]).toEqual([
      'RefreshHit from cloudfront',
      'W/"one"',
    ]);
    expect(coded(answer)).toEqual({ coding: 'br', text: TEXT, vary: 'Accept-Encoding', length: undefined });
    expect(upstream.requests.map((one) => sentHeader(one, 'If-None-Match'))).toEqual([undefined, '"one"']);
  });

  it.each([
    ['W/"weak"', 'W/"weak"'],
    ['none', undefined],
  ])('have for the tag %s of the origin %s', async (given, expected) => {
    const upstream = await startUpstream((_message, response) => {
      response.writeHead(404, {
        ETag: given,
        Vary: 'Origin',
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Length': TEXT.length,
      });
      response.end(TEXT);
    });
    const edge = await startTestEdge({
      defaultBehavior: compressing(),
      edge: { origins: { media: { url: upstream.url } } },
      config: { Origins: list([{ Id: 'media', DomainName: 'a.example.com', CustomOriginConfig: {} }]) },
    });
    const answer = await edge.ask('/a', { headers: BROWSER });
    expect([answer.status, header(answer, 'ETag'), coded(answer).coding]).toEqual([404, expected, 'br']);
  });

  it.each([
    ['what is compressed already', { 'Content-Encoding': 'gzip', 'Content-Length': String(TEXT.length) }],
    ['what has no length', {}],
  ])('of a server are as they came for %s', async (_what, headers) => {
    const upstream = await startUpstream((_message, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html', ...headers });
      response.end(TEXT);
    });
    const edge = await startTestEdge({
      defaultBehavior: compressing(),
      edge: { origins: { media: { url: upstream.url } } },
      config: { Origins: list([{ Id: 'media', DomainName: 'a.example.com', CustomOriginConfig: {} }]) },
    });
    expect((await edge.ask('/a', { headers: BROWSER })).body.toString()).toBe(TEXT);
  });
});
