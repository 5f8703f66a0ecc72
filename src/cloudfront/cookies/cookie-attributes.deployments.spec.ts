import { describe, expect, it } from '@jest/globals';
import { CookieJar } from 'tough-cookie';
import {
  deriveCookieAttributes,
  type CookieAttributes,
  type CookieAttributesInput,
} from './cookie-attributes.js';
import { SETTING_OF_FIELD, settingsProblemOf } from '../../settings/field-names.js';
import { formatSetCookie } from './set-cookie.js';

interface Deployment {
  readonly name: string;
  readonly app: readonly string[];
  readonly api: string;
  readonly cdn: string;
  /** `production` where nothing is said. */
  readonly environment?: CookieAttributesInput['environment'];
  readonly cookies?: Partial<CookieAttributesInput['cookies']>;
}

const derived = { domain: null, sameSite: null, secure: null, partitioned: null, path: 'prefix' } as const;

function inputOf(deployment: Deployment): CookieAttributesInput {
  const api = new URL(deployment.api);
  return {
    appOrigins: deployment.app,
    publicUrl: { origin: api.origin, basePath: api.pathname.replace(/\/$/, '') },
    cloudFrontUrl: deployment.cdn,
    environment: deployment.environment ?? 'production',
    cookies: { ...derived, ...deployment.cookies },
    names: SETTING_OF_FIELD,
  };
}

const accepted: readonly (Deployment & {
  readonly gets: string;
  readonly ownCookies: string;
  readonly warns?: readonly string[];
})[] = [
  {
    name: 'three hosts below a domain of their own (B20)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    gets: 'Domain=media.example.com; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'three hosts below the registrable domain',
    app: ['https://app.example.com'],
    api: 'https://api.example.com',
    cdn: 'https://cdn.example.com',
    gets: 'Domain=example.com; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
    warns: [
      'the cookies get Domain=example.com, the registrable domain itself: every host below it receives them, cdn.staging.example.com too; apart they are as api.media.example.com and cdn.media.example.com',
    ],
  },
  {
    name: 'the API on the apex',
    app: ['https://example.com'],
    api: 'https://example.com',
    cdn: 'https://cdn.example.com',
    gets: 'Domain=example.com; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
    warns: [
      'the cookies get Domain=example.com, the registrable domain itself: every host below it receives them, cdn.staging.example.com too; apart they are as api.media.example.com and cdn.media.example.com',
    ],
  },
  {
    name: 'the distribution below the API',
    app: ['https://app.example.com'],
    api: 'https://media.example.com',
    cdn: 'https://cdn.media.example.com',
    gets: 'Domain=media.example.com; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'the hosts of the first article: dev.junlog.dev and dev.cloudfront.junlog.dev',
    app: ['https://dev.junlog.dev'],
    api: 'https://dev.junlog.dev',
    cdn: 'https://dev.cloudfront.junlog.dev',
    gets: 'Domain=junlog.dev; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
    warns: [
      'the cookies get Domain=junlog.dev, the registrable domain itself: every host below it receives them, cdn.staging.junlog.dev too; apart they are as api.media.junlog.dev and cdn.media.junlog.dev',
    ],
  },
  {
    name: 'the first article, moved as its warning proposes',
    app: ['https://dev.junlog.dev'],
    api: 'https://api.media.junlog.dev',
    cdn: 'https://cdn.media.junlog.dev',
    gets: 'Domain=media.junlog.dev; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'the laptop beside a real distribution: local.junlog.dev with ports (B56)',
    app: ['https://local.junlog.dev:3000'],
    api: 'https://local.junlog.dev:3001',
    cdn: 'https://cdn.junlog.dev',
    environment: 'development',
    gets: 'Domain=junlog.dev; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
    warns: [
      'the cookies get Domain=junlog.dev, the registrable domain itself: every host below it receives them, cdn.staging.junlog.dev too; apart they are as api.media.junlog.dev and cdn.media.junlog.dev',
    ],
  },
  {
    name: 'npm start as it is',
    app: ['https://app.edgepass.localhost:3000'],
    api: 'https://api.edgepass.localhost:3001',
    cdn: 'https://cdn.edgepass.localhost:3002',
    environment: 'development',
    gets: 'Domain=edgepass.localhost; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'names under .test from a hosts file (B14)',
    app: ['https://app.media.test'],
    api: 'https://api.media.test:3001',
    cdn: 'https://cdn.media.test:3002',
    environment: 'test',
    gets: 'Domain=media.test; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'names of a company network that no list knows (B14)',
    app: ['https://app.media.internal'],
    api: 'https://api.media.internal',
    cdn: 'https://cdn.media.internal',
    gets: 'Domain=media.internal; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'names below home.arpa, which is a public suffix itself (B55)',
    app: ['https://app.x.home.arpa'],
    api: 'https://api.x.home.arpa',
    cdn: 'https://cdn.x.home.arpa',
    environment: 'development',
    gets: 'Domain=x.home.arpa; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'a public suffix of two labels',
    app: ['https://www.example.co.uk'],
    api: 'https://api.example.co.uk',
    cdn: 'https://cdn.example.co.uk',
    gets: 'Domain=example.co.uk; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
    warns: [
      'the cookies get Domain=example.co.uk, the registrable domain itself: every host below it receives them, cdn.staging.example.co.uk too; apart they are as api.media.example.co.uk and cdn.media.example.co.uk',
    ],
  },
  {
    name: 'production below a name of its own, beside staging',
    app: ['https://app.example.com'],
    api: 'https://api.prod.example.com',
    cdn: 'https://cdn.prod.example.com',
    gets: 'Domain=prod.example.com; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'staging beside it: neither Domain contains the other',
    app: ['https://app.staging.example.com'],
    api: 'https://api.staging.example.com',
    cdn: 'https://cdn.staging.example.com',
    gets: 'Domain=staging.example.com; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'host names beyond ASCII, as browsers write them',
    app: ['https://app.xn--bcher-kva.de'],
    api: 'https://api.xn--bcher-kva.de',
    cdn: 'https://cdn.xn--bcher-kva.de',
    gets: 'Domain=xn--bcher-kva.de; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
    warns: [
      'the cookies get Domain=xn--bcher-kva.de, the registrable domain itself: every host below it receives them, cdn.staging.xn--bcher-kva.de too; apart they are as api.media.xn--bcher-kva.de and cdn.media.xn--bcher-kva.de',
    ],
  },
  {
    name: 'everything on one host, the API below a path (B42 topology 0)',
    app: ['https://www.example.com'],
    api: 'https://www.example.com/api',
    cdn: 'https://www.example.com',
    gets: 'Secure; SameSite=Lax',
    ownCookies: '__Secure- /api',
  },
  {
    name: 'API and distribution on one host, the page on another',
    app: ['https://app.example.com'],
    api: 'https://media.example.com',
    cdn: 'https://media.example.com',
    gets: 'Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'page, API and files behind one distribution without a name of its own (B16)',
    app: ['https://d111.cloudfront.net'],
    api: 'https://d111.cloudfront.net/api',
    cdn: 'https://d111.cloudfront.net',
    gets: 'Secure; SameSite=Lax',
    ownCookies: '__Secure- /api',
  },
  {
    name: 'localhost for all three: ports do not part cookies (B7)',
    app: ['https://localhost:3000'],
    api: 'https://localhost:3001',
    cdn: 'https://localhost:3002',
    environment: 'development',
    gets: 'Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'one IP address for all three (B15)',
    app: ['https://127.0.0.1:3000'],
    api: 'https://127.0.0.1:3001',
    cdn: 'https://127.0.0.1:3002',
    environment: 'development',
    gets: 'Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'one IPv6 address for all three',
    app: ['https://[::1]:3000'],
    api: 'https://[::1]:3001',
    cdn: 'https://[::1]:3002',
    environment: 'development',
    gets: 'Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'the app on another registrable domain (B42 b)',
    app: ['https://app.customer.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    gets: 'Domain=media.example.com; Secure; SameSite=None; Partitioned',
    ownCookies: '__Host- /',
    warns: [
      'https://app.customer.com: on another site than https://cdn.media.example.com, so the cookies are SameSite=None; Secure; Partitioned, kept by Chrome 114, Firefox 141, Safari 26.2 and newer, by no older Safari; an app on the same site, such as https://app.example.com, works everywhere',
    ],
  },
  {
    name: 'several apps, one of them foreign: one kind for all',
    app: ['https://app.example.com', 'https://shop.other.net'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    gets: 'Domain=media.example.com; Secure; SameSite=None; Partitioned',
    ownCookies: '__Host- /',
    warns: [
      'https://shop.other.net: on another site than https://cdn.media.example.com, so the cookies are SameSite=None; Secure; Partitioned, kept by Chrome 114, Firefox 141, Safari 26.2 and newer, by no older Safari; an app on the same site, such as https://app.example.com, works everywhere',
    ],
  },
  {
    name: 'two customers of one platform are two sites',
    app: ['https://one.vercel.app'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    gets: 'Domain=media.example.com; Secure; SameSite=None; Partitioned',
    ownCookies: '__Host- /',
    warns: [
      'https://one.vercel.app: on another site than https://cdn.media.example.com, so the cookies are SameSite=None; Secure; Partitioned, kept by Chrome 114, Firefox 141, Safari 26.2 and newer, by no older Safari; an app on the same site, such as https://app.example.com, works everywhere',
    ],
  },
  {
    name: 'a foreign app, and everything else on one host',
    app: ['https://app.customer.com'],
    api: 'https://www.example.com/api',
    cdn: 'https://www.example.com',
    gets: 'Secure; SameSite=None; Partitioned',
    ownCookies: '__Secure- /api',
    warns: [
      'https://app.customer.com: on another site than https://www.example.com, so the cookies are SameSite=None; Secure; Partitioned, kept by Chrome 114, Firefox 141, Safari 26.2 and newer, by no older Safari; an app on the same site, such as https://app.example.com, works everywhere',
    ],
  },
  {
    name: 'a dev server on plain localhost beside HTTPS names (B22)',
    app: ['http://localhost:5173'],
    api: 'https://api.edgepass.localhost:3001',
    cdn: 'https://cdn.edgepass.localhost:3002',
    environment: 'development',
    gets: 'Domain=edgepass.localhost; Secure; SameSite=None; Partitioned',
    ownCookies: '__Host- /',
    warns: [
      'http://localhost:5173: on another site than https://cdn.edgepass.localhost:3002, so the cookies are SameSite=None; Secure; Partitioned, kept by Chrome 114, Firefox 141, Safari 26.2 and newer, by no older Safari; an app on the same site, such as https://app.edgepass.localhost, works everywhere',
    ],
  },
  {
    name: 'a page over http is another site than the same name over https (B22)',
    app: ['http://app.edgepass.localhost:3000'],
    api: 'https://api.edgepass.localhost:3001',
    cdn: 'https://cdn.edgepass.localhost:3002',
    environment: 'development',
    gets: 'Domain=edgepass.localhost; Secure; SameSite=None; Partitioned',
    ownCookies: '__Host- /',
    warns: [
      'http://app.edgepass.localhost:3000: on another site than https://cdn.edgepass.localhost:3002, so the cookies are SameSite=None; Secure; Partitioned, kept by Chrome 114, Firefox 141, Safari 26.2 and newer, by no older Safari; an app on the same site, such as https://app.edgepass.localhost, works everywhere',
    ],
  },
  {
    name: "plain HTTP in development (B42 c')",
    app: ['http://app.edgepass.localhost:3000'],
    api: 'http://api.edgepass.localhost:3001',
    cdn: 'http://cdn.edgepass.localhost:3002',
    environment: 'development',
    gets: 'Domain=edgepass.localhost; SameSite=Lax',
    ownCookies: ' /',
    warns: [
      'http://api.edgepass.localhost:3001 is plain HTTP: the cookies go without Secure, for development only; Safari and production need HTTPS (npm start serves it)',
    ],
  },
  {
    name: 'plain HTTP in development below a path',
    app: ['http://app.edgepass.localhost:3000'],
    api: 'http://api.edgepass.localhost:3001/api',
    cdn: 'http://cdn.edgepass.localhost:3002',
    environment: 'development',
    gets: 'Domain=edgepass.localhost; SameSite=Lax',
    ownCookies: ' /api',
    warns: [
      'http://api.edgepass.localhost:3001 is plain HTTP: the cookies go without Secure, for development only; Safari and production need HTTPS (npm start serves it)',
    ],
  },
  {
    name: 'Path=/ for every cookie',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { path: 'root' },
    gets: 'Domain=media.example.com; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'COOKIE_DOMAIN as it would be derived',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'media.example.com' },
    gets: 'Domain=media.example.com; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'COOKIE_DOMAIN with the leading dot of old (B9)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: '.media.example.com' },
    gets: 'Domain=media.example.com; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'COOKIE_DOMAIN wider than needed',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'example.com' },
    gets: 'Domain=example.com; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
    warns: [
      'COOKIE_DOMAIN=example.com is wider than needed: left unset, the cookies reach media.example.com and what is below it',
      'the cookies get Domain=example.com, the registrable domain itself: every host below it receives them, cdn.staging.example.com too; apart they are as api.media.example.com and cdn.media.example.com',
    ],
  },
  {
    name: 'COOKIE_DOMAIN where none is needed',
    app: ['https://www.example.com'],
    api: 'https://www.example.com/api',
    cdn: 'https://www.example.com',
    cookies: { domain: 'www.example.com' },
    gets: 'Domain=www.example.com; Secure; SameSite=Lax',
    ownCookies: '__Secure- /api',
    warns: [
      'COOKIE_DOMAIN=www.example.com is wider than needed: left unset, the cookies reach www.example.com alone',
    ],
  },
  {
    name: 'COOKIE_SAME_SITE=Strict',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { sameSite: 'Strict' },
    gets: 'Domain=media.example.com; Secure; SameSite=Strict',
    ownCookies: '__Host- /',
  },
  {
    name: 'COOKIE_SAME_SITE=Lax, said aloud',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { sameSite: 'Lax', secure: true, partitioned: false },
    gets: 'Domain=media.example.com; Secure; SameSite=Lax',
    ownCookies: '__Host- /',
  },
  {
    name: 'COOKIE_SAME_SITE=None without partition',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { sameSite: 'None' },
    gets: 'Domain=media.example.com; Secure; SameSite=None',
    ownCookies: '__Host- /',
  },
  {
    name: 'COOKIE_SAME_SITE=None with COOKIE_PARTITIONED, for pages that others embed (B42 d)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { sameSite: 'None', partitioned: true },
    gets: 'Domain=media.example.com; Secure; SameSite=None; Partitioned',
    ownCookies: '__Host- /',
  },
  {
    name: 'a foreign app without partition (B35, B36)',
    app: ['https://app.customer.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { partitioned: false },
    gets: 'Domain=media.example.com; Secure; SameSite=None',
    ownCookies: '__Host- /',
    warns: [
      'https://app.customer.com: on another site than https://cdn.media.example.com, so the cookies are SameSite=None; Secure, kept only where third-party cookies are allowed, never by Safari; an app on the same site, such as https://app.example.com, works everywhere',
    ],
  },
];

const refused: readonly (Deployment & {
  readonly because: readonly { readonly setting: string; readonly found: string; readonly todo: string }[];
})[] = [
  {
    name: 'the API on localhost, a real distribution (B18)',
    app: ['http://localhost:5173'],
    api: 'https://localhost:3001',
    cdn: 'https://cdn.example.com',
    environment: 'development',
    because: [
      {
        setting: 'PUBLIC_URL',
        found:
          'the API localhost and the distribution cdn.example.com: they share no parent domain, so no cookie can reach both',
        todo: 'open the API as local.example.com, a name that leads to this machine, and set PUBLIC_URL to it',
      },
    ],
  },
  {
    name: 'the API on localhost, the distribution on its own AWS name',
    app: ['https://localhost:3000'],
    api: 'https://localhost:3001',
    cdn: 'https://d111.cloudfront.net',
    environment: 'development',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API localhost and the distribution d111.cloudfront.net: d111.cloudfront.net lies below the public suffix cloudfront.net, so it shares cookies with no host of yours',
        todo: 'give both a name below one domain of yours: the distribution the alternate domain name cdn.media.example.com, the API local.example.com, a name that leads to this machine',
      },
    ],
  },
  {
    name: 'the distribution on its own AWS name (B16)',
    app: ['https://app.example.com'],
    api: 'https://api.example.com',
    cdn: 'https://d111.cloudfront.net',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API api.example.com and the distribution d111.cloudfront.net: d111.cloudfront.net lies below the public suffix cloudfront.net, so it shares cookies with no host of yours',
        todo: 'give the distribution the alternate domain name cdn.example.com and set CLOUDFRONT_DOMAIN=https://cdn.example.com',
      },
    ],
  },
  {
    name: 'the API of the first article with the AWS name',
    app: ['https://dev.junlog.dev'],
    api: 'https://api.junlog.dev',
    cdn: 'https://d111.cloudfront.net',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API api.junlog.dev and the distribution d111.cloudfront.net: d111.cloudfront.net lies below the public suffix cloudfront.net, so it shares cookies with no host of yours',
        todo: 'give the distribution the alternate domain name cdn.junlog.dev and set CLOUDFRONT_DOMAIN=https://cdn.junlog.dev',
      },
    ],
  },
  {
    name: 'two distributions (B16)',
    app: ['https://d222.cloudfront.net'],
    api: 'https://d222.cloudfront.net',
    cdn: 'https://d111.cloudfront.net',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API d222.cloudfront.net and the distribution d111.cloudfront.net: all they share is cloudfront.net, a public suffix, for which some browsers refuse every cookie',
        todo: 'give both a name below one domain of yours: the distribution the alternate domain name cdn.media.example.com, the API api.media.example.com',
      },
    ],
  },
  {
    name: 'the API on execute-api (B17)',
    app: ['https://app.example.com'],
    api: 'https://abc.execute-api.us-east-1.amazonaws.com/prod',
    cdn: 'https://cdn.example.com',
    because: [
      {
        setting: 'PUBLIC_URL',
        found:
          'the API abc.execute-api.us-east-1.amazonaws.com and the distribution cdn.example.com: abc.execute-api.us-east-1.amazonaws.com lies below the public suffix execute-api.us-east-1.amazonaws.com, so it shares cookies with no host of yours',
        todo: 'give the API the domain name api.example.com and set PUBLIC_URL=https://api.example.com',
      },
    ],
  },
  {
    name: "the API behind a load balancer's own name (B17)",
    app: ['https://app.example.com'],
    api: 'https://lb-1.us-east-1.elb.amazonaws.com',
    cdn: 'https://cdn.example.com',
    because: [
      {
        setting: 'PUBLIC_URL',
        found:
          'the API lb-1.us-east-1.elb.amazonaws.com and the distribution cdn.example.com: lb-1.us-east-1.elb.amazonaws.com lies below the public suffix us-east-1.elb.amazonaws.com, so it shares cookies with no host of yours',
        todo: 'give the API the domain name api.example.com and set PUBLIC_URL=https://api.example.com',
      },
    ],
  },
  {
    name: 'the API on Vercel (B17)',
    app: ['https://one.vercel.app'],
    api: 'https://one.vercel.app',
    cdn: 'https://cdn.example.com',
    because: [
      {
        setting: 'PUBLIC_URL',
        found:
          'the API one.vercel.app and the distribution cdn.example.com: one.vercel.app lies below the public suffix vercel.app, so it shares cookies with no host of yours',
        todo: 'give the API the domain name api.example.com and set PUBLIC_URL=https://api.example.com',
      },
    ],
  },
  {
    name: 'API and distribution on lent names',
    app: ['https://one.vercel.app'],
    api: 'https://one.vercel.app',
    cdn: 'https://d111.cloudfront.net',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API one.vercel.app and the distribution d111.cloudfront.net: d111.cloudfront.net lies below the public suffix cloudfront.net, so it shares cookies with no host of yours',
        todo: 'give both a name below one domain of yours: the distribution the alternate domain name cdn.media.example.com, the API api.media.example.com',
      },
    ],
  },
  {
    name: 'two names of one platform',
    app: ['https://one.vercel.app'],
    api: 'https://one.vercel.app',
    cdn: 'https://two.vercel.app',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API one.vercel.app and the distribution two.vercel.app: all they share is vercel.app, a public suffix, for which some browsers refuse every cookie',
        todo: 'give both a name below one domain of yours: the distribution the alternate domain name cdn.media.example.com, the API api.media.example.com',
      },
    ],
  },
  {
    name: 'the API on an IP address (B15)',
    app: ['https://app.example.com'],
    api: 'https://203.0.113.7',
    cdn: 'https://cdn.example.com',
    because: [
      {
        setting: 'PUBLIC_URL',
        found:
          'the API 203.0.113.7 and the distribution cdn.example.com: 203.0.113.7 is an IP address, whose cookies no other host receives',
        todo: 'give the API the domain name api.example.com and set PUBLIC_URL=https://api.example.com',
      },
    ],
  },
  {
    name: 'localhost and 127.0.0.1 are two hosts',
    app: ['https://localhost:3000'],
    api: 'https://localhost:3001',
    cdn: 'https://127.0.0.1:3002',
    environment: 'development',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API localhost and the distribution 127.0.0.1: 127.0.0.1 is an IP address, whose cookies no other host receives',
        todo: 'open the API as api.edgepass.localhost and the distribution as cdn.edgepass.localhost, which lead to this machine in every browser',
      },
    ],
  },
  {
    name: 'two IP addresses',
    app: ['https://10.0.0.1'],
    api: 'https://10.0.0.1',
    cdn: 'https://10.0.0.2',
    environment: 'development',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API 10.0.0.1 and the distribution 10.0.0.2: 10.0.0.1 is an IP address, whose cookies no other host receives',
        todo: 'open the API as api.edgepass.localhost and the distribution as cdn.edgepass.localhost, which lead to this machine in every browser',
      },
    ],
  },
  {
    name: 'two registrable domains',
    app: ['https://app.example.com'],
    api: 'https://api.example.com',
    cdn: 'https://cdn.example.net',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API api.example.com and the distribution cdn.example.net: they share no parent domain, so no cookie can reach both',
        todo: 'give the distribution the alternate domain name cdn.example.com and set CLOUDFRONT_DOMAIN=https://cdn.example.com',
      },
    ],
  },
  {
    name: 'nothing shared but a public suffix of two labels (B13)',
    app: ['https://app.one.co.uk'],
    api: 'https://api.one.co.uk',
    cdn: 'https://cdn.two.co.uk',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API api.one.co.uk and the distribution cdn.two.co.uk: all they share is co.uk, a public suffix, for which some browsers refuse every cookie',
        todo: 'give the distribution the alternate domain name cdn.one.co.uk and set CLOUDFRONT_DOMAIN=https://cdn.one.co.uk',
      },
    ],
  },
  {
    name: 'nothing shared but .localhost (B14)',
    app: ['https://app.localhost'],
    api: 'https://api.localhost',
    cdn: 'https://cdn.localhost',
    environment: 'development',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API api.localhost and the distribution cdn.localhost: all they share is localhost, a public suffix, for which some browsers refuse every cookie',
        todo: 'open the API as api.edgepass.localhost and the distribution as cdn.edgepass.localhost, which lead to this machine in every browser',
      },
    ],
  },
  {
    name: 'the local API beside a real distribution',
    app: ['https://app.edgepass.localhost:3000'],
    api: 'https://api.edgepass.localhost:3001',
    cdn: 'https://cdn.example.com',
    environment: 'development',
    because: [
      {
        setting: 'PUBLIC_URL',
        found:
          'the API api.edgepass.localhost and the distribution cdn.example.com: they share no parent domain, so no cookie can reach both',
        todo: 'open the API as local.example.com, a name that leads to this machine, and set PUBLIC_URL to it',
      },
    ],
  },
  {
    name: 'a real API, a local distribution',
    app: ['https://app.example.com'],
    api: 'https://api.example.com',
    cdn: 'https://localhost:3002',
    environment: 'development',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API api.example.com and the distribution localhost: they share no parent domain, so no cookie can reach both',
        todo: 'open the distribution as cdn.local.example.com, a name that leads to this machine, and set CLOUDFRONT_DOMAIN to it',
      },
    ],
  },
  {
    name: 'localhost beside a local name',
    app: ['https://localhost:3000'],
    api: 'https://localhost:3001',
    cdn: 'https://cdn.edgepass.localhost:3002',
    environment: 'development',
    because: [
      {
        setting: 'PUBLIC_URL',
        found:
          'the API localhost and the distribution cdn.edgepass.localhost: all they share is localhost, a public suffix, for which some browsers refuse every cookie',
        todo: 'open the API as api.edgepass.localhost and set PUBLIC_URL to it',
      },
    ],
  },
  {
    name: 'a local name beside localhost',
    app: ['https://app.edgepass.localhost:3000'],
    api: 'https://api.edgepass.localhost:3001',
    cdn: 'https://localhost:3002',
    environment: 'development',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found:
          'the API api.edgepass.localhost and the distribution localhost: all they share is localhost, a public suffix, for which some browsers refuse every cookie',
        todo: 'open the distribution as cdn.edgepass.localhost and set CLOUDFRONT_DOMAIN to it',
      },
    ],
  },
  {
    name: 'the API inside a container network, by a single label',
    app: ['https://app.example.com'],
    api: 'https://api',
    cdn: 'https://cdn.example.com',
    because: [
      {
        setting: 'PUBLIC_URL',
        found:
          'the API api and the distribution cdn.example.com: they share no parent domain, so no cookie can reach both',
        todo: 'give the API the domain name api.example.com and set PUBLIC_URL=https://api.example.com',
      },
    ],
  },
  {
    name: 'plain HTTP in production',
    app: ['http://app.example.com'],
    api: 'http://api.example.com',
    cdn: 'http://cdn.example.com',
    because: [
      {
        setting: 'PUBLIC_URL',
        found: 'http://api.example.com',
        todo: 'serve it over HTTPS: https://api.example.com',
      },
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found: 'http://cdn.example.com',
        todo: 'serve it over HTTPS: https://cdn.example.com',
      },
      {
        setting: 'APP_ORIGINS',
        found: 'http://app.example.com',
        todo: 'serve it over HTTPS: https://app.example.com',
      },
    ],
  },
  {
    name: 'plain HTTP for the API alone (B22, B29)',
    app: ['https://app.example.test'],
    api: 'http://api.example.test',
    cdn: 'https://cdn.example.test',
    environment: 'development',
    because: [
      {
        setting: 'PUBLIC_URL',
        found: 'http://api.example.test beside https://cdn.example.test',
        todo: 'serve it over HTTPS: https://api.example.test',
      },
    ],
  },
  {
    name: 'plain HTTP for the distribution alone',
    app: ['https://app.example.test'],
    api: 'https://api.example.test',
    cdn: 'http://cdn.example.test',
    environment: 'development',
    because: [
      {
        setting: 'CLOUDFRONT_DOMAIN',
        found: 'http://cdn.example.test beside https://api.example.test',
        todo: 'serve it over HTTPS: https://cdn.example.test',
      },
    ],
  },
  {
    name: 'plain HTTP and a foreign app (B28)',
    app: ['http://localhost:5173'],
    api: 'http://api.edgepass.localhost:3001',
    cdn: 'http://cdn.edgepass.localhost:3002',
    environment: 'development',
    because: [
      {
        setting: 'APP_ORIGINS',
        found: 'http://localhost:5173',
        todo: 'serve API and distribution over HTTPS (npm start does), or open the app as http://app.edgepass.localhost',
      },
    ],
  },
  {
    name: 'COOKIE_SECURE=false in production (C04)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { secure: false },
    because: [
      { setting: 'COOKIE_SECURE', found: 'false, with addresses over HTTPS', todo: 'remove COOKIE_SECURE' },
    ],
  },
  {
    name: 'COOKIE_SECURE=true over plain HTTP (B29, B30)',
    app: ['http://app.edgepass.localhost:3000'],
    api: 'http://api.edgepass.localhost:3001',
    cdn: 'http://cdn.edgepass.localhost:3002',
    environment: 'development',
    cookies: { secure: true },
    because: [
      {
        setting: 'COOKIE_SECURE',
        found: 'true, with PUBLIC_URL over plain HTTP',
        todo: 'serve the API over HTTPS (npm start does), or remove COOKIE_SECURE',
      },
    ],
  },
  {
    name: 'COOKIE_SAME_SITE=None over plain HTTP (B28)',
    app: ['http://app.edgepass.localhost:3000'],
    api: 'http://api.edgepass.localhost:3001',
    cdn: 'http://cdn.edgepass.localhost:3002',
    environment: 'development',
    cookies: { sameSite: 'None' },
    because: [
      {
        setting: 'COOKIE_SAME_SITE',
        found: 'None with http://api.edgepass.localhost:3001',
        todo: 'serve API and distribution over HTTPS (npm start does), or remove COOKIE_SAME_SITE',
      },
    ],
  },
  {
    name: 'COOKIE_SAME_SITE=None with COOKIE_SECURE=false (C04)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { sameSite: 'None', secure: false },
    because: [
      { setting: 'COOKIE_SECURE', found: 'false, with addresses over HTTPS', todo: 'remove COOKIE_SECURE' },
    ],
  },
  {
    name: 'COOKIE_SAME_SITE=Lax with a foreign app (B26)',
    app: ['https://app.customer.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { sameSite: 'Lax' },
    because: [
      {
        setting: 'COOKIE_SAME_SITE',
        found: 'Lax with https://app.customer.com',
        todo: 'remove COOKIE_SAME_SITE, or open the app on the same site, such as https://app.example.com',
      },
    ],
  },
  {
    name: 'COOKIE_SAME_SITE=Strict with one foreign app of two',
    app: ['https://app.example.com', 'https://app.customer.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { sameSite: 'Strict' },
    because: [
      {
        setting: 'COOKIE_SAME_SITE',
        found: 'Strict with https://app.customer.com',
        todo: 'remove COOKIE_SAME_SITE, or open the app on the same site, such as https://app.example.com',
      },
    ],
  },
  {
    name: 'COOKIE_PARTITIONED beside Lax (B38)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { partitioned: true },
    because: [
      {
        setting: 'COOKIE_PARTITIONED',
        found: 'true with SameSite=Lax',
        todo: 'set COOKIE_SAME_SITE=None (pages that other sites embed), or remove COOKIE_PARTITIONED',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=.com (C01)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: '.com' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'com, a public suffix, for which some browsers refuse every cookie',
        todo: 'leave it unset, or set COOKIE_DOMAIN=media.example.com',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=co.uk (C01)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'co.uk' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'co.uk, a public suffix, for which some browsers refuse every cookie',
        todo: 'leave it unset, or set COOKIE_DOMAIN=media.example.com',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=cloudfront.net (C01)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'cloudfront.net' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'cloudfront.net, a public suffix, for which some browsers refuse every cookie',
        todo: 'leave it unset, or set COOKIE_DOMAIN=media.example.com',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN that covers the API alone (C02)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.example.com',
    cookies: { domain: 'media.example.com' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found:
          'media.example.com for the API api.media.example.com and the distribution cdn.example.com: it does not cover the distribution cdn.example.com, so it never receives the cookie',
        todo: 'leave it unset, or set COOKIE_DOMAIN=example.com',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN that covers the distribution alone (B8, C02)',
    app: ['https://app.example.com'],
    api: 'https://api.example.com',
    cdn: 'https://cdn.example.com',
    cookies: { domain: 'cdn.example.com' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found:
          'cdn.example.com for the API api.example.com and the distribution cdn.example.com: it does not cover the API api.example.com, so it cannot set the cookie',
        todo: 'leave it unset, or set COOKIE_DOMAIN=example.com',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN of another company (B6)',
    app: ['https://app.example.com'],
    api: 'https://api.example.com',
    cdn: 'https://cdn.example.com',
    cookies: { domain: 'example.net' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found:
          'example.net for the API api.example.com and the distribution cdn.example.com: it does not cover the API api.example.com, so it cannot set the cookie, nor the distribution cdn.example.com, so it never receives the cookie',
        todo: 'leave it unset, or set COOKIE_DOMAIN=example.com',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN that is the end of the name but no parent (B5)',
    app: ['https://app.example.com'],
    api: 'https://api.example.com',
    cdn: 'https://cdn.example.com',
    cookies: { domain: 'ample.com' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found:
          'ample.com for the API api.example.com and the distribution cdn.example.com: it does not cover the API api.example.com, so it cannot set the cookie, nor the distribution cdn.example.com, so it never receives the cookie',
        todo: 'leave it unset, or set COOKIE_DOMAIN=example.com',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN for addresses that cannot work at all',
    app: ['https://app.example.com'],
    api: 'https://api.example.com',
    cdn: 'https://d111.cloudfront.net',
    cookies: { domain: 'example.com' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found:
          'example.com for the API api.example.com and the distribution d111.cloudfront.net: it does not cover the distribution d111.cloudfront.net, so it never receives the cookie',
        todo: 'give the distribution the alternate domain name cdn.example.com and set CLOUDFRONT_DOMAIN=https://cdn.example.com',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN that is an IP address (B15)',
    app: ['https://127.0.0.1:3000'],
    api: 'https://127.0.0.1:3001',
    cdn: 'https://127.0.0.1:3002',
    environment: 'development',
    cookies: { domain: '127.0.0.1' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'the IP address 127.0.0.1',
        todo: 'leave it unset: cookies of an IP address belong to that host alone',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN in capitals, which libsoup refuses (B11)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'Media.Example.com' },
    because: [
      { setting: 'COOKIE_DOMAIN', found: 'a host name in capitals', todo: 'write media.example.com' },
    ],
  },
  {
    name: 'COOKIE_DOMAIN left empty (B10)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: '' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=. (B12, C03)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: '.' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=media.example.com:8443 (B12, C03)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'media.example.com:8443' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=https://media.example.com (B12, C03)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'https://media.example.com' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=*.example.com (B12, C03)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: '*.example.com' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=..example.com (B12, C03)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: '..example.com' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=media.example.com. (B12, C03)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'media.example.com.' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=media.example.com; Secure (B12, C03)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'media.example.com; Secure' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=media.example.com\\r\\nX: 1 (B12, C03)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'media.example.com\r\nX: 1' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=media example.com (B12, C03)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'media example.com' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=media.example.com/ (B12, C03)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'media.example.com/' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=münchen.de (B12, C03)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'münchen.de' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
  {
    name: 'COOKIE_DOMAIN=media..example.com (B12, C03)',
    app: ['https://app.example.com'],
    api: 'https://api.media.example.com',
    cdn: 'https://cdn.media.example.com',
    cookies: { domain: 'media..example.com' },
    because: [
      {
        setting: 'COOKIE_DOMAIN',
        found: 'a text that browsers refuse as Domain',
        todo: 'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
      },
    ],
  },
];

function derivedFrom(deployment: Deployment): CookieAttributes {
  const result = deriveCookieAttributes(inputOf(deployment));
  if ('faults' in result) throw new Error(result.faults.map((fault) => fault.found).join('; '));
  return result.attributes;
}

/** The attributes that differ between deployments, as they stand in a Set-Cookie line. */
function attributesOf(attributes: CookieAttributes): string {
  const line = formatSetCookie({
    ...attributes,
    name: 'CloudFront-Policy',
    value: 'x',
    path: '/',
    maxAgeSeconds: 60,
  });
  return line
    .split('; ')
    .filter((part) => !/^(?:CloudFront-Policy|Path|Max-Age|HttpOnly)/.test(part))
    .join('; ');
}

describe('a deployment that can work gets the cookies that a browser keeps', () => {
  it.each(accepted)('$name', (deployment) => {
    const attributes = derivedFrom(deployment);
    expect(attributesOf(attributes)).toBe(deployment.gets);
    expect(`${attributes.ownCookies.namePrefix} ${attributes.ownCookies.path}`).toBe(deployment.ownCookies);
    expect(attributes.pathMode).toBe(deployment.cookies?.path ?? 'prefix');
  });

  it.each(accepted)('$name: what the log says at start', (deployment) => {
    expect(deriveCookieAttributes(inputOf(deployment)).warnings).toEqual(deployment.warns ?? []);
  });

  it.each(accepted)(
    '$name: tough-cookie takes them from the API and sends them to the distribution',
    async (deployment) => {
      const attributes = derivedFrom(deployment);
      const apiUrl = `${deployment.api}/grants`;
      const isForeign = attributes.sameSite === 'None';
      const jar = new CookieJar();
      const cookie = { ...attributes, value: 'x', maxAgeSeconds: 60 };
      const lines = [
        formatSetCookie({ ...cookie, name: 'CloudFront-Policy', path: '/courses/algebra' }),
        formatSetCookie({
          ...cookie,
          name: `${attributes.ownCookies.namePrefix}edgepass-held-x`,
          path: attributes.ownCookies.path,
          domain: null,
        }),
      ];
      const context = { sameSiteContext: isForeign ? 'none' : 'strict' } as const;
      for (const line of lines) await jar.setCookie(line, apiUrl, context);
      const namesAt = async (url: string) => (await jar.getCookies(url, context)).map((kept) => kept.key);

      expect(await namesAt(`${deployment.cdn}/courses/algebra/lesson-1.m3u8`)).toContain('CloudFront-Policy');
      expect(await namesAt(`${deployment.cdn}/courses/geometry/1.svg`)).not.toContain('CloudFront-Policy');
      expect(await namesAt(apiUrl)).toContain(`${attributes.ownCookies.namePrefix}edgepass-held-x`);
    },
  );
});

describe('a deployment that cannot work is refused with the reason and what would work', () => {
  it.each(refused)('$name', (deployment) => {
    const result = deriveCookieAttributes(inputOf(deployment));
    if ('attributes' in result) throw new Error(`accepted: ${attributesOf(result.attributes)}`);
    const problems = result.faults.map(settingsProblemOf);
    expect(problems.map(({ setting, found, todo }) => ({ setting, found, todo }))).toEqual(
      deployment.because,
    );
  });

  const withoutOverrides = refused.filter(
    (deployment) =>
      deployment.cookies === undefined &&
      deployment.because.some(({ found }) => found.startsWith('the API ')),
  );

  it.each(withoutOverrides)('$name: tough-cookie agrees, whatever Domain were chosen', async (deployment) => {
    const labels = new URL(deployment.api).hostname.split('.');
    const parents = labels.map((_, index) => labels.slice(index).join('.'));
    // Browsers refuse Domain=localhost from a subdomain (B13); tough-cookie does not (B118).
    const domains = [...parents, new URL(deployment.cdn).hostname].filter((domain) => domain !== 'localhost');
    const jar = new CookieJar(undefined, { rejectPublicSuffixes: true });
    for (const domain of [null, ...domains]) {
      const line = [
        'CloudFront-Policy=x',
        'Path=/',
        'Secure',
        ...(domain === null ? [] : [`Domain=${domain}`]),
      ];
      await jar.setCookie(line.join('; '), deployment.api, { ignoreError: true });
    }
    expect(await jar.getCookies(`${deployment.cdn}/courses/algebra/1.svg`)).toEqual([]);
  });
});
