import { describe, expect, it } from '@jest/globals';
import type { CachePolicy, OriginRequestPolicy } from '../distribution/distribution.js';
import { MANAGED_CACHE_POLICIES, MANAGED_ORIGIN_REQUEST_POLICIES } from '../distribution/managed-policies.js';
import { ALL_NAMES, chosenQuery, listed, NO_NAMES } from './chosen-parts.js';
import { originRequest } from './origin-request.js';

const managed = <Policy>(policies: ReadonlyMap<string, Policy>, id: string): Policy => {
  const policy = policies.get(id);
  if (policy === undefined) throw new Error(`${id} is no managed policy`);
  return policy;
};
const UNCOMPRESSED = managed(MANAGED_CACHE_POLICIES, 'b2884449-e4de-46a7-ac36-70bc7f1ddd6d');
const ORIGIN = {
  kind: 'folder' as const,
  domainName: 'media.s3.amazonaws.com',
  customHeaders: [],
  isS3: true,
};
const BASE = { host: 'media.s3.amazonaws.com', 'user-agent': 'Amazon CloudFront' };
const VIEWER = {
  host: 'cdn.example.com',
  origin: 'https://app.example.com',
  referer: 'https://app.example.com/page',
  'user-agent': 'Browser',
  'access-control-request-method': 'GET',
  'access-control-request-headers': 'range',
  'accept-encoding': 'gzip, deflate, br, zstd',
  authorization: 'Bearer x',
  cookie: 'b=2; CloudFront-Policy=x; a=1',
  connection: 'keep-alive',
  range: 'bytes=0-1',
  'if-none-match': '"1"',
  'cloudfront-viewer-country': 'XX',
};

function sent(
  cache: Partial<CachePolicy> = {},
  originRequestPolicy: OriginRequestPolicy | null = null,
  customHeaders: readonly (readonly [string, string])[] = [],
) {
  const request = {
    method: 'GET',
    httpVersion: '1.1',
    protocol: 'https' as const,
    host: VIEWER.host,
    path: '/a',
    query: null,
    headers: VIEWER,
    peerAddress: '192.0.2.7',
    body: null,
    signal: null,
  };
  const policies = { cachePolicy: { ...UNCOMPRESSED, ...cache }, originRequestPolicy };
  return originRequest(request, '/a', null, policies, { ...ORIGIN, customHeaders }).headers;
}
const policy = (id: string) => managed(MANAGED_ORIGIN_REQUEST_POLICIES, id);

describe('the headers that reach the origin', () => {
  it('are CloudFront’s own alone without a policy that says otherwise (R84)', () => {
    expect(sent()).toEqual(BASE);
  });

  it('are what the cache key names too (R64)', () => {
    expect(sent({ headers: ['authorization', 'origin'], cookies: listed(['a']) })).toEqual({
      ...BASE,
      authorization: 'Bearer x',
      origin: 'https://app.example.com',
      cookie: 'a=1',
    });
  });

  it('hold the normalised Accept-Encoding where the policy enables it (R61)', () => {
    expect(sent({ gzip: true, brotli: true })).toEqual({ ...BASE, 'accept-encoding': 'br,gzip' });
  });

  it('hold every cookie but the signed ones, sorted by name (R49)', () => {
    expect(sent({ cookies: ALL_NAMES })).toEqual({ ...BASE, cookie: 'a=1; b=2' });
  });

  it('hold the custom headers of the origin, which replace the viewer’s (R88)', () => {
    expect(sent({ headers: ['origin'] }, null, [['origin', 'https://fixed.example']])).toEqual({
      ...BASE,
      origin: 'https://fixed.example',
    });
  });
});

const CORS = {
  origin: 'https://app.example.com',
  'access-control-request-method': 'GET',
  'access-control-request-headers': 'range',
};
const ALL = {
  ...CORS,
  'user-agent': 'Browser',
  referer: 'https://app.example.com/page',
  authorization: 'Bearer x',
  cookie: 'a=1; b=2',
};

describe('the managed origin request policies (R63)', () => {
  it.each<[string, string, object]>([
    ['CORS-S3Origin', '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf', CORS],
    ['CORS-CustomOrigin', '59781a5b-3903-41f3-afcb-af62929ccde1', { origin: CORS.origin }],
    ['AllViewer', '216adef6-5c7f-47e4-b989-5492eafa07d3', { ...ALL, host: 'cdn.example.com' }],
    ['AllViewerExceptHostHeader', 'b689b0a8-53d0-40ab-baf2-68738e2966ac', ALL],
    ['AllViewerAndCloudFrontHeaders', '33f36d7e-f396-46d9-90e0-52428a34d9dc', { ...ALL, host: VIEWER.host }],
    ['HostHeaderOnly', 'bf0718e1-ba1e-49d1-88b1-f726733018ae', { host: 'cdn.example.com' }],
    [
      'UserAgentRefererHeaders',
      'acba4595-bd28-49b8-b9fe-13317c0390fa',
      { 'user-agent': 'Browser', referer: ALL.referer },
    ],
    ['MediaTailor', '775133bc-15f2-49f9-abea-afb2e0bf67d2', { ...CORS, 'user-agent': 'Browser' }],
  ])('%s adds its headers', (_name, id, expected) => {
    expect(sent({}, policy(id))).toEqual({ ...BASE, ...expected });
  });

  it('send the query in the four that say so, and none in the others', () => {
    const kinds = [...MANAGED_ORIGIN_REQUEST_POLICIES.values()].map(({ queryStrings }) => queryStrings.kind);
    expect(kinds).toEqual(['none', 'none', 'all', 'all', 'all', 'none', 'none', 'all']);
  });
});

describe('the query that reaches the origin (R64)', () => {
  it.each([
    ['nothing of no choice', 'a=1', [NO_NAMES, NO_NAMES], null],
    ['all of it where either wants all', 'a=1&b', [listed(['x']), ALL_NAMES], 'a=1&b'],
    ['what either names, in the order it came', 'c=3&a=1&b=2', [listed(['a']), listed(['c'])], 'c=3&a=1'],
    ['nothing where nothing is named', 'b=2', [listed(['a'])], null],
    ['what is not excepted', 'a=1&b=2', [{ kind: 'allExcept', names: ['a'] } as const], 'b=2'],
  ])('is %s', (_what, query, choices, expected) => {
    expect(chosenQuery(query, choices)).toBe(expected);
  });
});
