import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import {
  ALIAS,
  behavior,
  CACHING_OPTIMIZED,
  CORS_S3_ORIGIN,
  ecKey,
  header,
  list,
  openBehavior,
  policyText,
  queryOf,
  rsaKey,
  signPolicy,
  startTestEdge,
  type FolderInput,
} from '../../../test/support/edge-fixture.js';
import { parseResponse, requestBytes, sendRaw } from '../../../test/support/raw-request.js';
import { IS_WHOLE } from '../../../test/support/whole.js';

const KEY = rsaKey('KVIEWER1');
const OTHER = ecKey('KVIEWER2');
const FILES = {
  'private/a/ok.txt': '0123456789',
  'private/b/secret.txt': 'secret',
  'public/hello.txt': 'hello',
  'index.html': '<p>root</p>',
  '.env': 'TOKEN=secret',
};

const start = (input: FolderInput = {}) => startTestEdge({ keys: [KEY], files: FILES, ...input });
const COOKIES = signPolicy(policyText(`http://${ALIAS}/private/a/*`), KEY);
const EVERYTHING = signPolicy(policyText(`http://${ALIAS}/*`), KEY);

function refusalBody(code: string, message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}

describe('the refusals of the edge', () => {
  it.each([
    ['R51', {}, 'MissingKey', 'Missing Key-Pair-Id query parameter or cookie value', '146'],
    ['R52', { ...COOKIES, Policy: EVERYTHING['Policy'] ?? '' }, 'AccessDenied', 'Access denied', '110'],
    ['R53', { ...COOKIES, 'Key-Pair-Id': 'KUNKNOWN' }, 'InvalidKey', 'Unknown Key', '106'],
    ['R54', { ...COOKIES, Policy: 'undefined' }, 'MalformedPolicy', 'Malformed Policy', '116'],
    ['R55', { ...COOKIES, Signature: '+' }, 'MalformedSignature', 'Could not unencode Signature', '131'],
  ])('%s has its exact body and length', async (_rule, cookies, code, message, length) => {
    const edge = await start();
    const answer = await edge.ask('/private/a/ok.txt', { cookies });
    expect(answer.status).toBe(403);
    expect(answer.body.toString()).toBe(refusalBody(code, message));
    expect(header(answer, 'Content-Length')).toBe(length);
  });

  it('carry the headers of CloudFront and nothing of the origin, of CORS or of the policy (R59)', async () => {
    const edge = await start({
      defaultBehavior: behavior({ ResponseHeadersPolicyId: 'pages' }),
      policies: { pages: recommendedPolicy() },
    });
    const answer = await edge.ask('/private/a/ok.txt', { headers: [`Origin: ${APP}`] });
    expect(answer.statusLine).toBe('HTTP/1.1 403 Forbidden');
    const stable = answer.headers.map(([name, value]) => [
      name,
      value
        .replace(/^[A-Z][a-z]{2}, .* GMT$/, 'DATE')
        .replace(/[0-9a-f]{32}/, 'HEX')
        .replace(/^[A-Za-z0-9_-]{54}==$/, 'ID'),
    ]);
    expect(stable).toEqual([
      ['Server', 'CloudFront'],
      ['Content-Type', 'text/xml'],
      ['Content-Length', '146'],
      ['X-Cache', 'Error from cloudfront'],
      ['Via', '1.1 HEX.cloudfront.net (CloudFront)'],
      ['X-Amz-Cf-Pop', 'LOCAL50-P1'],
      ['X-Amz-Cf-Id', 'ID'],
      ['Date', 'DATE'],
      ['Connection', 'close'],
    ]);
  });

  it('carry the headers of the policy under refusalHeaders=policy (R59)', async () => {
    const edge = await start({
      defaultBehavior: behavior({ ResponseHeadersPolicyId: 'pages' }),
      policies: { pages: recommendedPolicy() },
      edge: { switches: { refusalHeaders: 'policy' } },
    });
    const answer = await edge.ask('/private/a/ok.txt', { headers: [`Origin: ${APP}`] });
    expect([answer.status, header(answer, 'Access-Control-Allow-Origin')]).toEqual([403, APP]);
  });

  it('have no body for HEAD but the same length', async () => {
    const edge = await start();
    const answer = await edge.ask('/private/a/ok.txt', { method: 'HEAD' });
    expect([answer.status, header(answer, 'Content-Length'), answer.body.length]).toEqual([403, '146', 0]);
  });

  it('tell their reason to the log and never a cookie or a query', async () => {
    const edge = await start();
    await edge.ask(`/private/a/ok.txt?${queryOf({ ...COOKIES, Policy: EVERYTHING['Policy'] ?? '' })}`);
    expect(edge.lines).toEqual([
      'edge refused 403 GET cdn.example.com "/private/a/ok.txt" code=AccessDenied reason=signature-does-not-verify behavior="*"',
    ]);
  });

  it('never obey what a viewer wrote into the path', async () => {
    const edge = await start();
    await edge.ask('/\u001b[2J\u0085');
    expect(edge.lines.join('\n')).not.toMatch(/[^\x20-\x7e\n]/);
  });

  it.each([
    ['PUT', 403],
    ['POST', 403],
    ['DELETE', 403],
    ['OPTIONS', 403],
    ['TRACE', 403],
  ])('R57, R47, E39: %s is no method of the behavior', async (method, status) => {
    const edge = await start();
    const answer = await edge.ask('/private/a/ok.txt', { method, cookies: COOKIES });
    expect(answer.status).toBe(status);
    expect(header(answer, 'Content-Type')).toBe('text/html');
    expect(answer.body.toString()).toContain(
      'This distribution is not configured to allow the HTTP request method that was used for this request.',
    );
  });

  it('R47: the method is checked before the signature', async () => {
    const first = await start();
    expect((await first.ask('/private/a/ok.txt', { method: 'PUT' })).body.toString()).toContain('<H1>403');
  });

  it('R46: a preflight carries no cookie and is refused without CORS headers', async () => {
    const edge = await start({
      defaultBehavior: behavior({
        AllowedMethods: list(['GET', 'HEAD', 'OPTIONS']),
        OriginRequestPolicyId: CORS_S3_ORIGIN,
        ResponseHeadersPolicyId: 'pages',
      }),
      policies: { pages: recommendedPolicy() },
    });
    const answer = await edge.ask('/private/a/ok.txt', {
      method: 'OPTIONS',
      headers: [`Origin: ${APP}`, 'Access-Control-Request-Method: GET'],
    });
    expect(answer.body.toString()).toContain('<Code>MissingKey</Code>');
    expect(header(answer, 'Access-Control-Allow-Origin')).toBeUndefined();
  });

  it('R80: OPTIONS that is allowed goes to the bucket, whose status stays', async () => {
    const edge = await start({
      defaultBehavior: openBehavior({
        AllowedMethods: list(['GET', 'HEAD', 'OPTIONS']),
        OriginRequestPolicyId: CORS_S3_ORIGIN,
        ResponseHeadersPolicyId: 'pages',
      }),
      policies: { pages: recommendedPolicy() },
    });
    const answer = await edge.ask('/private/a/ok.txt', {
      method: 'OPTIONS',
      headers: [`Origin: ${APP}`, 'Access-Control-Request-Method: GET'],
    });
    expect(answer.status).toBe(403);
    expect(answer.body.toString()).toContain('<Code>AccessForbidden</Code>');
    expect(header(answer, 'Access-Control-Allow-Origin')).toBe(APP);
  });

  it('R57: GET with a body is refused', async () => {
    const edge = await start();
    const answer = await edge.ask('/private/a/ok.txt', { cookies: COOKIES, headers: ['Content-Length: 3'] });
    expect([answer.status, header(answer, 'Content-Type')]).toEqual([403, 'text/html']);
  });

  it('R50: a URL of 8,192 bytes is read, one more is 414 and closes the connection', async () => {
    const edge = await start();
    const fits = `/${'a'.repeat(8191)}`;
    expect((await edge.ask(fits)).status).toBe(403);
    const answer = await sendRaw({ port: edge.port, bytes: keepAlive(`${fits}a`) });
    expect([answer.status, header(answer, 'Connection')]).toEqual([414, 'close']);
  });

  it('R50: a head of 32,768 bytes is read, one more is 494 and closes the connection', async () => {
    const edge = await start();
    const padded = (bytes: number) => {
      const without = keepAlive('/public/hello.txt', ['X-Padding: ']);
      return keepAlive('/public/hello.txt', [`X-Padding: ${'x'.repeat(bytes - without.length)}`]);
    };
    expect(padded(32_769).length).toBe(32_769);
    const answer = await sendRaw({ port: edge.port, bytes: padded(32_769) });
    expect([answer.statusLine, header(answer, 'Connection')]).toEqual([
      'HTTP/1.1 494 Request header too large',
      'close',
    ]);
    const fits = Buffer.from(
      padded(32_768)
        .toString('latin1')
        .replace('keep-alive', 'close')
        .replace('X-Padding: ', 'X-Padding: xxxxx'),
      'latin1',
    );
    expect([fits.length, (await sendRaw({ port: edge.port, bytes: fits })).status]).toEqual([32_768, 403]);
  });

  it('R50: a head beyond what the parser holds is 494 as well', async () => {
    const edge = await start();
    const answer = await sendRaw({
      port: edge.port,
      bytes: keepAlive('/', [`X-Padding: ${'x'.repeat(200_000)}`]),
    });
    expect([answer.status, header(answer, 'X-Cache')]).toEqual([494, 'Error from cloudfront']);
  });

  it.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['a blank in the target', `GET /a b HTTP/1.1\r\nHost: ${ALIAS}\r\n\r\n`],
    ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['two Hosts', `GET / HTTP/1.1\r\nHost: ${ALIAS}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`],
    ['a target that is no path', `GET private HTTP/1.1\r\nHost: ${ALIAS}\r\nConnection: close\r\n\r\n`],
    ['the target *', `OPTIONS * HTTP/1.1\r\nHost: ${ALIAS}\r\nConnection: close\r\n\r\n`],
  ])('answers 400 to %s', async (_what, text) => {
    const edge = await start();
    const answer = await sendRaw({ port: edge.port, bytes: text });
    expect([answer.status, header(answer, 'Server')]).toEqual([400, 'CloudFront']);
  });

  it('answers CONNECT without opening a connection anywhere (E40)', async () => {
    const edge = await start();
    const answer = await sendRaw({
      port: edge.port,
      bytes: 'CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n',
    });
    expect(answer.status).toBe(403);
  });
});

describe('the hosts that the edge answers for (E40)', () => {
  it.each([
    [ALIAS],
    [`${ALIAS}:3002`],
    ['CDN.example.COM'],
    ['a.wild.example.com'],
    ['a.b.wild.example.com'],
    ['d111111abcdef8.cloudfront.net'],
    ['cdn.edgepass.localhost:3002'],
  ])('%s is one', async (host) => {
    const edge = await startWithHosts();
    expect((await edge.ask('/public/hello.txt', { host })).body.toString()).toBe('hello');
  });

  it('loopback names with the port it listens on are some', async () => {
    const edge = await startWithHosts();
    for (const name of ['localhost', '127.0.0.1', '[::1]']) {
      const answer = await edge.ask('/public/hello.txt', { host: `${name}:${edge.port}` });
      expect([name, answer.status]).toEqual([name, 200]);
    }
  });

  it.each([
    ['evil.example'],
    ['wild.example.com'],
    ['.wild.example.com'],
    ['xwild.example.com'],
    [`${ALIAS}.evil.example`],
    ['localhost:1'],
    ['localhost'],
    ['169.254.169.254'],
    ['cdn.edgepass.localhost'],
    ['cdn.edgepass.localhost:3003'],
  ])('%s is none', async (host) => {
    const edge = await startWithHosts();
    const answer = await edge.ask('/public/hello.txt', { host });
    expect([answer.status, answer.body.includes('hello')]).toEqual([403, false]);
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    `http://${ALIAS}/public/hello.txt`,
    'HTTPS://evil.example/',
  ])('an absolute target %s is refused', async (target) => {
    const edge = await startWithHosts();
    const answer = await edge.ask(target);
    expect([answer.status, answer.body.includes('hello')]).toEqual([403, false]);
  });

  it('a policy names the host of publicHosts in the place of the one that was used (R24)', async () => {
    const edge = await startWithHosts({ defaultBehavior: behavior() });
    const host = 'cdn.edgepass.localhost:3002';
    const local = signPolicy(policyText(`http://${host}/*`), KEY);
    expect((await edge.ask('/public/hello.txt', { host, cookies: EVERYTHING })).status).toBe(200);
    expect((await edge.ask('/public/hello.txt', { host, cookies: local })).status).toBe(403);
  });

  it('without publicHosts a policy names the Host as it came, with its port (R24)', async () => {
    const edge = await start();
    const host = `${ALIAS}:3002`;
    const withPort = signPolicy(policyText(`http://${host}/*`), KEY);
    expect((await edge.ask('/public/hello.txt', { host, cookies: withPort })).status).toBe(200);
    expect((await edge.ask('/public/hello.txt', { host, cookies: EVERYTHING })).status).toBe(403);
  });
});

describe('the way of a request', () => {
  it('opens what the cookies cover and nothing beside it', async () => {
    const edge = await start();
    const answer = await edge.ask('/private/a/ok.txt', { cookies: COOKIES });
    expect([answer.status, answer.body.toString()]).toEqual([200, '0123456789']);
    expect(header(answer, 'X-Cache')).toBe('Miss from cloudfront');
    expect(header(answer, 'Server')).toBe('AmazonS3');
    expect((await edge.ask('/private/b/secret.txt', { cookies: COOKIES })).status).toBe(403);
  });

  it('R7: takes cookies from several Cookie lines', async () => {
    const edge = await start();
    const headers = Object.entries(COOKIES).map(([name, value]) => `Cookie: CloudFront-${name}=${value}`);
    expect((await edge.ask('/private/a/ok.txt', { headers })).status).toBe(200);
  });

  it('R31, E16: believes the connection and no forwarding header', async () => {
    const edge = await start();
    const from = (range: string) =>
      signPolicy(policyText(`http://${ALIAS}/*`, { IpAddress: { 'AWS:SourceIp': range } }), KEY);
    const headers = ['X-Forwarded-For: 192.0.2.7', 'Forwarded: for=192.0.2.7'];
    const status = async (range: string) =>
      (await edge.ask('/public/hello.txt', { cookies: from(range), headers })).status;
    expect([await status('127.0.0.1/32'), await status('192.0.2.7/32')]).toEqual([200, 403]);
  });

  it('R48: tests the date on every request, a Range after expiry included', async () => {
    const edge = await start();
    const part = () => edge.ask('/private/a/ok.txt', { cookies: COOKIES, headers: ['Range: bytes=2-3'] });
    const before = await part();
    expect([before.status, before.body.toString()]).toEqual([206, '23']);
    edge.clock.move(3600);
    expect((await part()).status).toBe(403);
  });

  it('R45: a behavior without key groups needs no signature and minds no broken one', async () => {
    const edge = await start({ behaviors: [openBehavior({ PathPattern: '/public/*' })] });
    const target = '/public/hello.txt';
    expect((await edge.ask(target)).status).toBe(200);
    expect((await edge.ask(target, { cookies: { Policy: 'x', Signature: 'x' } })).status).toBe(200);
    expect((await edge.ask(`${target}?Policy=x`)).status).toBe(200);
  });

  it('R39: the first behavior that covers the path decides, and trusts its own keys only', async () => {
    const edge = await start({
      keys: [KEY, OTHER],
      behaviors: [
        behavior({ PathPattern: '/private/a/*', TrustedKeyGroups: { Enabled: true, ...list(['g2']) } }),
        openBehavior({ PathPattern: '/private/*' }),
      ],
      extra: { 'key-groups/g2.json': { KeyGroup: { Id: 'g2', KeyGroupConfig: { Items: [OTHER.id] } } } },
    });
    const ask = async (cookies: Parameters<typeof edge.ask>[1]) =>
      (await edge.ask('/private/a/ok.txt', cookies)).body.toString();
    const text = policyText(`http://${ALIAS}/*`);
    expect(await ask({ cookies: signPolicy(text, KEY) })).toContain('InvalidKey');
    expect(await ask({ cookies: signPolicy(text, OTHER) })).toBe('0123456789');
    expect((await edge.ask('/private/b/secret.txt')).status).toBe(200);
  });

  it.each([
    '/public/../private/b/secret.txt',
    '/public/%2e%2e/private/b/secret.txt',
    '/public/%2E./private/b/secret.txt',
    '/public/..%2fprivate/b/secret.txt',
    '/public/..//private/b/secret.txt',
    '/public/./../private/b/secret.txt',
    '/public/..\\private\\b\\secret.txt',
    '/%70rivate/b/secret.txt',
    '//private/b/secret.txt',
    '/./private/b/secret.txt',
    '/private%2Fb/secret.txt',
    '/private%2fb%2fsecret.txt',
    '/x%2F..%2Fprivate/b/secret.txt',
  ])('R27, E17, E22: %s gives nothing private where only /private/* is closed', async (target) => {
    const edge = await start({
      defaultBehavior: openBehavior(),
      behaviors: [behavior({ PathPattern: '/private/*' })],
    });
    const answer = await edge.ask(target);
    expect([answer.status, answer.body.includes('secret')]).toEqual([403, false]);
  });

  it('R27: the private behavior is chosen on the normalised path', async () => {
    const edge = await start({
      defaultBehavior: openBehavior(),
      behaviors: [behavior({ PathPattern: '/private/*' })],
    });
    const answer = await edge.ask('/public/../private/b/secret.txt');
    expect(answer.body.toString()).toContain('<Code>MissingKey</Code>');
  });

  it.each([
    '/private/a/../b/secret.txt',
    '/private/a/%2e%2e/b/secret.txt',
    '/private/a/..%2fb/secret.txt',
    '/private/a/%2e%2e%2fb/secret.txt',
    '/private/a/..%5cb/secret.txt',
  ])('R26, E18, E19: %s matches the signed raw text and still gives nothing of b', async (target) => {
    const edge = await start();
    const answer = await edge.ask(target, { cookies: COOKIES });
    expect([answer.status, answer.body.includes('secret')]).toEqual([403, false]);
  });

  it.each(['/.env', '/.git/config', '/.DS_Store', '/private', '/private/', '/'])(
    'R111, E29, E31: %s is a missing key',
    async (target) => {
      const edge = await start();
      const answer = await edge.ask(target, { cookies: EVERYTHING });
      expect([answer.status, header(answer, 'Content-Type'), header(answer, 'X-Cache')]).toEqual([
        403,
        'application/xml',
        'Error from cloudfront',
      ]);
      expect(answer.body.toString()).toContain('<Code>AccessDenied</Code><Message>Access Denied</Message>');
    },
  );

  it('E25: a query goes past the key, a literal star is a key like any other', async () => {
    const edge = await start();
    const ask = async (target: string) => (await edge.ask(target, { cookies: COOKIES })).status;
    expect([await ask('/private/a/ok.txt?x=1'), await ask('/private/a/a*b')]).toEqual([200, 403]);
  });

  it('E33: 1,300 ranges give the file once', async () => {
    const edge = await start();
    const headers = [`Range: bytes=${'0-0,'.repeat(1299)}0-0`];
    const answer = await edge.ask('/private/a/ok.txt', { cookies: COOKIES, headers });
    expect([answer.status, answer.body.toString()]).toEqual([200, '0123456789']);
  });

  it('serves the DefaultRootObject for / and only there', async () => {
    const edge = await start({ config: { DefaultRootObject: 'index.html' } });
    const answer = await edge.ask('/', { cookies: EVERYTHING });
    expect([answer.status, answer.body.toString()]).toEqual([200, '<p>root</p>']);
    expect((await edge.ask('/public/', { cookies: EVERYTHING })).status).toBe(403);
  });

  it('sends a plain viewer to https, or refuses, as ViewerProtocolPolicy says', async () => {
    const redirecting = await start({
      defaultBehavior: behavior({ ViewerProtocolPolicy: 'redirect-to-https' }),
    });
    const answer = await redirecting.ask('/private/a/ok.txt?x=1');
    expect([answer.status, header(answer, 'Location'), header(answer, 'X-Cache')]).toEqual([
      301,
      `https://${ALIAS}/private/a/ok.txt?x=1`,
      'Redirect from cloudfront',
    ]);
    const refusing = await start({ defaultBehavior: behavior({ ViewerProtocolPolicy: 'https-only' }) });
    expect((await refusing.ask('/private/a/ok.txt', { cookies: COOKIES })).status).toBe(403);
  });

  it('E12: two policies of one name stand in the log', async () => {
    const edge = await start();
    const cookies = `${Object.entries(COOKIES)
      .map(([name, value]) => `CloudFront-${name}=${value}`)
      .join('; ')}; CloudFront-Policy=other`;
    expect((await edge.ask('/private/a/ok.txt', { cookies })).status).toBe(200);
    expect(edge.lines).toEqual([
      'edge notice GET cdn.example.com "/private/a/ok.txt" ambiguous-cookies: CloudFront-Policy',
    ]);
  });

  it('keeps a connection for the next request', async () => {
    const edge = await start();
    const answers = await sendRaw({
      port: edge.port,
      bytes: Buffer.concat([keepAlive('/private/a/ok.txt'), requestBytes(ALIAS, '/private/a/ok.txt')]),
    });
    const second = parseResponse(answers.body.subarray(146));
    expect([answers.status, second.status]).toEqual([403, 403]);
  });
});

describe('the recommended distribution (R90)', () => {
  const recommended = () =>
    start({
      defaultBehavior: behavior({ ResponseHeadersPolicyId: 'pages' }),
      policies: { pages: recommendedPolicy() },
      edge: { pageOrigins: { 'https://local.test:3000': APP } },
    });

  it('answers the page with its exact origin and credentials, a part and a 304 included (R93)', async () => {
    const edge = await recommended();
    const ask = async (line: string) => {
      const answer = await edge.ask('/private/a/ok.txt', {
        cookies: COOKIES,
        headers: [`Origin: ${APP}`, line],
      });
      return [
        answer.status,
        header(answer, 'Access-Control-Allow-Origin'),
        header(answer, 'Access-Control-Allow-Credentials'),
        header(answer, 'Vary'),
      ];
    };
    expect(await ask('X-None: 1')).toEqual([200, APP, 'true', 'Origin']);
    expect(await ask('Range: bytes=0-0')).toEqual([206, APP, 'true', 'Origin']);
    expect(await ask('If-None-Match: *')).toEqual([304, APP, 'true', 'Origin']);
  });

  it('puts Vary: Origin on the answer to a plain <img>, without CORS headers (B84)', async () => {
    const edge = await recommended();
    const answer = await edge.ask('/private/a/ok.txt', { cookies: COOKIES });
    expect([header(answer, 'Vary'), header(answer, 'Access-Control-Allow-Origin')]).toEqual([
      'Origin',
      undefined,
    ]);
  });

  it('gives each page that asks for one copy its own headers, with an id of its own', async () => {
    const edge = await start({
      defaultBehavior: behavior({ ResponseHeadersPolicyId: 'pages', CachePolicyId: CACHING_OPTIMIZED }),
      policies: { pages: recommendedPolicy() },
      edge: { pageOrigins: { 'https://local.test:3000': APP } },
    });
    const ask = async (method: string, ...headers: string[]) => {
      const answer = await edge.ask('/private/a/ok.txt', { method, cookies: COOKIES, headers });
      const names = ['X-Cache', 'Age', 'Access-Control-Allow-Origin', 'Vary', 'X-Amz-Cf-Id'];
      return names.map((name) => header(answer, name));
    };
    await ask('GET');
    const asked = [
      await ask('GET', `Origin: ${APP}`),
      await ask('GET', `Origin: ${APP}`),
      await ask('HEAD', 'Origin: https://local.test:3000'),
      await ask('GET'),
      await ask('GET', 'Origin: https://evil.example'),
    ];
    const hit = ['Hit from cloudfront', '0'];
    expect(asked.map((values) => values.slice(0, 4))).toEqual([
      [...hit, APP, 'Origin'],
      [...hit, APP, 'Origin'],
      [...hit, 'https://local.test:3000', 'Origin'],
      [...hit, undefined, 'Origin'],
      [...hit, undefined, 'Origin'],
    ]);
    expect(new Set(asked.map(([, , , , id]) => id)).size).toBe(5);
  });

  it('answers a missing key with the same headers (R69)', async () => {
    const edge = await recommended();
    const request = { cookies: COOKIES, headers: [`Origin: ${APP}`] };
    const answer = await edge.ask('/private/a/none', request);
    expect([answer.status, header(answer, 'Access-Control-Allow-Origin')]).toEqual([403, APP]);
  });

  it.each(['https://evil.example', 'null'])('says nothing to a page of %s (E49)', async (origin) => {
    const edge = await recommended();
    const answer = await edge.ask('/private/a/ok.txt', { cookies: COOKIES, headers: [`Origin: ${origin}`] });
    expect([answer.status, header(answer, 'Access-Control-Allow-Origin')]).toEqual([200, undefined]);
  });

  it('answers a local page that pageOrigins names', async () => {
    const edge = await recommended();
    const answer = await edge.ask('/private/a/ok.txt', {
      cookies: COOKIES,
      headers: ['Origin: https://local.test:3000'],
    });
    expect(header(answer, 'Access-Control-Allow-Origin')).toBe('https://local.test:3000');
  });
});

describe('a file that becomes shorter while it is sent (E37)', () => {
  it('ends the connection before the promised length, and the log says why', async () => {
    const edge = await start({ files: { 'large.bin': Buffer.alloc(40_000_000) } });
    const received = await new Promise<number>((resolve) => {
      let bytes = 0;
      const socket = connect({ host: '127.0.0.1', port: edge.port });
      socket.once('data', () => {
        truncateSync(join(edge.media, 'large.bin'), 1000);
      });
      socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
      socket.on('error', () => undefined);
      socket.once('close', () => resolve(bytes));
      const cookie = Object.entries(EVERYTHING).map(([name, value]) => `CloudFront-${name}=${value}`);
      socket.write(requestBytes(ALIAS, '/large.bin', [`Cookie: ${cookie.join('; ')}`]));
    });
    expect(received).toBeLessThan(40_000_000);
    expect(await edge.firstLine).toBe(
      'edge failed GET cdn.example.com "/large.bin" object-changed-while-sent',
    );
  });
});

describe('garbage behind a good request on one connection', () => {
  it('puts nothing into the answer that is being sent', async () => {
    const edge = await start({
      defaultBehavior: openBehavior(),
      files: { 'large.bin': Buffer.alloc(30_000_000) },
    });
    const received = await new Promise<Buffer>((resolve) => {
      const chunks: Buffer[] = [];
      const socket = connect({ host: '127.0.0.1', port: edge.port });
      socket.once('data', () => socket.write('garbage\r\n\r\n'));
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', () => undefined);
      socket.once('close', () => resolve(Buffer.concat(chunks)));
      socket.write(keepAlive('/large.bin'));
    });
    expect(received.subarray(0, 15).toString()).toBe('HTTP/1.1 200 OK');
    expect(received.includes('HTTP/1.1 400')).toBe(false);
  });
});

describe('the files that the edge opens', () => {
  it('are closed again, whatever became of the answer (E37)', async () => {
    const edge = await start({
      defaultBehavior: openBehavior(),
      files: { 'large.bin': randomBytes(9_000_000) },
    });
    const target = '/large.bin';
    await edge.ask(target);
    await edge.ask(target, { method: 'HEAD' });
    await edge.ask(target, { headers: ['If-None-Match: *'] });
    await edge.ask(target, { headers: ['If-Match: "old"'] });
    await edge.ask(target, { headers: ['Range: bytes=9000000-'] });
    await new Promise<void>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: edge.port });
      socket.once('data', () => socket.destroy());
      socket.on('error', () => undefined);
      socket.once('close', () => resolve());
      socket.write(requestBytes(ALIAS, target));
    });
    await edge.close();
    expect(await leftOpenBelow(edge.media)).toEqual([]);
  });
});

describe('any raw target', () => {
  it('yields no byte from outside the folder and no crash (E17–E31)', async () => {
    const edge = await startTestEdge({
      files: { 'a/b.txt': 'inside', 'a/.hidden': 'canary-hidden' },
      defaultBehavior: openBehavior(),
    });
    writeFileSync(join(dirname(edge.media), 'canary.txt'), 'canary-outside');
    const pieces =
      '.. . / // \\ %2e %2E %2f %5c %00 %25 %c0%ae ; ~ a b.txt canary.txt .hidden media ..%2f %2e%2e/ ? # *';
    const piece = fc.constantFrom(...pieces.split(' '), '/../canary.txt', '\u00ff');
    const target = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`);
    await fc.assert(
      fc.asyncProperty(target, async (raw) => {
        const answer = await edge.ask(raw);
        expect([200, 400, 403]).toContain(answer.status);
        expect(answer.body.includes('canary')).toBe(false);
        expect(answer.status === 200 ? answer.body.toString() : 'inside').toBe('inside');
      }),
      {
        numRuns: IS_WHOLE ? 400 : 60,
        examples: [['/../canary.txt'], ['/a/../../canary.txt'], ['/%2e%2e/canary.txt']],
      },
    );
    expect((await edge.ask('/a/b.txt')).body.toString()).toBe('inside');
  });
});

const APP = 'https://app.example.com';

function recommendedPolicy(): object {
  return {
    Name: 'pages',
    CorsConfig: {
      AccessControlAllowOrigins: list([APP]),
      AccessControlAllowHeaders: list(['Range']),
      AccessControlAllowMethods: list(['GET', 'HEAD']),
      AccessControlAllowCredentials: true,
      AccessControlExposeHeaders: list(['ETag']),
      AccessControlMaxAgeSec: 600,
      OriginOverride: true,
    },
    CustomHeadersConfig: list([{ Header: 'Vary', Value: 'Origin', Override: true }]),
  };
}

/** The files below a folder that this process still holds open, given a few rounds of the event loop. */
async function leftOpenBelow(folder: string): Promise<string[]> {
  let open: string[] = [];
  for (let round = 0; round < 100; round += 1) {
    open = readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return [];
      }
    });
    open = open.filter((path) => path.startsWith(folder));
    if (open.length === 0) return open;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return open;
}

function startWithHosts(input: FolderInput = {}) {
  const config = {
    Aliases: list([ALIAS, '*.wild.example.com']),
    Origins: list([{ Id: 'media', DomainName: 'media.s3.amazonaws.com', OriginPath: '' }]),
    DefaultCacheBehavior: input.defaultBehavior ?? openBehavior(),
    CacheBehaviors: list([]),
  };
  return start({
    ...input,
    edge: { publicHosts: { 'cdn.edgepass.localhost:3002': ALIAS } },
    extra: {
      'distribution.json': {
        Distribution: { DomainName: 'd111111abcdef8.cloudfront.net', DistributionConfig: config },
      },
    },
  });
}

function keepAlive(target: string, lines: readonly string[] = []): Buffer {
  const text = requestBytes(ALIAS, target, lines).toString('latin1');
  return Buffer.from(text.replace('Connection: close', 'Connection: keep-alive'), 'latin1');
}
