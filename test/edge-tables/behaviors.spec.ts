import { describe, expect, it } from '@jest/globals';
import {
  ALIAS,
  behavior,
  header,
  list,
  openBehavior,
  policyText,
  rsaKey,
  signPolicy,
  startTestEdge,
  type FolderInput,
} from '../support/edge-fixture.js';
import { sendRaw, type RawResponse } from '../support/raw-request.js';

const KEY = rsaKey('KVIEWER1');
const EVERYTHING = signPolicy(policyText(`http://${ALIAS}/*`), KEY);
const APP = 'https://app.example.com';

/** What of an answer is the same in every run. */
function stable(answer: RawResponse) {
  const headers = answer.headers
    .filter(([name]) => !['Date', 'Via', 'X-Amz-Cf-Id', 'Last-Modified', 'ETag'].includes(name))
    .map(([name, value]) => `${name}: ${value}`);
  return { statusLine: answer.statusLine, headers, body: answer.body.toString() };
}

describe('the path pattern that decides', () => {
  const ROWS: readonly (readonly [pattern: string, covered: readonly string[], others: readonly string[]])[] =
    [
      ['*.jpg', ['/a.jpg', '/x/y/a.jpg', '/.jpg'], ['/a.JPG', '/a.jpeg', '/a.jpg/x']],
      [
        'images/*.jpg',
        ['/images/a.jpg', '/images/product1/a.jpg', '/images/.jpg'],
        ['/Images/a.jpg', '/images.jpg', '/x/images/a.jpg'],
      ],
      [
        '/images/*',
        ['/images/', '/images/a', '/images//a', '/./images/a', '/x/../images/a'],
        ['/images', '/imagesx/a'],
      ],
      ['a*.jpg', ['/ant.jpg', '/a.jpg', '/a/b/c.jpg'], ['/b/a.jpg']],
      ['a??.jpg', ['/ant.jpg', '/abe.jpg', '/a%62e.jpg'], ['/a.jpg', '/apple.jpg']],
      ['*.doc*', ['/a.doc', '/a.docx', '/a.docm'], ['/a.do']],
      ['exact', ['/exact'], ['/exact/', '/Exact']],
      ['/exact', ['/exact?anything=/other'], ['/exactly']],
    ];
  const cases = ROWS.flatMap(([pattern, covered, others]) => [
    ...covered.map((path) => [pattern, path, true] as const),
    ...others.map((path) => [pattern, path, false] as const),
  ]);

  it.each(cases)('%s against %s: %s (R27)', async (PathPattern, path, isCovered) => {
    const edge = await startTestEdge({
      keys: [KEY],
      behaviors: [openBehavior({ PathPattern })],
      defaultBehavior: behavior(),
    });
    // Who is refused by the default behavior misses a key; the open one asks the bucket.
    const { body } = await edge.ask(path);
    expect(body.includes('<Code>MissingKey</Code>')).toBe(!isCovered);
    await edge.close();
  });

  it('is the first in the list, not the longest (R39)', async () => {
    const edge = await startTestEdge({
      keys: [KEY],
      files: { 'a/b.txt': 'inside' },
      behaviors: [openBehavior({ PathPattern: '/a/*' }), behavior({ PathPattern: '/a/b.txt' })],
      defaultBehavior: behavior(),
    });
    expect((await edge.ask('/a/b.txt')).body.toString()).toBe('inside');
  });
});

describe('plain HTTP to a behavior', () => {
  const under = (ViewerProtocolPolicy: string, more: object = {}) =>
    startTestEdge({
      keys: [KEY],
      defaultBehavior: behavior({
        ViewerProtocolPolicy,
        AllowedMethods: list(['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE']),
        ...more,
      }),
    });
  const redirect = (title: string) =>
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>CloudFront</center>\r\n</body>\r\n</html>\r\n`;

  it('is sent to HTTPS with 301, cookies or none, query included', async () => {
    const edge = await under('redirect-to-https');
    expect(stable(await edge.ask('/a/b?x=1&y'))).toEqual({
      statusLine: 'HTTP/1.1 301 Moved Permanently',
      headers: [
        'Server: CloudFront',
        'Content-Type: text/html',
        'Content-Length: 167',
        `Location: https://${ALIAS}/a/b?x=1&y`,
        'X-Cache: Redirect from cloudfront',
        'X-Amz-Cf-Pop: LOCAL50-P1',
        'Connection: close',
      ],
      body: redirect('301 Moved Permanently'),
    });
    const head = await edge.ask('/a/b', { method: 'HEAD' });
    expect([head.status, head.body.length]).toEqual([301, 0]);
  });

  it.each(['OPTIONS', 'PUT', 'POST', 'DELETE', 'PATCH'])(
    'is sent to HTTPS with 307 for %s, so that its method and body come again',
    async (method) => {
      const edge = await under('redirect-to-https');
      const answer = await edge.ask('/a', { method });
      expect([answer.statusLine, header(answer, 'Location'), answer.body.toString()]).toEqual([
        'HTTP/1.1 307 Temporary Redirect',
        `https://${ALIAS}/a`,
        redirect('307 Temporary Redirect'),
      ]);
    },
  );

  it('is refused where HTTP/1.0 knows no 307', async () => {
    const edge = await under('redirect-to-https');
    const ask = (method: string) =>
      sendRaw({ port: edge.port, bytes: `${method} /a HTTP/1.0\r\nHost: ${ALIAS}\r\n\r\n` });
    expect([(await ask('POST')).status, (await ask('GET')).status]).toEqual([403, 301]);
  });

  it('is refused under https-only, signed or not', async () => {
    const edge = await under('https-only');
    const answer = await edge.ask('/a', { cookies: EVERYTHING });
    expect([answer.status, header(answer, 'Content-Type'), header(answer, 'X-Cache')]).toEqual([
      403,
      'text/html',
      'Error from cloudfront',
    ]);
  });

  it('gets no CORS headers with the redirect, so a preflight of a page fails (Cr-8)', async () => {
    const edge = await under('redirect-to-https', {
      ResponseHeadersPolicyId: '60669652-455b-4ae9-85a4-c4c02393f86c',
    });
    const answer = await edge.ask('/a', { method: 'OPTIONS', headers: [`Origin: ${APP}`] });
    expect(header(answer, 'Access-Control-Allow-Origin')).toBeUndefined();
  });
});

describe('the default root object', () => {
  const FILES = { 'site/index.html': 'root', 'sub/index.html': 'sub' };
  const start = (input: FolderInput = {}) =>
    startTestEdge({
      keys: [KEY],
      files: FILES,
      config: { DefaultRootObject: 'site/index.html' },
      defaultBehavior: openBehavior(),
      ...input,
    });

  it('stands behind / alone, with any query, for GET and HEAD', async () => {
    const edge = await start();
    expect((await edge.ask('/')).body.toString()).toBe('root');
    expect((await edge.ask('/?x=1')).body.toString()).toBe('root');
    const head = await edge.ask('/', { method: 'HEAD' });
    expect([head.status, header(head, 'Content-Length')]).toEqual([200, '4']);
  });

  it.each(['/sub/', '/sub', '/site/', '//', '/.', '/%2e'])('does not stand behind %s (E31)', async (path) => {
    const edge = await start();
    expect((await edge.ask(path)).status).toBe(403);
  });

  it('is none without the member: the bucket is asked for its list and refuses (E31)', async () => {
    const edge = await start({ config: { DefaultRootObject: '' } });
    const answer = await edge.ask('/');
    expect([answer.status, answer.body.includes('<Code>AccessDenied</Code>')]).toEqual([403, true]);
  });

  it('is opened by the behavior of its own path (R39)', async () => {
    const behaviors = [behavior({ PathPattern: 'site/*' })];
    const own = await start({ behaviors });
    expect((await own.ask('/')).body.toString()).toContain('<Code>MissingKey</Code>');
  });

  it('is signed for as / : the signature covers what the viewer asked (R26)', async () => {
    const edge = await start({ defaultBehavior: behavior() });
    const forRoot = signPolicy(policyText(`http://${ALIAS}/`), KEY);
    const forObject = signPolicy(policyText(`http://${ALIAS}/site/*`), KEY);
    expect((await edge.ask('/', { cookies: forRoot })).body.toString()).toBe('root');
    expect((await edge.ask('/', { cookies: forObject })).status).toBe(403);
  });
});

describe('a custom error page', () => {
  const PAGE = '<p>sorry</p>';
  const POLICY = {
    CorsConfig: {
      AccessControlAllowOrigins: list([APP]),
      AccessControlAllowHeaders: list([]),
      AccessControlAllowMethods: list(['GET']),
      AccessControlAllowCredentials: true,
      OriginOverride: true,
    },
  };
  const respond = (ErrorCode: number, ResponseCode: string, ResponsePagePath = '/errors/page.html') => ({
    ErrorCode,
    ResponseCode,
    ResponsePagePath,
    ErrorCachingMinTTL: 0,
  });
  const start = (responses: readonly object[], input: FolderInput = {}) =>
    startTestEdge({
      keys: [KEY],
      files: { 'errors/page.html': PAGE, 'a.txt': '0123456789' },
      config: { CustomErrorResponses: list(responses) },
      defaultBehavior: behavior({ ResponseHeadersPolicyId: 'pages' }),
      behaviors: [openBehavior({ PathPattern: '/errors/*' })],
      policies: { pages: POLICY },
      ...input,
    });
  const lines = [`Origin: ${APP}`];

  it('takes the place of the refusal of a viewer, with its own status and type (R60)', async () => {
    const edge = await start([respond(403, '404')]);
    expect(stable(await edge.ask('/a.txt'))).toEqual({
      statusLine: 'HTTP/1.1 404 Not Found',
      headers: [
        'Content-Type: text/html',
        `Content-Length: ${PAGE.length}`,
        'x-amz-server-side-encryption: AES256',
        'Accept-Ranges: bytes',
        'Server: AmazonS3',
        'X-Cache: Error from cloudfront',
        'X-Amz-Cf-Pop: LOCAL50-P1',
        'Connection: close',
      ],
      body: PAGE,
    });
  });

  it('takes the place of what the origin refused, and of nothing else (R60)', async () => {
    const edge = await start([respond(403, '200')]);
    const missing = await edge.ask('/none', { cookies: EVERYTHING });
    expect([missing.status, missing.body.toString(), header(missing, 'X-Cache')]).toEqual([
      200,
      PAGE,
      'Error from cloudfront',
    ]);
    const found = await edge.ask('/a.txt', { cookies: EVERYTHING });
    expect(found.body.toString()).toBe('0123456789');
  });

  it('takes the place of a method that is not allowed (R57, R60)', async () => {
    const edge = await start([respond(403, '403')]);
    const answer = await edge.ask('/a.txt', { method: 'PUT' });
    expect([answer.status, answer.body.toString()]).toEqual([403, PAGE]);
  });

  it('comes whole, whatever part or version of the object was asked for', async () => {
    const edge = await start([respond(416, '200')]);
    const answer = await edge.ask('/a.txt', { cookies: EVERYTHING, headers: ['Range: bytes=10-'] });
    expect([answer.status, answer.body.toString()]).toEqual([200, PAGE]);
    const refused = await start([respond(403, '403')]);
    const part = await refused.ask('/a.txt', { headers: ['Range: bytes=0-0', 'If-None-Match: *'] });
    expect([part.status, part.body.toString()]).toEqual([403, PAGE]);
  });

  it('has no body for HEAD but its length', async () => {
    const edge = await start([respond(403, '403')]);
    const answer = await edge.ask('/a.txt', { method: 'HEAD' });
    expect([answer.status, header(answer, 'Content-Length'), answer.body.length]).toEqual([
      403,
      String(PAGE.length),
      0,
    ]);
  });

  it('that is missing answers with the status of its own origin', async () => {
    const edge = await start([respond(404, '200', '/errors/none.html')], {
      edge: { origins: { media: { folder: '../media', listBucket: true } } },
    });
    const answer = await edge.ask('/none', { cookies: EVERYTHING });
    expect([answer.status, answer.body.toString()]).toEqual([
      404,
      expect.stringContaining('<Key>errors/none.html</Key>'),
    ]);
  });

  it('is fetched without asking for anybody’s cookies, also from a restricted path', async () => {
    const edge = await start([respond(403, '403')], { behaviors: [] });
    const answer = await edge.ask('/a.txt');
    expect([answer.status, answer.body.toString()]).toEqual([403, PAGE]);
  });

  it('carries the headers of the behavior that was asked, not of its own (R59, R60, B78)', async () => {
    const edge = await start([respond(403, '403')], {
      behaviors: [openBehavior({ PathPattern: '/errors/*', ResponseHeadersPolicyId: 'errors' })],
      policies: {
        pages: POLICY,
        errors: { CustomHeadersConfig: list([{ Header: 'X-Page', Value: '1', Override: true }]) },
      },
    });
    const answer = await edge.ask('/a.txt', { headers: lines });
    expect([header(answer, 'Access-Control-Allow-Origin'), header(answer, 'X-Page')]).toEqual([
      APP,
      undefined,
    ]);
  });

  it('is not put in the place of a host that is not of this distribution (E40)', async () => {
    const edge = await start([respond(403, '200')]);
    const answer = await edge.ask('/a.txt', { host: 'evil.example' });
    expect([answer.status, answer.body.includes('sorry')]).toEqual([403, false]);
  });
});
