import { describe, expect, it } from '@jest/globals';
import type { HeaderList } from '../../packages/edge/src/header-list.js';
import { list } from '../support/edge-fixture.js';
import { headersUnderPolicy } from '../support/answer-of-policy.js';

const APP = 'https://app.example.com';

describe('an entry of AccessControlAllowOrigins (R73, R74)', () => {
  const rows: readonly (readonly [entry: string, covered: readonly string[], others: readonly string[]])[] = [
    [
      'http://*.example.org',
      ['http://www.example.org', 'http://test.example.org'],
      [
        'https://test.example.org',
        'http://www.example.org:123',
        'https://www.example.org:123',
        'http://example.org',
      ],
    ],
    [
      '*.example.org',
      [
        'http://test.example.org',
        'https://test.example.org',
        'http://test.test.example.org',
        'https://test.test.example.org',
        'http://.example.org',
        'https://.example.org',
      ],
      [
        'http://test.example.org:123',
        'https://test.example.org:123',
        'https://example.org',
        'https://test.example.org.evil.example',
        'https://evil.example/.example.org',
      ],
    ],
    [
      'example.org',
      ['http://example.org', 'https://example.org'],
      ['http://example.org:123', 'https://www.example.org'],
    ],
    [
      'http://example.org',
      ['http://example.org'],
      ['https://example.org', 'http://example.org:123', 'http://www.example.org', 'http://example.org/'],
    ],
    [
      'http://example.org:*',
      ['http://example.org:123', 'http://example.org'],
      ['https://example.org:123', 'http://example.org.evil.example:123'],
    ],
    [
      'http://example.org:1*3',
      ['http://example.org:123', 'http://example.org:1893', 'http://example.org:13'],
      ['http://example.org:124', 'http://example.org:31', 'http://example.org'],
    ],
    [
      '*.example.org:1*',
      ['http://test.example.org:123', 'https://test.example.org:1'],
      ['http://test.example.org:23', 'http://test.example.org'],
    ],
  ];
  const cases = rows.flatMap(([entry, covered, others]) => [
    ...covered.map((origin) => [entry, origin, true] as const),
    ...[...others, 'null'].map((origin) => [entry, origin, false] as const),
  ]);

  it.each(cases)('%s against %s: %s', (entry, origin, isCovered) => {
    const echoed: HeaderList = [
      ['Access-Control-Allow-Origin', origin],
      ['Access-Control-Allow-Credentials', 'true'],
      ['Access-Control-Expose-Headers', 'ETag'],
    ];
    const headers = headersUnderPolicy({
      cors: {
        AccessControlAllowOrigins: [entry],
        AccessControlAllowCredentials: true,
        AccessControlExposeHeaders: ['ETag'],
        AccessControlMaxAgeSec: 600,
      },
      origin,
      from: [['ETag', '"x"']],
    });
    expect(headers).toEqual([['ETag', '"x"'], ...(isCovered ? echoed : [])]);
  });

  it('* sends *, and no Origin gets nothing (R70, R72)', () => {
    const cors = { AccessControlAllowOrigins: ['*'] };
    expect(headersUnderPolicy({ cors, origin: APP })).toEqual([['Access-Control-Allow-Origin', '*']]);
    expect(headersUnderPolicy({ cors })).toEqual([]);
  });
});

describe('the AccessControlAllowHeaders of a policy (R75)', () => {
  it.each([
    ['x-amz-*', 'x-amz-test', 'x-amz-test'],
    ['x-amz-*', 'x-amz-', 'x-amz-'],
    ['x-amz-*', 'x-amz', null],
    ['x-*-amz', 'x--amz', 'x--amz'],
    ['x-*-amz', 'x-test-amz', 'x-test-amz'],
    ['x-*-amz', 'x-amz', null],
    ['x-*-amz', 'X-Test-AMZ, authorization, x-a-amz', 'X-Test-AMZ, x-a-amz'],
    ['*', 'authorization', '*'],
    ['Range', 'x-other', 'Range'],
  ])('%s asked for %s: %s', (entry, requestHeaders, allowed) => {
    const headers = headersUnderPolicy({
      cors: { AccessControlAllowOrigins: [APP], AccessControlAllowHeaders: [entry] },
      method: 'OPTIONS',
      origin: APP,
      requestHeaders,
    });
    expect(headers).toEqual([
      ['Access-Control-Allow-Origin', APP],
      ['Access-Control-Allow-Methods', 'GET'],
      ...(allowed === null ? [] : [['Access-Control-Allow-Headers', allowed]]),
    ]);
  });
});

describe('a policy over what S3 sent (R76, R77)', () => {
  const S3_ANY: HeaderList = [
    ['Access-Control-Allow-Origin', '*'],
    ['Access-Control-Allow-Methods', 'GET'],
    ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
  ];
  const CREDENTIALS = { AccessControlAllowOrigins: [APP], AccessControlAllowCredentials: true };

  it('adds nothing at all without override: no credentials beside the `*` of S3 (R76)', () => {
    const cors = { ...CREDENTIALS, OriginOverride: false };
    expect(headersUnderPolicy({ cors, origin: APP, from: S3_ANY })).toEqual(S3_ANY);
  });

  it.each([
    ['Access-Control-Max-Age', '5'],
    ['access-control-expose-headers', 'ETag'],
  ])('adds nothing without override beside a single %s (R76)', (name, value) => {
    const cors = { ...CREDENTIALS, OriginOverride: false };
    expect(headersUnderPolicy({ cors, origin: APP, from: [[name, value]] })).toEqual([[name, value]]);
  });

  it('replaces each header that it defines under override, and leaves the others (R76)', () => {
    expect(headersUnderPolicy({ cors: CREDENTIALS, origin: APP, from: S3_ANY })).toEqual([
      ['Access-Control-Allow-Origin', APP],
      ['Access-Control-Allow-Methods', 'GET'],
      ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
      ['Access-Control-Allow-Credentials', 'true'],
    ]);
  });

  it('never sends one header twice (B88)', () => {
    const names = headersUnderPolicy({
      cors: { ...CREDENTIALS, AccessControlAllowMethods: ['ALL'], AccessControlMaxAgeSec: 1 },
      method: 'OPTIONS',
      origin: APP,
      from: [...S3_ANY, ['access-control-allow-origin', 'https://twice.example']],
    }).map(([name]) => name.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
  });

  it("leaves S3's headers to an origin that it does not name (R77)", () => {
    const given = { cors: CREDENTIALS, origin: 'https://other.example', from: S3_ANY };
    expect(headersUnderPolicy(given)).toEqual(S3_ANY);
  });

  it('adds no Vary, and keeps what S3 said (R78)', () => {
    const given = { cors: CREDENTIALS, origin: APP };
    expect(headersUnderPolicy(given)).toEqual([
      ['Access-Control-Allow-Origin', APP],
      ['Access-Control-Allow-Credentials', 'true'],
    ]);
    expect(headersUnderPolicy({ ...given, from: S3_ANY })).toContainEqual(S3_ANY[2]);
  });
});

describe('the security headers of a policy', () => {
  const PARTS: readonly (readonly [member: string, config: object, header: string, value: string])[] = [
    ['XSSProtection', { Protection: false }, 'X-XSS-Protection', '0'],
    ['XSSProtection', { Protection: true }, 'X-XSS-Protection', '1'],
    ['XSSProtection', { Protection: true, ModeBlock: true }, 'X-XSS-Protection', '1; mode=block'],
    [
      'XSSProtection',
      { Protection: true, ReportUri: 'https://r.example/x' },
      'X-XSS-Protection',
      '1; report=https://r.example/x',
    ],
    ['FrameOptions', { FrameOption: 'SAMEORIGIN' }, 'X-Frame-Options', 'SAMEORIGIN'],
    ['ReferrerPolicy', { ReferrerPolicy: 'same-origin' }, 'Referrer-Policy', 'same-origin'],
    [
      'ContentSecurityPolicy',
      { ContentSecurityPolicy: "default-src 'none'" },
      'Content-Security-Policy',
      "default-src 'none'",
    ],
    ['ContentTypeOptions', {}, 'X-Content-Type-Options', 'nosniff'],
    [
      'StrictTransportSecurity',
      { AccessControlMaxAgeSec: 60, IncludeSubdomains: true, Preload: false },
      'Strict-Transport-Security',
      'max-age=60; includeSubDomains',
    ],
  ];

  it.each(PARTS)(
    '%s %j is %s: %s, over what the origin said only under override',
    (member, config, name, value) => {
      const under = (override: boolean, from: HeaderList) =>
        headersUnderPolicy({
          parts: { SecurityHeadersConfig: { [member]: { Override: override, ...config } } },
          from,
        });
      const own: HeaderList = [[name.toLowerCase(), 'of the origin']];
      expect(under(false, [])).toEqual([[name, value]]);
      expect(under(true, [])).toEqual([[name, value]]);
      expect(under(false, own)).toEqual(own);
      expect(under(true, own)).toEqual([[name, value]]);
    },
  );
});

describe('the custom and removed headers of a policy (R79)', () => {
  it('are removed first and added afterwards; a header may be empty', () => {
    const parts = {
      RemoveHeadersConfig: list([{ Header: 'ETag' }, { Header: 'X-Own' }, { Header: 'Vary' }]),
      CustomHeadersConfig: list([
        { Header: 'X-Own', Value: 'policy', Override: false },
        { Header: 'X-Kept', Value: 'policy', Override: false },
        { Header: 'X-Empty', Value: '', Override: true },
      ]),
    };
    const from: HeaderList = [
      ['ETag', '"x"'],
      ['x-own', 'origin'],
      ['X-Kept', 'origin'],
      ['vary', 'Origin'],
    ];
    expect(headersUnderPolicy({ parts, from })).toEqual([
      ['X-Kept', 'origin'],
      ['X-Own', 'policy'],
      ['X-Empty', ''],
    ]);
  });
});
