import { describe, expect, it } from '@jest/globals';
import type { CorsConfig, ResponseHeadersPolicy } from '../distribution/distribution.js';
import { MANAGED_RESPONSE_HEADERS_POLICIES } from '../distribution/managed-policies.js';
import type { HeaderList } from '../header-list.js';
import { applyPolicy } from './apply-policy.js';

const APP = 'https://app.example.com';
const RECOMMENDED: CorsConfig = {
  allowOrigins: [APP, 'https://*.apps.example.com'],
  allowHeaders: ['Range'],
  allowMethods: ['GET', 'HEAD'],
  allowCredentials: true,
  exposeHeaders: ['ETag', 'Content-Range'],
  maxAgeSeconds: 600,
  originOverride: true,
  exposeOnPreflightOnly: false,
};

interface Case {
  readonly cors?: Partial<CorsConfig> | null;
  readonly policy?: Partial<ResponseHeadersPolicy>;
  readonly origin?: string | null;
  readonly method?: string;
  readonly requestMethod?: string;
  readonly requestHeaders?: string;
  readonly from?: HeaderList;
}

function apply(given: Case): HeaderList {
  const cors = given.cors === null ? null : { ...RECOMMENDED, ...given.cors };
  return applyPolicy(
    given.from ?? [],
    { cors, added: [], removed: [], ...given.policy },
    {
      method: given.method ?? 'GET',
      headers: {
        origin: given.origin === null ? undefined : (given.origin ?? APP),
        'access-control-request-method': given.requestMethod,
        'access-control-request-headers': given.requestHeaders,
      },
    },
    new Map([['https://local.test:3000', APP]]),
  );
}

const SIMPLE = [
  ['Access-Control-Allow-Origin', APP],
  ['Access-Control-Allow-Credentials', 'true'],
  ['Access-Control-Expose-Headers', 'ETag, Content-Range'],
];

describe('the CORS part of a response headers policy', () => {
  it('echoes a listed origin with credentials (R71, R72, B72)', () => {
    expect(apply({})).toEqual(SIMPLE);
  });

  it('echoes an origin that a pattern covers (R72, R74)', () => {
    expect(apply({ origin: 'https://a.apps.example.com' })[0]).toEqual([
      'Access-Control-Allow-Origin',
      'https://a.apps.example.com',
    ]);
  });

  it('adds methods, headers and age on OPTIONS only (R71)', () => {
    expect(apply({ method: 'OPTIONS' })).toEqual([
      ...SIMPLE,
      ['Access-Control-Allow-Methods', 'GET, HEAD'],
      ['Access-Control-Allow-Headers', 'Range'],
      ['Access-Control-Max-Age', '600'],
    ]);
  });

  it('takes OPTIONS for a preflight whether or not it names a method (R71)', () => {
    expect(apply({ method: 'OPTIONS' })).toHaveLength(6);
    expect(apply({ method: 'OPTIONS', requestMethod: 'GET' })).toHaveLength(6);
  });

  it('writes the seven methods for ALL (R71)', () => {
    expect(apply({ method: 'OPTIONS', cors: { allowMethods: ['ALL'] } })[3]).toEqual([
      'Access-Control-Allow-Methods',
      'GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE',
    ]);
  });

  it('never says that credentials are false (R71)', () => {
    expect(apply({ cors: { allowCredentials: false } })).toEqual([SIMPLE[0], SIMPLE[2]]);
  });

  it.each(['https://evil.example', 'null', `${APP}/`, 'http://app.example.com', `${APP}:8443`])(
    'says nothing to %s (R72, E49)',
    (origin) => {
      expect(apply({ origin })).toEqual([]);
    },
  );

  it('says nothing without Origin (R70)', () => {
    expect(apply({ origin: null })).toEqual([]);
  });

  it('tells its single exact origin to no other, and to nobody without Origin (R70, R72)', () => {
    const cors = { allowOrigins: [APP] };
    expect(apply({ cors, origin: null })).toEqual([]);
    expect(apply({ cors, origin: 'https://other.example' })).toEqual([]);
  });

  it('answers a local page with its own origin where the rules name production', () => {
    expect(apply({ origin: 'https://local.test:3000' })[0]).toEqual([
      'Access-Control-Allow-Origin',
      'https://local.test:3000',
    ]);
  });

  it('allows the asked headers that a pattern covers (R75)', () => {
    const cors = { allowHeaders: ['x-amz-*', 'Range'], allowCredentials: false };
    const requestHeaders = 'X-Amz-Test, x-amz, x-amz-,other';
    expect(apply({ method: 'OPTIONS', cors, requestHeaders })).toContainEqual([
      'Access-Control-Allow-Headers',
      'X-Amz-Test, x-amz-, Range',
    ]);
  });

  it('sends a lone * as it is, which excludes Authorization (R75)', () => {
    const cors = { allowHeaders: ['*'], allowCredentials: false };
    expect(apply({ method: 'OPTIONS', cors, requestHeaders: 'authorization' })).toContainEqual([
      'Access-Control-Allow-Headers',
      '*',
    ]);
  });

  it("replaces the origin's headers one by one under override (R76)", () => {
    const from: HeaderList = [
      ['access-control-allow-origin', '*'],
      ['Access-Control-Allow-Methods', 'GET, PUT'],
      ['ETag', '"x"'],
    ];
    expect(apply({ from })).toEqual([
      SIMPLE[0],
      ['Access-Control-Allow-Methods', 'GET, PUT'],
      ['ETag', '"x"'],
      SIMPLE[1],
      SIMPLE[2],
    ]);
  });

  it('adds nothing without override when the origin has any CORS header (R76)', () => {
    const from: HeaderList = [['Access-Control-Allow-Origin', '*']];
    expect(apply({ from, cors: { originOverride: false } })).toEqual(from);
    expect(apply({ from: [], cors: { originOverride: false } })).toEqual(SIMPLE);
  });

  it("keeps the origin's headers for an origin that is not listed (R77)", () => {
    const from: HeaderList = [
      ['Access-Control-Allow-Origin', '*'],
      ['ETag', '"x"'],
    ];
    const origin = 'https://other.example';
    expect(apply({ from, origin })).toEqual(from);
  });

  it('adds no Vary of its own (R78)', () => {
    expect(apply({}).some(([name]) => name === 'Vary')).toBe(false);
  });
});

describe('the other parts of a response headers policy', () => {
  it('remove first, then add (R79)', () => {
    const from: HeaderList = [
      ['Server', 'AmazonS3'],
      ['vary', 'Accept-Encoding'],
    ];
    const policy = {
      removed: ['vary', 'server'],
      added: [{ name: 'Vary', value: 'Origin', override: false }],
    };
    expect(apply({ from, cors: null, policy })).toEqual([['Vary', 'Origin']]);
  });

  it('replace a header only under override (R79)', () => {
    const from: HeaderList = [
      ['X-A', 'origin'],
      ['X-B', 'origin'],
    ];
    const policy = {
      added: [
        { name: 'x-a', value: 'policy', override: true },
        { name: 'x-b', value: 'policy', override: false },
        { name: 'X-C', value: 'policy', override: false },
      ],
    };
    expect(apply({ from, cors: null, policy })).toEqual([
      ['x-a', 'policy'],
      ['X-B', 'origin'],
      ['X-C', 'policy'],
    ]);
  });

  it('are sent to requests without Origin too, so that Vary: Origin is on every answer (B84)', () => {
    const policy = { added: [{ name: 'Vary', value: 'Origin', override: true }] };
    expect(apply({ origin: null, policy })).toEqual([['Vary', 'Origin']]);
  });
});

describe("AWS's managed response headers policies (R65–R67)", () => {
  const SECURITY = [
    ['Referrer-Policy', 'strict-origin-when-cross-origin'],
    ['Strict-Transport-Security', 'max-age=31536000'],
    ['X-Content-Type-Options', 'nosniff'],
    ['X-Frame-Options', 'SAMEORIGIN'],
    ['X-XSS-Protection', '1; mode=block'],
  ];
  const ANY = [['Access-Control-Allow-Origin', '*']];
  const PREFLIGHT = [
    ...ANY,
    ['Access-Control-Expose-Headers', '*'],
    ['Access-Control-Allow-Methods', 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT'],
  ];

  it.each([
    ['SimpleCORS', '60669652-455b-4ae9-85a4-c4c02393f86c', ANY, ANY],
    ['CORS-With-Preflight', '5cc3b908-e619-4b99-88e5-2cf7f45965bd', ANY, PREFLIGHT],
    ['SecurityHeadersPolicy', '67f7725c-6f97-4210-82d7-5512b31e9d03', SECURITY, SECURITY],
    [
      'CORS-and-SecurityHeadersPolicy',
      'e61eb60c-9c35-4d20-a928-2b84e02af89c',
      [...ANY, ...SECURITY],
      [...ANY, ...SECURITY],
    ],
    [
      'CORS-with-preflight-and-SecurityHeadersPolicy',
      'eaab4381-ed33-4a86-88ca-d9558dc6cd63',
      [...ANY, ...SECURITY],
      [...PREFLIGHT, ...SECURITY],
    ],
  ])('%s', (_name, id, onGet, onOptions) => {
    const policy = MANAGED_RESPONSE_HEADERS_POLICIES.get(id);
    if (policy === undefined) throw new Error('not built in');
    const headers = { origin: APP };
    expect(applyPolicy([], policy, { method: 'GET', headers })).toEqual(onGet);
    expect(applyPolicy([], policy, { method: 'OPTIONS', headers })).toEqual(onOptions);
  });
});
