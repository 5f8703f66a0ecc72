import { describe, expect, it } from '@jest/globals';
import { bucket, NOT_MODIFIED_HEADERS, OBJECT_HEADERS, type BucketQuestion } from '../support/bucket.js';

const APP = 'https://app.example.com';
const OTHER = 'https://other.example.com';
type Headers = readonly (readonly [string, string])[];

const VARY = ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'] as const;
const PREFLIGHT_END = [['Content-Length', '0'] as const, ['Server', 'AmazonS3'] as const];

/** A rule with every member. */
const FULL = {
  ID: 'pages',
  AllowedOrigins: [APP],
  AllowedMethods: ['GET', 'HEAD'],
  AllowedHeaders: ['Range', 'X-Player-*'],
  ExposeHeaders: ['ETag', 'x-amz-META-thing'],
  MaxAgeSeconds: 3000,
};
/** A rule with what S3 demands and no more. */
const BARE = { AllowedOrigins: [APP], AllowedMethods: ['GET'] };

const origin = (value: string) => ({ origin: value });
const preflight = (from: string, method: string, headers?: string) => ({
  ...origin(from),
  'access-control-request-method': method,
  ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
});

describe('S3 answers GET', () => {
  const rows: readonly (readonly [
    rule: string,
    rules: readonly object[] | null,
    question: BucketQuestion,
    cors: Headers,
  ])[] = [
    ['R94: without Origin, with nothing of CORS', [FULL], {}, []],
    ['R94: without Origin, whatever Referer says', [FULL], { headers: { referer: `${APP}/page` } }, []],
    ['R94: without Origin, also where anybody may read', [{ ...BARE, AllowedOrigins: ['*'] }], {}, []],
    [
      'R95: with the Origin, credentials and all that the rule says',
      [FULL],
      { headers: origin(APP) },
      [
        ['Access-Control-Allow-Origin', APP],
        ['Access-Control-Allow-Methods', 'GET, HEAD'],
        ['Access-Control-Expose-Headers', 'ETag, x-amz-META-thing'],
        ['Access-Control-Max-Age', '3000'],
        ['Access-Control-Allow-Credentials', 'true'],
        VARY,
      ],
    ],
    [
      'R95, R107, R108: with no age and no exposed header that nobody configured',
      [BARE],
      { headers: origin(APP) },
      [
        ['Access-Control-Allow-Origin', APP],
        ['Access-Control-Allow-Methods', 'GET'],
        ['Access-Control-Allow-Credentials', 'true'],
        VARY,
      ],
    ],
    [
      'R95: with the methods in the order of the rule',
      [{ ...BARE, AllowedMethods: ['PUT', 'GET', 'DELETE'] }],
      { headers: origin(APP) },
      [
        ['Access-Control-Allow-Origin', APP],
        ['Access-Control-Allow-Methods', 'PUT, GET, DELETE'],
        ['Access-Control-Allow-Credentials', 'true'],
        VARY,
      ],
    ],
    [
      'R96: with `*` and without credentials where the rule names `*`',
      [{ ...FULL, AllowedOrigins: ['*'] }],
      { headers: origin(APP) },
      [
        ['Access-Control-Allow-Origin', '*'],
        ['Access-Control-Allow-Methods', 'GET, HEAD'],
        ['Access-Control-Expose-Headers', 'ETag, x-amz-META-thing'],
        ['Access-Control-Max-Age', '3000'],
        VARY,
      ],
    ],
    [
      'R96: with `*` too where the rule names the origin beside it',
      [{ ...BARE, AllowedOrigins: [APP, '*'] }],
      { headers: origin(APP) },
      [['Access-Control-Allow-Origin', '*'], ['Access-Control-Allow-Methods', 'GET'], VARY],
    ],
    [
      'R97: with the Origin and credentials for a part of a wildcard',
      [{ ...BARE, AllowedOrigins: ['https://*.example.com'] }],
      { headers: origin(APP) },
      [
        ['Access-Control-Allow-Origin', APP],
        ['Access-Control-Allow-Methods', 'GET'],
        ['Access-Control-Allow-Credentials', 'true'],
        VARY,
      ],
    ],
    [
      'R97: with the Origin and credentials for `http*`',
      [{ ...BARE, AllowedOrigins: ['http*'] }],
      { headers: origin(OTHER) },
      [
        ['Access-Control-Allow-Origin', OTHER],
        ['Access-Control-Allow-Methods', 'GET'],
        ['Access-Control-Allow-Credentials', 'true'],
        VARY,
      ],
    ],
    [
      'R99: by the first rule that fits, not by the best one',
      [
        { ...BARE, AllowedOrigins: [OTHER] },
        { ...BARE, AllowedMethods: ['HEAD'] },
        { ...BARE, AllowedOrigins: ['*'] },
        FULL,
      ],
      { headers: origin(APP) },
      [['Access-Control-Allow-Origin', '*'], ['Access-Control-Allow-Methods', 'GET'], VARY],
    ],
    [
      'R100: by the method that Access-Control-Request-Method names',
      [FULL],
      { headers: preflight(APP, 'PUT') },
      [],
    ],
    [
      'R100: also when only that method is allowed',
      [{ ...BARE, AllowedMethods: ['PUT'] }],
      { headers: preflight(APP, 'PUT') },
      [
        ['Access-Control-Allow-Origin', APP],
        ['Access-Control-Allow-Methods', 'PUT'],
        ['Access-Control-Allow-Credentials', 'true'],
        VARY,
      ],
    ],
    [
      'R100: by the headers that Access-Control-Request-Headers names',
      [FULL],
      { headers: { ...origin(APP), 'access-control-request-headers': 'x-amz-acl' } },
      [],
    ],
    ['R101: to another origin, with nothing of CORS', [FULL], { headers: origin(OTHER) }, []],
    ['R101, E49: to null', [FULL], { headers: origin('null') }, []],
    ['R98: to another scheme', [FULL], { headers: origin('http://app.example.com') }, []],
    ['R98: to another port', [FULL], { headers: origin(`${APP}:8443`) }, []],
    ['R98: to an origin with a slash behind it', [FULL], { headers: origin(`${APP}/`) }, []],
    ['R98: to another case', [FULL], { headers: origin('https://APP.example.com') }, []],
    [
      'R109: by a rule whose origin is empty',
      [{ ...BARE, AllowedOrigins: [''] }],
      { headers: origin(APP) },
      [],
    ],
    ['R94: of a bucket without rules', null, { headers: origin(APP) }, []],
  ];

  it.each(rows)('%s', async (_rule, rules, question, cors) => {
    const answer = await bucket(rules).ask(question);
    expect(answer).toEqual({ status: 200, headers: [...OBJECT_HEADERS, ...cors], body: '0123456789' });
  });
});

describe('an AllowedOrigin of S3 (R98)', () => {
  it.each([
    ['start*end', 'startend', true],
    ['start*end', 'start1end', true],
    ['start*end', 'start1/:end', true],
    ['start*end', 'startend0', false],
    ['start*end', '0start12end', false],
    ['start*end', 'star', false],
    ['aba*aba', 'aba', false],
    ['aba*aba', 'ababa', false],
    ['aba*aba', 'abaaba', true],
    ['prefix*', 'prefix', true],
    ['prefix*', 'prefix.suffix', true],
    ['prefix*', 'bla.prefix', false],
    ['*.suffix', 'foo.suffix', true],
    ['*.suffix', '.suffix', true],
    ['*.suffix', 'foo.suffix.get', false],
    ['https://a?b.example', 'https://axb.example', false],
    ['https://*.example.com', 'https://a.b.example.com', true],
    ['https://*.example.com', 'https://example.com', false],
  ])('%s against %s: %s', async (pattern, from, isCovered) => {
    const { headers } = await bucket([{ ...BARE, AllowedOrigins: [pattern] }]).ask({ headers: origin(from) });
    const cors: Headers = [
      ['Access-Control-Allow-Origin', from],
      ['Access-Control-Allow-Methods', 'GET'],
      ['Access-Control-Allow-Credentials', 'true'],
      VARY,
    ];
    expect(headers).toEqual([...OBJECT_HEADERS, ...(isCovered ? cors : [])]);
  });
});

describe('S3 answers a preflight', () => {
  const rows: readonly (readonly [
    rule: string,
    rules: readonly object[],
    question: BucketQuestion,
    cors: Headers,
  ])[] = [
    [
      'R105: with 200, no body, no type, and the headers of R95',
      [FULL],
      { headers: preflight(APP, 'GET') },
      [
        ['Access-Control-Allow-Origin', APP],
        ['Access-Control-Allow-Methods', 'GET, HEAD'],
        ['Access-Control-Expose-Headers', 'ETag, x-amz-META-thing'],
        ['Access-Control-Max-Age', '3000'],
        ['Access-Control-Allow-Credentials', 'true'],
        VARY,
      ],
    ],
    [
      'R105: for a key that does not exist',
      [BARE],
      { path: '/none', headers: preflight(APP, 'GET') },
      [
        ['Access-Control-Allow-Origin', APP],
        ['Access-Control-Allow-Methods', 'GET'],
        ['Access-Control-Allow-Credentials', 'true'],
        VARY,
      ],
    ],
    [
      'R96: with `*` and without credentials',
      [{ ...BARE, AllowedOrigins: ['*'] }],
      { headers: preflight(APP, 'GET') },
      [['Access-Control-Allow-Origin', '*'], ['Access-Control-Allow-Methods', 'GET'], VARY],
    ],
    [
      'R102: with the requested names in lower case, joined by a comma and a blank',
      [FULL],
      { headers: preflight(APP, 'HEAD', 'RANGE,x-player-Id,  X-PLAYER-') },
      [
        ['Access-Control-Allow-Origin', APP],
        ['Access-Control-Allow-Methods', 'GET, HEAD'],
        ['Access-Control-Allow-Headers', 'range, x-player-id, x-player-'],
        ['Access-Control-Expose-Headers', 'ETag, x-amz-META-thing'],
        ['Access-Control-Max-Age', '3000'],
        ['Access-Control-Allow-Credentials', 'true'],
        VARY,
      ],
    ],
    [
      'R102: with any name where AllowedHeaders is `*`',
      [{ ...BARE, AllowedHeaders: ['*'] }],
      { headers: preflight(APP, 'GET', 'authorization') },
      [
        ['Access-Control-Allow-Origin', APP],
        ['Access-Control-Allow-Methods', 'GET'],
        ['Access-Control-Allow-Headers', 'authorization'],
        ['Access-Control-Allow-Credentials', 'true'],
        VARY,
      ],
    ],
  ];

  it.each(rows)('%s', async (_rule, rules, question, cors) => {
    const answer = await bucket(rules).ask({ method: 'OPTIONS', ...question });
    expect(answer).toEqual({ status: 200, headers: [...cors, ...PREFLIGHT_END], body: '' });
  });
});

describe('S3 refuses OPTIONS', () => {
  const NOT_ALLOWED =
    "<Code>AccessForbidden</Code><Message>CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.</Message>";
  const NO_RULES =
    '<Code>AccessForbidden</Code><Message>CORSResponse: CORS is not enabled for this bucket.</Message>';
  const rows: readonly (readonly [
    rule: string,
    rules: readonly object[] | null,
    question: BucketQuestion,
    status: number,
    xml: string,
  ])[] = [
    [
      'R103: without Origin',
      [FULL],
      {},
      400,
      '<Code>BadRequest</Code><Message>Insufficient information. Origin request header needed.</Message>',
    ],
    [
      'R103: without Origin, rules or not',
      null,
      { headers: { 'access-control-request-method': 'GET' } },
      400,
      '<Code>BadRequest</Code><Message>Insufficient information. Origin request header needed.</Message>',
    ],
    [
      'R103: of a bucket without rules',
      null,
      { headers: preflight(APP, 'PUT') },
      403,
      `${NO_RULES}<Method>PUT</Method><ResourceType>BUCKET</ResourceType>`,
    ],
    [
      'R103, R104: of a bucket without rules, before the missing method',
      null,
      { headers: origin(APP) },
      403,
      `${NO_RULES}<Method>OPTIONS</Method><ResourceType>BUCKET</ResourceType>`,
    ],
    [
      'R103: that no rule allows, for a key',
      [FULL],
      { headers: preflight(OTHER, 'GET') },
      403,
      `${NOT_ALLOWED}<Method>GET</Method><ResourceType>OBJECT</ResourceType>`,
    ],
    [
      'R103: that no rule allows, for the bucket',
      [FULL],
      { path: '/', headers: preflight(OTHER, 'GET') },
      403,
      `${NOT_ALLOWED}<Method>GET</Method><ResourceType>BUCKET</ResourceType>`,
    ],
    [
      'R103, E49: for a method that no rule allows',
      [FULL],
      { headers: preflight(APP, 'PUT') },
      403,
      `${NOT_ALLOWED}<Method>PUT</Method><ResourceType>OBJECT</ResourceType>`,
    ],
    [
      'R102: for a header that no rule allows',
      [FULL],
      { headers: preflight(APP, 'GET', 'range, x-player') },
      403,
      `${NOT_ALLOWED}<Method>GET</Method><ResourceType>OBJECT</ResourceType>`,
    ],
    [
      'R102: for any header where the rule has no AllowedHeaders',
      [BARE],
      { headers: preflight(APP, 'GET', 'range') },
      403,
      `${NOT_ALLOWED}<Method>GET</Method><ResourceType>OBJECT</ResourceType>`,
    ],
    [
      'R104: without the method',
      [FULL],
      { headers: origin(APP) },
      400,
      '<Code>BadRequest</Code><Message>Invalid Access-Control-Request-Method: null</Message>',
    ],
    [
      'R104: for a method that S3 does not know',
      [FULL],
      { headers: preflight(APP, 'PATCH') },
      400,
      '<Code>BadRequest</Code><Message>Invalid Access-Control-Request-Method: PATCH</Message>',
    ],
  ];

  it.each(rows)('%s', async (_rule, rules, question, status, xml) => {
    const answer = await bucket(rules).ask({ method: 'OPTIONS', ...question });
    const body = answer.body
      .replace(/<RequestId>[0-9A-F]{16}</, '<RequestId>ID<')
      .replace(/<HostId>[A-Za-z0-9+/=]{76}</, '<HostId>ID<');
    expect({ ...answer, body }).toEqual({
      status,
      headers: [
        ['Server', 'AmazonS3'],
        ['Content-Type', 'application/xml'],
        ['Content-Length', String(Buffer.byteLength(answer.body))],
      ],
      body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${xml}<RequestId>ID</RequestId><HostId>ID</HostId></Error>`,
    });
  });
});

describe('what S3 leaves open', () => {
  it('R98: is the case of an origin, which counts', async () => {
    const answer = await bucket([BARE]).ask({ headers: origin('https://APP.example.com') });
    expect(answer.headers).toEqual(OBJECT_HEADERS);
  });
});

describe('S3 puts the same CORS headers', () => {
  const CORS: Headers = [
    ['Access-Control-Allow-Origin', APP],
    ['Access-Control-Allow-Methods', 'GET, HEAD'],
    ['Access-Control-Expose-Headers', 'ETag, x-amz-META-thing'],
    ['Access-Control-Max-Age', '3000'],
    ['Access-Control-Allow-Credentials', 'true'],
    VARY,
  ];
  const xmlHeaders = (body: string): Headers => [
    ['Server', 'AmazonS3'],
    ['Content-Type', 'application/xml'],
    ['Content-Length', String(Buffer.byteLength(body))],
  ];

  it('R106, R111: on the 403 for a missing key', async () => {
    const answer = await bucket([FULL]).ask({ path: '/none', headers: origin(APP) });
    expect([answer.status, answer.headers]).toEqual([403, [...xmlHeaders(answer.body), ...CORS]]);
    expect(answer.body).toContain(
      '<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>',
    );
  });

  it('R106, R111: on the 404 of a bucket that CloudFront may list', async () => {
    const answer = await bucket([FULL], {}, { listBucket: true }).ask({
      path: '/none/<a>',
      headers: origin(APP),
    });
    expect([answer.status, answer.headers]).toEqual([404, [...xmlHeaders(answer.body), ...CORS]]);
    expect(answer.body).toContain(
      '<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>none/&lt;a&gt;</Key><RequestId>',
    );
  });

  it('R106: and none on an error for another origin', async () => {
    const answer = await bucket([FULL]).ask({ path: '/none', headers: origin(OTHER) });
    expect([answer.status, answer.headers]).toEqual([403, xmlHeaders(answer.body)]);
  });

  it('R112: on a part', async () => {
    const answer = await bucket([FULL]).ask({ headers: { ...origin(APP), range: 'bytes=2-3' } });
    expect(answer).toEqual({
      status: 206,
      headers: [
        ['Content-Type', 'text/plain'],
        ['Content-Length', '2'],
        ...NOT_MODIFIED_HEADERS.slice(0, 3),
        ['Accept-Ranges', 'bytes'],
        ['Content-Range', 'bytes 2-3/10'],
        ['Server', 'AmazonS3'],
        ...CORS,
      ],
      body: '23',
    });
  });

  it('R112: on a range beyond the end', async () => {
    const answer = await bucket([FULL]).ask({ headers: { ...origin(APP), range: 'bytes=10-' } });
    expect([answer.status, answer.headers]).toEqual([
      416,
      [...xmlHeaders(answer.body), ['Content-Range', 'bytes */10'], ...CORS],
    ]);
  });

  it('R112: on 304', async () => {
    const answer = await bucket([FULL]).ask({ headers: { ...origin(APP), 'if-none-match': '*' } });
    expect(answer).toEqual({ status: 304, headers: [...NOT_MODIFIED_HEADERS, ...CORS], body: '' });
  });

  it('R112: on HEAD', async () => {
    const answer = await bucket([FULL]).ask({ method: 'HEAD', headers: origin(APP) });
    expect([answer.status, answer.headers]).toEqual([200, [...OBJECT_HEADERS, ...CORS]]);
  });

  it('R110: and grants nothing by them: what is missing stays missing', async () => {
    const { ask } = bucket([{ ...FULL, AllowedMethods: ['GET', 'PUT', 'DELETE'] }]);
    expect((await ask({ method: 'PUT', headers: origin(APP) })).status).toBe(405);
    expect((await ask({ path: '/../a.txt', headers: origin(APP) })).status).toBe(403);
  });
});

describe('a local page before a bucket whose rules name production', () => {
  const LOCAL = 'https://app.edgepass.localhost:3000';

  it('gets its own origin back (pageOrigins)', async () => {
    const { ask } = bucket([BARE], { pageOrigins: { [LOCAL]: APP } });
    expect((await ask({ headers: origin(LOCAL) })).headers).toEqual([
      ...OBJECT_HEADERS,
      ['Access-Control-Allow-Origin', LOCAL],
      ['Access-Control-Allow-Methods', 'GET'],
      ['Access-Control-Allow-Credentials', 'true'],
      VARY,
    ]);
    expect((await ask({ headers: origin('https://app.edgepass.localhost:3001') })).headers).toEqual(
      OBJECT_HEADERS,
    );
  });
});

describe('what the folder never sends', () => {
  it('R93: is x-amz-id-2 and x-amz-request-id, which CloudFront removes; E45: cookies, hop-by-hop headers, a length twice', async () => {
    const { ask } = bucket([FULL]);
    for (const question of [
      {},
      { path: '/none' },
      { method: 'OPTIONS' },
      { headers: { range: 'bytes=99-' } },
      { method: 'PUT' },
    ]) {
      const names = (await ask(question)).headers.map(([name]) => name.toLowerCase());
      expect(new Set(names).size).toBe(names.length);
      for (const name of 'x-amz-id-2 x-amz-request-id set-cookie connection keep-alive te trailer transfer-encoding upgrade proxy-connection'.split(
        ' ',
      )) {
        expect(names).not.toContain(name);
      }
    }
  });
});
