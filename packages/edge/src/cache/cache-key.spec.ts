import { describe, expect, it } from '@jest/globals';
import type { CachePolicy, NameChoice } from '../distribution/distribution.js';
import { MANAGED_CACHE_POLICIES } from '../distribution/managed-policies.js';
import { ALL_NAMES, listed, NO_NAMES } from '../origin-request/chosen-parts.js';
import { cacheKey } from './cache-key.js';

const NONE: CachePolicy = {
  minTtlSeconds: 1,
  defaultTtlSeconds: 1,
  maxTtlSeconds: 1,
  headers: [],
  cookies: NO_NAMES,
  queryStrings: NO_NAMES,
  gzip: false,
  brotli: false,
};
const except = (names: readonly string[]): NameChoice => ({ kind: 'allExcept', names });

interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function keyOf(policy: Partial<CachePolicy>, asked: Asked = {}, pathPattern = '*') {
  const request = {
    method: 'GET',
    httpVersion: '1.1',
    protocol: 'https' as const,
    host: 'cdn.example.com',
    path: '/a',
    headers: {},
    peerAddress: '192.0.2.7',
    body: null,
    signal: null,
    ...asked,
    query: asked.query ?? null,
  };
  return cacheKey({
    request,
    originPath: request.path === '/' ? '/index.html' : request.path,
    query: request.query,
    behavior: { pathPattern, cachePolicy: { ...NONE, ...policy } },
  });
}
const share = (policy: Partial<CachePolicy>, one: Asked, other: Asked) =>
  keyOf(policy, one).text === keyOf(policy, other).text;
const origin = (value: string): Asked => ({ headers: { origin: value } });
const cookie = (value: string): Asked => ({ headers: { cookie: value } });
const encoding = (value: string): Asked => ({ headers: { 'accept-encoding': value } });

describe('two requests share a copy', () => {
  it.each<[string, Partial<CachePolicy>, Asked, Asked]>([
    ['R83: whatever the headers are that the policy does not name', {}, origin('https://a'), {}],
    ['R61: whatever the query is that it does not name', {}, { query: 'x=1' }, { query: 'x=2' }],
    ['R61: whatever the cookies are that it does not name', {}, cookie('a=1'), cookie('a=2')],
    ['R81: of GET and HEAD', {}, { method: 'HEAD' }, {}],
    ['whichever alias was asked', {}, { host: 'd1.cloudfront.net' }, {}],
    [
      'R49: whatever the signed-cookie values are',
      { cookies: ALL_NAMES },
      cookie('CloudFront-Policy=x; CloudFront-Signature=y; CloudFront-Key-Pair-Id=z; a=1'),
      cookie('a=1; CloudFront-Expires=2; CloudFront-Hash-Algorithm=SHA256'),
    ],
    [
      'R64: with other parameters than the named',
      { queryStrings: listed(['v']) },
      { query: 'v=1&x=1' },
      { query: 'x=2&v=1' },
    ],
    [
      'R64: with the excepted parameters',
      { queryStrings: except(['x']) },
      { query: 'v=1&x=1' },
      { query: 'v=1' },
    ],
    ['with cookies in another order', { cookies: ALL_NAMES }, cookie('b=2; a=1'), cookie('a=1; b=2')],
    [
      'R64: with cookies beside the named',
      { cookies: listed(['v']) },
      cookie('v=1; x=1'),
      cookie('x=2; v=1'),
    ],
    [
      'with a cookie under a wildcard excepted',
      { cookies: except(['x*']) },
      cookie('v=1; x2=1'),
      cookie('v=1'),
    ],
    [
      'R61: with the same encodings in another spelling',
      { gzip: true, brotli: true },
      encoding('gzip, deflate, br;q=0.5'),
      encoding('BR,GZIP'),
    ],
    ['R61: with an encoding that is not enabled', { gzip: true }, encoding('gzip, br'), encoding('gzip')],
    ['R61: with an encoding refused by q=0', { gzip: true }, encoding('gzip;q=0'), {}],
    [
      'whatever a viewer claims in a CloudFront-* header',
      { headers: ['cloudfront-viewer-country'] },
      { headers: { 'cloudfront-viewer-country': 'DE' } },
      {},
    ],
  ])('%s', (_what, policy, one, other) => {
    expect(share(policy, one, other)).toBe(true);
  });
});

describe('two requests have copies of their own', () => {
  const ORIGIN = { headers: ['origin'] };
  it.each<[string, Partial<CachePolicy>, Asked, Asked]>([
    ['for another path, also in its case', {}, { path: '/A' }, { path: '/a' }],
    ['for another spelling of a path', {}, { path: '/%61' }, { path: '/a' }],
    ['R86: for another origin that the policy names', ORIGIN, origin('https://a'), origin('https://b')],
    ['R86: for no origin at all', ORIGIN, origin('https://a'), {}],
    ['R86: for an empty value and none', ORIGIN, origin(''), {}],
    ['R86: for another case of a value', ORIGIN, origin('https://a'), origin('https://A')],
    ['for another host that the policy names', { headers: ['host'] }, { host: 'a.example' }, {}],
    ['R81: for OPTIONS and GET', {}, { method: 'OPTIONS' }, {}],
    ['R64: for another query', { queryStrings: ALL_NAMES }, { query: 'a=1' }, { query: 'a=2' }],
    [
      'R64: for another order of the query',
      { queryStrings: ALL_NAMES },
      { query: 'a=1&b=2' },
      { query: 'b=2&a=1' },
    ],
    ['R64: for another case of a name', { queryStrings: listed(['v']) }, { query: 'V=1' }, { query: 'v=1' }],
    ['R64: for another value of a cookie', { cookies: ALL_NAMES }, cookie('a=1'), cookie('a=2')],
    ['R61: for other encodings', { gzip: true, brotli: true }, encoding('gzip'), encoding('br, gzip')],
  ])('%s', (_what, policy, one, other) => {
    expect(share(policy, one, other)).toBe(false);
  });

  it('under another behavior, so that a public copy never answers for a private path', () => {
    expect(keyOf({}, {}, '/a').text).not.toBe(keyOf({}, {}, '*').text);
  });
});

describe('the managed cache policies (R61)', () => {
  it('are AWS’s seven, with Origin in the key of the last three alone', () => {
    const rows = [...MANAGED_CACHE_POLICIES].map(([id, policy]) => [
      id.slice(0, 8),
      [policy.minTtlSeconds, policy.defaultTtlSeconds, policy.maxTtlSeconds].join('/'),
      policy.headers.join(','),
      policy.cookies.kind,
      policy.queryStrings.kind === 'listed' ? policy.queryStrings.names.join(',') : policy.queryStrings.kind,
      [policy.gzip, policy.brotli],
    ]);
    const decides = 'host,origin,x-http-method,x-http-method-override,x-method-override';
    expect(rows).toEqual([
      ['658327ea', '1/86400/31536000', '', 'none', 'none', [true, true]],
      ['b2884449', '1/86400/31536000', '', 'none', 'none', [false, false]],
      ['4135ea2d', '0/0/0', '', 'none', 'none', [false, false]],
      ['2e54312d', '2/2/600', 'authorization,cloudfront-viewer-country,host', 'all', 'all', [true, true]],
      ['08627262', '0/86400/31536000', 'origin', 'none', 'aws.manifestfilter,start,end,m', [true, false]],
      ['83da9c7e', '0/0/31536000', decides, 'all', 'none', [true, true]],
      ['4cc15a8a', '0/0/31536000', decides, 'all', 'all', [true, true]],
    ]);
  });
});

describe('the addresses by which an invalidation finds a copy', () => {
  it('hold the query that is in the key and no other', () => {
    expect(keyOf({ queryStrings: listed(['v']) }, { query: 'v=1&x=2' }).addresses).toEqual(['/a?v=1']);
    expect(keyOf({}, { query: 'v=1' }).addresses).toEqual(['/a']);
  });

  it('are both / and the default root object', () => {
    expect(keyOf({}, { path: '/' }).addresses).toEqual(['/', '/index.html']);
  });
});
