import { list } from '../support/edge-fixture.js';
import { CDN, distributionInput, PAGE, policyFor, threeLines, type World } from './stage.js';
import { attributes, path, maxAge, movePage, withOtherCookies, type Scenario } from './world-changes.js';

const domain = (name: string) => attributes((text) => text.replace(/Domain=[^;]*/, `Domain=${name}`));

const withoutDomain = attributes((text) => text.replace(/Domain=[^;]*; /, ''));

const sameSite = (value: string) => attributes((text) => text.replace(/SameSite=\w+/, `SameSite=${value}`));

const withoutSameSite = attributes((text) => text.replace(/; SameSite=\w+/, ''));

const withoutSecure = attributes((text) => text.replace(' Secure;', ''));

const partitioned = attributes((text) => `${text}; Partitioned`);

const all =
  (...changes: readonly ((world: World) => void)[]) =>
  (world: World) => {
    for (const change of changes) change(world);
  };

/** Moves the CDN to another host, where it lists that page. */
function moveCdn(world: World, cdn: string, page: string = PAGE): void {
  world.cdn = cdn;
  world.grant = { ...world.grant, resource: `${cdn}/courses/algebra/*` };
  world.distribution = distributionInput({
    config: { Aliases: list([new URL(cdn).hostname]) },
    policy: policyFor(page),
  });
  world.steps = world.steps.map((step) =>
    'way' in step ? { ...step, url: step.url.replace(CDN, cdn) } : step,
  );
}

/** Grants whose cookies the browser does not store, or not for long. */
export const COOKIES_NOT_STORED: readonly Scenario[] = [
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
      moveCdn(world, 'https://cdn.media.localhost', 'http://app.media.localhost');
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
      moveCdn(world, 'https://cdn.school.localhost', 'https://app.school.localhost');
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
    change: withOtherCookies(200, (index) => `setting-${index}=${index}; Domain=example.com; Path=/; Secure`),
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
];
