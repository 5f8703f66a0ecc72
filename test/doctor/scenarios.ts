import type { IncomingMessage, ServerResponse } from 'node:http';
import { list, type SignedValues } from '../support/edge-fixture.js';
import {
  API,
  CDN,
  CORS_S3_ORIGIN,
  distributionInput,
  FILE,
  GOOD_POLICY,
  healthyWorld,
  PAGE,
  threeLines,
  type World,
} from './stage.js';

/** One way to switch a fault of the catalogue on, and the cause that must be named. */
export interface Scenario {
  /** Number of the catalogue. */
  readonly entry: string;
  readonly how: string;
  /** The id of the cause. */
  readonly id: string;
  readonly change: (world: World) => void;
}

/** Changes the attributes as they stand, so that two faults meet in one cookie. */
const attributes = (change: (text: string) => string) => (world: World) => {
  world.grant = { ...world.grant, attributes: change(world.grant.attributes) };
};
const domain = (name: string) => attributes((text) => text.replace(/Domain=[^;]*/, `Domain=${name}`));
const withoutDomain = attributes((text) => text.replace(/Domain=[^;]*; /, ''));
const path = (value: string) => attributes((text) => text.replace(/Path=[^;]*/, `Path=${value}`));
const withoutPath = attributes((text) => text.replace(/Path=[^;]*; /, ''));
const sameSite = (value: string) => attributes((text) => text.replace(/SameSite=\w+/, `SameSite=${value}`));
const withoutSameSite = attributes((text) => text.replace(/; SameSite=\w+/, ''));
const withoutSecure = attributes((text) => text.replace(' Secure;', ''));
const partitioned = attributes((text) => `${text}; Partitioned`);
const maxAge = (seconds: number) => attributes((text) => text.replace(/Max-Age=\d+/, `Max-Age=${seconds}`));
const all =
  (...changes: readonly ((world: World) => void)[]) =>
  (world: World) => {
    for (const change of changes) change(world);
  };
const corsFor = (page: string) =>
  [
    ['Access-Control-Allow-Origin', page],
    ['Access-Control-Allow-Credentials', 'true'],
    ['Vary', 'Origin'],
  ] as const;

/** Moves the page, with an API that answers it and a CDN that lists it. */
function movePage(world: World, page: string): void {
  world.page = page;
  world.grant = { ...world.grant, cors: corsFor(page) };
  world.distribution = distributionInput({
    policy: {
      ...GOOD_POLICY,
      CorsConfig: { ...GOOD_POLICY.CorsConfig, AccessControlAllowOrigins: list([page]) },
    },
  });
}

function moveCdn(world: World, cdn: string): void {
  world.cdn = cdn;
  world.grant = { ...world.grant, resource: `${cdn}/courses/algebra/*` };
  world.distribution = distributionInput({ config: { Aliases: list([new URL(cdn).hostname]) } });
  world.steps = world.steps.map((step) =>
    'way' in step ? { ...step, url: step.url.replace(CDN, cdn) } : step,
  );
}

/** A CDN that serves everything, with these headers. */
function serving(world: World, headersFor: (page: string) => readonly (readonly [string, string])[]): void {
  world.wrongCdn = (request, response, now) => {
    const headers = headersFor(now.page);
    const asked = request.headers['access-control-request-headers'];
    const isNamed = headers.some(([name]) => name === 'Access-Control-Allow-Headers');
    // A preflight passes, unless that is the fault: it is one of another scenario.
    const more = asked === undefined || isNamed ? [] : ([['Access-Control-Allow-Headers', asked]] as const);
    send(response, request.method === 'OPTIONS' ? 204 : 200, [...headers, ...more]);
    return true;
  };
}

function send(
  response: ServerResponse,
  status: number,
  headers: readonly (readonly [string, string])[],
  body = '',
): void {
  for (const [name, value] of headers) response.appendHeader(name, value);
  response.writeHead(status);
  response.end(body);
}

/** A preflight that passes. */
function allowed(request: IncomingMessage, response: ServerResponse): boolean {
  const asked = request.headers['access-control-request-headers'] ?? '';
  send(response, 204, [...corsFor(request.headers.origin ?? PAGE), ['Access-Control-Allow-Headers', asked]]);
  return true;
}

const oneCorsRule = (origins: readonly string[]) => ({
  CORSRules: [{ AllowedOrigins: origins, AllowedMethods: ['GET', 'HEAD'], AllowedHeaders: ['*'] }],
});
const cors = (change: object) => ({ ...GOOD_POLICY, CorsConfig: { ...GOOD_POLICY.CorsConfig, ...change } });
const first = (world: World, change: object): void => {
  world.steps = world.steps.map((step, index) =>
    index === 0 && 'way' in step ? { ...step, ...change } : step,
  );
};

/** A token whose subject is that person: the doctor tells two people apart by it. */
const bearer = (subject: string) =>
  `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ sub: subject })).toString('base64url')}.c2lnbmF0dXJlLW9mLXRoaXM`;

/** Whether a fault moves page, API or CDN to other hosts: two of these replace each other. */
export function isMoving({ change }: Scenario): boolean {
  const [before, after] = [healthyWorld(), healthyWorld()];
  change(after);
  return before.page !== after.page || before.api !== after.api || before.cdn !== after.cdn;
}

/** Faults that a recording of the browser shows. */
export const RECORDED: readonly Scenario[] = [
  {
    entry: 'F1',
    how: 'fetch without credentials, after an image with cookies',
    id: 'request-without-credentials',
    change: (world) => first(world, { credentials: 'omit' }),
  },
  {
    entry: 'F1',
    how: 'XMLHttpRequest without withCredentials',
    id: 'request-without-credentials',
    change: (world) => {
      world.steps = [
        { way: 'img', url: FILE },
        { way: 'xhr', url: `${CDN}/courses/algebra/index.m3u8`, credentials: 'omit' },
      ];
    },
  },
  {
    entry: 'F2',
    how: 'the grant is called without credentials, and the API allows any origin',
    id: 'grant-without-credentials',
    change: (world) => {
      world.grantCredentials = 'omit';
      world.grant = { ...world.grant, cors: [['Access-Control-Allow-Origin', '*']] };
    },
  },
  {
    entry: 'F2',
    how: 'the grant is called without credentials, though the API allows them',
    id: 'grant-without-credentials',
    change: (world) => {
      world.grantCredentials = 'omit';
    },
  },
  {
    entry: 'F3',
    how: 'the API on localhost',
    id: 'domain-of-another-host',
    change: (world) => void (world.api = 'https://localhost:3001'),
  },
  {
    entry: 'F3',
    how: 'Domain of the CDN alone',
    id: 'domain-of-another-host',
    change: domain('cdn.example.com'),
  },
  {
    entry: 'F4',
    how: 'the CDN by its cloudfront.net name, cookies of the API',
    id: 'cloudfront-name',
    change: (world) => moveCdn(world, 'https://d111111abcdef8.cloudfront.net'),
  },
  {
    entry: 'F4',
    how: 'the same with Domain=cloudfront.net',
    id: 'cloudfront-name',
    change: (world) => {
      moveCdn(world, 'https://d111111abcdef8.cloudfront.net');
      domain('d111111abcdef8.cloudfront.net')(world);
    },
  },
  {
    entry: 'F5',
    how: 'the API on execute-api',
    id: 'platform-name',
    change: (world) => void (world.api = 'https://abc123.execute-api.us-east-1.amazonaws.com'),
  },
  {
    entry: 'F5',
    how: 'the API on vercel.app, without Domain',
    id: 'platform-name',
    change: (world) => {
      world.api = 'https://school.vercel.app';
      withoutDomain(world);
    },
  },
  {
    entry: 'F6',
    how: 'no Domain',
    id: 'host-only-cookie',
    change: withoutDomain,
  },
  {
    entry: 'F6',
    how: 'no Domain and Path=/',
    id: 'host-only-cookie',
    change: all(withoutDomain, path('/')),
  },
  {
    entry: 'F7',
    how: 'a scheme in Domain',
    id: 'domain-malformed',
    change: domain('https://example.com'),
  },
  {
    entry: 'F7',
    how: 'a wildcard in Domain',
    id: 'domain-malformed',
    change: domain('*.example.com'),
  },
  {
    entry: 'F7',
    how: 'a port in Domain',
    id: 'domain-malformed',
    change: domain('example.com:443'),
  },
  {
    entry: 'F8',
    how: 'Domain=com',
    id: 'domain-public-suffix',
    change: domain('com'),
  },
  {
    entry: 'F8',
    how: 'Domain=co.uk',
    id: 'domain-public-suffix',
    change: (world) => {
      world.api = 'https://api.school.co.uk';
      movePage(world, 'https://app.school.co.uk');
      domain('co.uk')(world);
    },
  },
  {
    entry: 'F9',
    how: 'the page on http://localhost:5173',
    id: 'page-on-localhost',
    change: (world) => movePage(world, 'http://localhost:5173'),
  },
  {
    entry: 'F9',
    how: 'the page on 127.0.0.1',
    id: 'page-on-localhost',
    change: (world) => movePage(world, 'http://127.0.0.1:3000'),
  },
  {
    entry: 'F10',
    how: 'the page on http',
    id: 'page-over-http',
    change: (world) => movePage(world, 'http://app.example.com'),
  },
  {
    entry: 'F10',
    how: 'the page on http, with SameSite=Strict',
    id: 'page-over-http',
    change: (world) => {
      movePage(world, 'http://app.example.com');
      sameSite('Strict')(world);
    },
  },
  {
    entry: 'F11',
    how: 'Secure over http under .localhost, in Safari',
    id: 'secure-on-local-http',
    change: (world) => {
      world.engine = 'Safari';
      world.api = 'http://api.media.localhost';
      movePage(world, 'http://app.media.localhost');
      moveCdnKeeping(world, 'https://cdn.media.localhost', 'http://app.media.localhost');
      domain('media.localhost')(world);
    },
  },
  {
    entry: 'F11',
    how: 'the same under another name, with SameSite=Strict',
    id: 'secure-on-local-http',
    change: (world) => {
      world.engine = 'Safari';
      world.api = 'http://api.school.localhost';
      movePage(world, 'https://app.school.localhost');
      moveCdnKeeping(world, 'https://cdn.school.localhost', 'https://app.school.localhost');
      all(domain('school.localhost'), path('/'), sameSite('None'))(world);
    },
  },
  {
    entry: 'F12',
    how: 'the API on http',
    id: 'secure-over-http',
    change: (world) => void (world.api = 'http://api.example.com'),
  },
  {
    entry: 'F12',
    how: 'page and API on http',
    id: 'secure-over-http',
    change: (world) => {
      world.api = 'http://api.example.com';
      movePage(world, 'http://app.example.com');
    },
  },
  {
    entry: 'F13',
    how: 'another site, SameSite=None, third-party cookies blocked',
    id: 'third-party-cookies',
    change: (world) => {
      movePage(world, 'https://app.other.org');
      world.blocksThirdParty = true;
      sameSite('None')(world);
    },
  },
  {
    entry: 'F13',
    how: 'the same in Safari',
    id: 'third-party-cookies',
    change: (world) => {
      movePage(world, 'https://app.other.org');
      world.engine = 'Safari';
      world.blocksThirdParty = true;
      sameSite('None')(world);
    },
  },
  {
    entry: 'F14',
    how: 'another site, SameSite=Lax',
    id: 'samesite-on-another-site',
    change: (world) => movePage(world, 'https://app.other.org'),
  },
  {
    entry: 'F14',
    how: 'another site, no SameSite',
    id: 'samesite-on-another-site',
    change: (world) => {
      movePage(world, 'https://app.other.org');
      withoutSameSite(world);
    },
  },
  {
    entry: 'F15',
    how: 'SameSite=None without Secure',
    id: 'none-without-secure',
    change: all(withoutSecure, sameSite('None')),
  },
  {
    entry: 'F15',
    how: 'the same on another site',
    id: 'none-without-secure',
    change: (world) => {
      movePage(world, 'https://app.other.org');
      all(withoutSecure, sameSite('None'), path('/'))(world);
    },
  },
  {
    entry: 'F16',
    how: 'Partitioned without Secure',
    id: 'partitioned-without-secure',
    change: all(withoutSecure, partitioned),
  },
  {
    entry: 'F16',
    how: 'Partitioned without Secure and SameSite',
    id: 'partitioned-without-secure',
    change: all(withoutSecure, withoutSameSite, partitioned),
  },
  {
    entry: 'F17',
    how: 'a frame in a customer’s page, SameSite=Lax',
    id: 'embedded-page',
    change: (world) => void (world.top = 'https://www.customer.org'),
  },
  {
    entry: 'F17',
    how: 'a frame, SameSite=Strict',
    id: 'embedded-page',
    change: (world) => {
      world.top = 'https://portal.customer.org';
      sameSite('Strict')(world);
    },
  },
  {
    entry: 'F18',
    how: 'a frame with storage access asks the CDN',
    id: 'storage-access-own-origin',
    change: (world) => {
      world.top = 'https://www.customer.org';
      world.hasStorageAccess = true;
    },
  },
  {
    entry: 'F19',
    how: 'Path with a wildcard',
    id: 'cookie-path',
    change: path('/courses/algebra/*'),
  },
  {
    entry: 'F19',
    how: 'Path=/grants, the folder of the API’s route',
    id: 'cookie-path',
    change: path('/grants'),
  },
  {
    entry: 'F19',
    how: 'no Path, set by /grants/algebra',
    id: 'cookie-path',
    change: (world) => {
      withoutPath(world);
      world.steps = [{ grant: '/algebra' }, ...world.steps];
    },
  },
  {
    entry: 'F19',
    how: 'Path in capitals',
    id: 'cookie-path',
    change: path('/Courses/algebra'),
  },
  {
    entry: 'F20',
    how: 'a second grant for all, below the first one',
    id: 'nested-cookie-scopes',
    change: (world) => {
      world.distribution = {
        ...world.distribution,
        edge: { ...world.distribution.edge, switches: { duplicateCookies: 'refuse' } },
      };
      world.grant = {
        ...world.grant,
        lines: (values, text) => [
          ...threeLines(values, text),
          ...threeLines(values, text.replace('/courses/algebra', '/')),
        ],
      };
    },
  },
  {
    entry: 'F20',
    how: 'the policy of one folder beside the signature of another',
    id: 'nested-cookie-scopes',
    change: (world) => {
      world.grant = {
        ...world.grant,
        lines: (values, text) => [
          ...threeLines(values, text.replace('/courses/algebra', '/courses')),
          `CloudFront-Policy=${other(values)}; ${text}`,
        ],
      };
    },
  },
  {
    entry: 'F21',
    how: 'signing out clears Path=/ alone',
    id: 'sign-out-leaves-access',
    change: (world) => {
      world.apiRoute = signOut('Domain=example.com; Path=/; Secure; HttpOnly; SameSite=Lax');
      world.steps = [
        { way: 'fetch', url: FILE },
        { signOut: '' },
        { way: 'img', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
  {
    entry: 'F21',
    how: 'signing out clears the API’s host alone',
    id: 'sign-out-leaves-access',
    change: (world) => {
      world.apiRoute = signOut('Path=/courses/algebra; Secure; HttpOnly; SameSite=Lax');
      world.steps = [
        { way: 'img', url: FILE },
        { signOut: '' },
        { way: 'fetch', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
  {
    entry: 'F21',
    how: 'the browser shows its own copy after signing out',
    id: 'sign-out-leaves-access',
    change: (world) => {
      world.apiRoute = signOut('Domain=example.com; Path=/courses/algebra; Secure; HttpOnly; SameSite=Lax');
      world.steps = [{ way: 'fetch', url: FILE }, { signOut: '' }, { way: 'fetch', url: FILE }];
    },
  },
  {
    entry: 'F22',
    how: 'a policy of 5,000 bytes',
    id: 'cookie-too-long',
    change: (world) =>
      void (world.grant = { ...world.grant, resource: `${CDN}/courses/algebra/${'x'.repeat(3800)}/*` }),
  },
  {
    entry: 'F22',
    how: 'a signature of thirteen times its length',
    id: 'cookie-too-long',
    change: (world) =>
      void (world.grant = {
        ...world.grant,
        lines: (values, text) =>
          threeLines({ ...values, Signature: values['Signature']?.repeat(13) ?? '' }, text),
      }),
  },
  {
    entry: 'F23',
    how: 'a set of cookies for each of sixty lessons',
    id: 'too-many-cookies',
    change: (world) =>
      void (world.grant = {
        ...world.grant,
        lines: (values, text) =>
          Array.from({ length: 60 }, (_, index) =>
            threeLines(values, text.replace('/courses/algebra', `/courses/algebra/lesson-${index}`)),
          ).flat(),
      }),
  },
  {
    entry: 'F23',
    how: 'two hundred cookies of the application beside them',
    id: 'too-many-cookies',
    change: (world) => {
      world.grant = {
        ...world.grant,
        lines: (values, text) => [
          ...threeLines(values, text),
          ...Array.from(
            { length: 200 },
            (_, index) => `setting-${index}=${index}; Domain=example.com; Path=/; Secure`,
          ),
        ],
      };
    },
  },
  {
    entry: 'F24',
    how: 'cookies of 40 KB: the edge answers 494',
    id: 'headers-too-large',
    change: (world) => {
      world.grant = {
        ...world.grant,
        lines: (values, text) => [
          ...threeLines(values, text),
          ...Array.from(
            { length: 12 },
            (_, index) => `state-${index}=${'v'.repeat(3500)}; Domain=example.com; Path=/courses; Secure`,
          ),
        ],
      };
    },
  },
  {
    entry: 'F24',
    how: 'a proxy answers 431',
    id: 'headers-too-large',
    change: (world) => {
      world.wrongCdn = (_request, response) => {
        send(response, 431, []);
        return true;
      };
    },
  },
  {
    entry: 'F25',
    how: 'Max-Age in milliseconds',
    id: 'cookie-life-wrong',
    change: maxAge(900_000),
  },
  {
    entry: 'F25',
    how: 'Max-Age=0: seconds where Express takes milliseconds',
    id: 'cookie-life-wrong',
    change: maxAge(0),
  },
  {
    entry: 'F26',
    how: 'the grant ends while segments are fetched',
    id: 'grant-expired',
    change: (world) => {
      world.steps = [
        { way: 'xhr', url: `${CDN}/courses/algebra/seg-1.ts` },
        { wait: 1000 },
        { way: 'xhr', url: `${CDN}/courses/algebra/seg-2.ts` },
      ];
    },
  },
  {
    entry: 'F26',
    how: 'the cookies outlive their policy',
    id: 'grant-expired',
    change: (world) => {
      maxAge(3600)(world);
      world.steps = [
        { way: 'fetch', url: FILE },
        { wait: 1200 },
        { way: 'fetch', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
  {
    entry: 'F27',
    how: 'a plain video element, the grant ends',
    id: 'native-media-expired',
    change: (world) => {
      world.steps = [
        { way: 'video', url: `${CDN}/courses/algebra/seg-1.ts` },
        { wait: 1000 },
        { way: 'video', url: `${CDN}/courses/algebra/seg-2.ts` },
      ];
    },
  },
  {
    entry: 'F27',
    how: 'the same with cookies that outlive their policy',
    id: 'native-media-expired',
    change: (world) => {
      maxAge(3600)(world);
      world.steps = [
        { way: 'video', url: `${CDN}/courses/algebra/seg-1.ts` },
        { wait: 1200 },
        { way: 'video', url: `${CDN}/courses/algebra/seg-2.ts` },
      ];
    },
  },
  {
    entry: 'F28',
    how: 'the managed policy SimpleCORS',
    id: 'wildcard-with-credentials',
    change: (world) =>
      void (world.distribution = distributionInput({
        policy: null,
        behavior: { ResponseHeadersPolicyId: '60669652-455b-4ae9-85a4-c4c02393f86c' },
      })),
  },
  {
    entry: 'F28',
    how: 'the bucket allows *, and the policy does not override it',
    id: 'wildcard-with-credentials',
    change: (world) =>
      void (world.distribution = distributionInput({
        policy: cors({ OriginOverride: false }),
        bucketCors: oneCorsRule(['*']),
        behavior: { OriginRequestPolicyId: CORS_S3_ORIGIN },
      })),
  },
  {
    entry: 'F29',
    how: 'the policy does not allow credentials',
    id: 'credentials-not-allowed',
    change: (world) =>
      void (world.distribution = distributionInput({
        policy: cors({ AccessControlAllowCredentials: false }),
      })),
  },
  {
    entry: 'F29',
    how: 'the header says True',
    id: 'credentials-not-allowed',
    change: (world) =>
      serving(world, (page) => [
        ['Access-Control-Allow-Origin', page],
        ['Access-Control-Allow-Credentials', 'True'],
      ]),
  },
  {
    entry: 'F30',
    how: 'a slash at the end',
    id: 'allowed-origin-differs',
    change: (world) => serving(world, (page) => corsFor(`${page}/`)),
  },
  {
    entry: 'F30',
    how: 'the port is missing',
    id: 'allowed-origin-differs',
    change: (world) => {
      movePage(world, `${PAGE}:3000`);
      serving(world, (page) => corsFor(page.replace(/:\d+$/, '')));
    },
  },
  {
    entry: 'F31',
    how: 'another app asked first, Origin is not in the cache key',
    id: 'other-origins-copy',
    change: (world) => {
      world.before = [{ origin: 'https://admin.example.com' }];
      world.distribution = distributionInput({
        policy: null,
        bucketCors: oneCorsRule([PAGE, 'https://admin.example.com']),
        behavior: { OriginRequestPolicyId: CORS_S3_ORIGIN },
      });
    },
  },
  {
    entry: 'F31',
    how: 'an image asked first, without Origin',
    id: 'other-origins-copy',
    change: (world) => {
      world.before = [{ origin: null }];
      world.distribution = distributionInput({
        policy: null,
        bucketCors: oneCorsRule([PAGE, 'https://admin.example.com']),
        behavior: { OriginRequestPolicyId: CORS_S3_ORIGIN },
      });
      world.steps = [
        { way: 'fetch', url: FILE },
        { way: 'fetch', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
  {
    entry: 'F32',
    how: 'no policy, no rules',
    id: 'no-cors-headers',
    change: (world) => void (world.distribution = distributionInput({ policy: null })),
  },
  {
    entry: 'F32',
    how: 'rules in the bucket, Origin not passed on',
    id: 'no-cors-headers',
    change: (world) =>
      void (world.distribution = distributionInput({ policy: null, bucketCors: oneCorsRule([PAGE]) })),
  },
  {
    entry: 'F33',
    how: 'an image first, then fetch of the same address',
    id: 'browsers-own-copy',
    change: (world) => {
      world.distribution = distributionInput({
        policy: { Name: 'pages', CorsConfig: GOOD_POLICY.CorsConfig },
      });
      world.steps = [
        { way: 'img', url: FILE },
        { way: 'fetch', url: FILE },
        { way: 'fetch', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
  {
    entry: 'F33',
    how: 'a poster first, then XMLHttpRequest',
    id: 'browsers-own-copy',
    change: (world) => {
      world.distribution = distributionInput({
        policy: { Name: 'pages', CorsConfig: GOOD_POLICY.CorsConfig },
      });
      world.steps = [
        { way: 'fetch', url: `${CDN}/courses/algebra/index.m3u8` },
        { way: 'img', url: FILE },
        { way: 'xhr', url: FILE },
      ];
    },
  },
  {
    entry: 'F34',
    how: 'the header twice',
    id: 'origin-header-twice',
    change: (world) =>
      serving(world, (page) => [
        ['Access-Control-Allow-Origin', page],
        ['Access-Control-Allow-Origin', page],
        ['Access-Control-Allow-Credentials', 'true'],
      ]),
  },
  {
    entry: 'F34',
    how: 'two values in one header',
    id: 'origin-header-twice',
    change: (world) =>
      serving(world, (page) => [
        ['Access-Control-Allow-Origin', `${page}, *`],
        ['Access-Control-Allow-Credentials', 'true'],
      ]),
  },
  {
    entry: 'F35',
    how: 'a header of the page’s own',
    id: 'preflight-refused',
    change: (world) => first(world, { headers: { 'X-Requested-With': 'fetch' } }),
  },
  {
    entry: 'F35',
    how: 'a range without a start',
    id: 'preflight-refused',
    change: (world) => first(world, { headers: { Range: 'bytes=-9' } }),
  },
  {
    entry: 'F36',
    how: 'a header that is not listed',
    id: 'header-not-allowed',
    change: (world) => {
      serving(world, (page) => [...corsFor(page), ['Access-Control-Allow-Headers', 'range, if-match']]);
      first(world, { headers: { 'X-Cookie': 'x' } });
    },
  },
  {
    entry: 'F36',
    how: '* for headers, with credentials',
    id: 'header-not-allowed',
    change: (world) => {
      serving(world, (page) => [...corsFor(page), ['Access-Control-Allow-Headers', '*']]);
      first(world, { headers: { Authorization: bearer('ann') } });
    },
  },
  {
    entry: 'F37',
    how: 'a redirect to the address with a slash',
    id: 'preflight-redirected',
    change: (world) => {
      world.wrongCdn = (request, response, now) => {
        if (request.method === 'OPTIONS') send(response, 301, [['Location', `${request.url ?? ''}/`]]);
        else send(response, 200, corsFor(now.page));
        return true;
      };
      first(world, { headers: { 'X-Requested-With': 'fetch' } });
    },
  },
  {
    entry: 'F37',
    how: 'a redirect to another host',
    id: 'preflight-redirected',
    change: (world) => {
      world.wrongCdn = (request, response, now) => {
        if (request.method === 'OPTIONS')
          send(response, 307, [['Location', `https://www.example.com${request.url ?? ''}`]]);
        else send(response, 200, corsFor(now.page));
        return true;
      };
      first(world, { headers: { 'X-Course': 'algebra' } });
    },
  },
  {
    entry: 'F38',
    how: 'the API redirects to the file',
    id: 'redirect-to-another-origin',
    change: (world) => {
      world.apiRoute = (request, response) => {
        if (request.url !== '/file') return false;
        if (request.method === 'OPTIONS') return allowed(request, response);
        send(response, 302, [...corsFor(PAGE), ['Location', FILE]]);
        return true;
      };
      world.steps = [
        { way: 'fetch', url: `${API}/file` },
        { way: 'img', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
  {
    entry: 'F38',
    how: 'a link shortener redirects to the file',
    id: 'redirect-to-another-origin',
    change: (world) => {
      world.apiRoute = (request, response) => {
        if (request.url !== '/s/1') return false;
        if (request.method === 'OPTIONS') return allowed(request, response);
        send(response, 307, [...corsFor(PAGE), ['Location', `${CDN}/courses/algebra/index.m3u8`]]);
        return true;
      };
      world.steps = [{ way: 'xhr', url: `${API}/s/1` }];
    },
  },
  {
    entry: 'F41',
    how: 'an image with crossorigin',
    id: 'crossorigin-anonymous',
    change: (world) =>
      void (world.steps = [
        { way: 'fetch', url: FILE },
        { way: 'img', url: `${CDN}/courses/algebra/2.svg`, crossorigin: 'anonymous' },
      ]),
  },
  {
    entry: 'F41',
    how: 'a video with crossorigin=""',
    id: 'crossorigin-anonymous',
    change: (world) =>
      void (world.steps = [
        { way: 'img', url: FILE },
        { way: 'video', url: `${CDN}/courses/algebra/seg-1.ts`, crossorigin: 'anonymous' },
      ]),
  },
  {
    entry: 'F42',
    how: 'VHS without withCredentials',
    id: 'video-js-path',
    change: (world) =>
      void (world.steps = [
        { way: 'img', url: FILE },
        {
          way: 'xhr',
          url: `${CDN}/courses/algebra/index.m3u8`,
          credentials: 'omit',
          initiators: [`${PAGE}/vendor/video.min.js`],
        },
      ]),
  },
  {
    entry: 'F42',
    how: 'VHS bundled, crossorigin on the element alone',
    id: 'video-js-path',
    change: (world) =>
      void (world.steps = [
        { way: 'fetch', url: FILE },
        {
          way: 'xhr',
          url: `${CDN}/courses/algebra/index.m3u8`,
          credentials: 'omit',
          initiators: [
            `${PAGE}/assets/app.js`,
            `${PAGE}/node_modules/@videojs/http-streaming/dist/videojs-http-streaming.es.js`,
          ],
        },
      ]),
  },
  {
    entry: 'F43',
    how: 'a track in a video with crossorigin="anonymous"',
    id: 'track-without-crossorigin',
    change: (world) =>
      void (world.steps = [
        { way: 'fetch', url: FILE },
        { way: 'track', url: `${CDN}/courses/algebra/a.vtt`, crossorigin: 'anonymous' },
      ]),
  },
  {
    entry: 'F44',
    how: 'a font of the CDN',
    id: 'font',
    change: (world) =>
      void (world.steps = [
        { way: 'fetch', url: FILE },
        { way: 'font', url: `${CDN}/courses/algebra/a.woff2` },
      ]),
  },
  {
    entry: 'F44',
    how: 'a font, and nothing else of the CDN',
    id: 'font',
    change: (world) => void (world.steps = [{ way: 'font', url: `${CDN}/courses/algebra/a.woff2` }]),
  },
  {
    entry: 'F46',
    how: 'a Chromecast asks',
    id: 'cast-receiver',
    change: (world) =>
      void (world.steps = [
        { way: 'fetch', url: FILE },
        {
          way: 'video',
          url: `${CDN}/courses/algebra/seg-1.ts`,
          userAgent:
            'Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 CrKey/1.56.500000',
        },
      ]),
  },
  {
    entry: 'F46',
    how: 'an Apple TV asks',
    id: 'cast-receiver',
    change: (world) =>
      void (world.steps = [
        { way: 'img', url: FILE },
        {
          way: 'video',
          url: `${CDN}/courses/algebra/index.m3u8`,
          userAgent: 'AppleCoreMedia/1.0.0.22K (Apple TV; U; CPU OS 18_1 like Mac OS X)',
        },
      ]),
  },
  {
    entry: 'F47',
    how: 'fetch with mode no-cors',
    id: 'no-cors-fetch',
    change: (world) =>
      void (world.steps = [
        { way: 'img', url: FILE },
        { way: 'no-cors-fetch', url: `${CDN}/courses/algebra/2.svg` },
      ]),
  },
  {
    entry: 'F53',
    how: 'connect-src without the CDN, in Chromium',
    id: 'content-security-policy',
    change: (world) =>
      blockedByPolicy(world, "default-src 'self'; connect-src 'self' https://api.example.com"),
  },
  {
    entry: 'F53',
    how: 'default-src alone, in Firefox',
    id: 'content-security-policy',
    change: (world) => {
      world.engine = 'Firefox';
      blockedByPolicy(world, "default-src 'self' https://api.example.com");
    },
  },
  {
    entry: 'F54',
    how: 'Cross-Origin-Resource-Policy: same-origin',
    id: 'resource-or-embedder-policy',
    change: (world) =>
      void (world.distribution = distributionInput({
        policy: {
          ...GOOD_POLICY,
          CustomHeadersConfig: list([
            { Header: 'Vary', Value: 'Origin', Override: true },
            { Header: 'Cross-Origin-Resource-Policy', Value: 'same-origin', Override: true },
          ]),
        },
      })),
  },
  {
    entry: 'F54',
    how: 'a page with COEP require-corp',
    id: 'resource-or-embedder-policy',
    change: (world) => {
      world.embedderPolicy = 'require-corp';
      world.pageHeaders = [['Cross-Origin-Embedder-Policy', 'require-corp']];
    },
  },
  {
    entry: 'F55',
    how: 'a page with COEP credentialless, an image',
    id: 'credentialless-page',
    change: (world) => {
      world.embedderPolicy = 'credentialless';
      world.pageHeaders = [['Cross-Origin-Embedder-Policy', 'credentialless']];
    },
  },
  {
    entry: 'F55',
    how: 'the same, a video alone',
    id: 'credentialless-page',
    change: (world) => {
      world.embedderPolicy = 'credentialless';
      world.pageHeaders = [['Cross-Origin-Embedder-Policy', 'credentialless']];
      world.steps = [{ way: 'video', url: `${CDN}/courses/algebra/seg-1.ts` }];
    },
  },
  {
    entry: 'F56',
    how: 'Vite refuses the host',
    id: 'dev-server-host',
    change: (world) =>
      void (world.apiRoute = (request, response) => {
        if (request.headers.host !== 'app.example.com') return false;
        send(
          response,
          403,
          [['Content-Type', 'text/plain']],
          'Blocked request. This host ("app.example.com") is not allowed.',
        );
        return true;
      }),
  },
  {
    entry: 'F56',
    how: 'webpack refuses the host',
    id: 'dev-server-host',
    change: (world) =>
      void (world.apiRoute = (request, response) => {
        if (request.headers.host !== 'app.example.com') return false;
        send(response, 403, [['Content-Type', 'text/html']], 'Invalid Host header');
        return true;
      }),
  },
  {
    entry: 'F57',
    how: 'a gateway joins the three lines',
    id: 'cookies-joined',
    change: (world) =>
      void (world.grant = { ...world.grant, lines: (values, text) => [threeLines(values, text).join(', ')] }),
  },
  {
    entry: 'F57',
    how: 'two lines, one of them joined',
    id: 'cookies-joined',
    change: (world) =>
      void (world.grant = {
        ...world.grant,
        lines: (values, text) => {
          const [policy = '', ...rest] = threeLines(values, text);
          return [policy, rest.join(',')];
        },
      }),
  },
  {
    entry: 'F58',
    how: 'another token, without clearing',
    id: 'viewer-changed',
    change: (world) => {
      world.apiRoute = me;
      world.steps = [
        { way: 'fetch', url: FILE },
        { way: 'fetch', url: `${API}/me`, headers: { Authorization: bearer('ann') } },
        { way: 'fetch', url: `${API}/me`, headers: { Authorization: bearer('bob') } },
        { way: 'img', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
  {
    entry: 'F58',
    how: 'a new session, without clearing',
    id: 'viewer-changed',
    change: (world) => {
      world.apiRoute = me;
      world.steps = [
        { way: 'fetch', url: `${API}/login?ann`, method: 'POST' },
        { grant: '' },
        { way: 'fetch', url: FILE },
        { way: 'fetch', url: `${API}/login?bob`, method: 'POST' },
        { way: 'fetch', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
  {
    entry: 'F59',
    how: 'the grant’s answer has no CORS headers',
    id: 'grant-cors-wrong',
    change: (world) => void (world.grant = { ...world.grant, cors: [] }),
  },
  {
    entry: 'F59',
    how: 'the grant’s answer says *',
    id: 'grant-cors-wrong',
    change: (world) => void (world.grant = { ...world.grant, cors: [['Access-Control-Allow-Origin', '*']] }),
  },
];

function moveCdnKeeping(world: World, cdn: string, page: string): void {
  world.cdn = cdn;
  world.grant = { ...world.grant, resource: `${cdn}/courses/algebra/*` };
  world.distribution = distributionInput({
    config: { Aliases: list([new URL(cdn).hostname]) },
    policy: {
      ...GOOD_POLICY,
      CorsConfig: { ...GOOD_POLICY.CorsConfig, AccessControlAllowOrigins: list([page]) },
    },
  });
  world.steps = world.steps.map((step) =>
    'way' in step ? { ...step, url: step.url.replace(CDN, cdn) } : step,
  );
}

/** A policy for another folder, signed by nobody. */
function other(values: SignedValues): string {
  const text = JSON.stringify({
    Statement: [
      {
        Resource: `${CDN}/courses/algebra/*`,
        Condition: { DateLessThan: { 'AWS:EpochTime': 1_999_999_999 } },
      },
    ],
  });
  return values['Policy'] === undefined
    ? ''
    : Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
}

function signOut(text: string): NonNullable<World['apiRoute']> {
  return (request, response, world) => {
    if (request.url?.startsWith('/sign-out') !== true) return false;
    for (const name of ['Policy', 'Signature', 'Key-Pair-Id'])
      response.appendHeader('Set-Cookie', `CloudFront-${name}=; ${text}; Max-Age=0`);
    send(response, 204, world.grant.cors);
    return true;
  };
}

const me: NonNullable<World['apiRoute']> = (request, response, world) => {
  const isLogin = request.url?.startsWith('/login') === true;
  if (!isLogin && request.url !== '/me') return false;
  if (isLogin)
    response.appendHeader(
      'Set-Cookie',
      `session=${Buffer.from(request.url ?? '').toString('hex')}0123456789; Path=/; Secure; HttpOnly; SameSite=Lax`,
    );
  const asked = request.headers['access-control-request-headers'] ?? '';
  send(response, 200, [...world.grant.cors, ['Access-Control-Allow-Headers', asked]], '{}');
  return true;
};

/** The browser blocks before it asks. */
function blockedByPolicy(world: World, policy: string): void {
  world.pageHeaders = [['Content-Security-Policy', policy]];
  world.blockedHosts = ['cdn.example.com'];
}
