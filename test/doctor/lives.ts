import { list } from '../support/edge-fixture.js';
import {
  CORS_S3_ORIGIN,
  distributionInput,
  policyFor,
  SIMPLE_CORS,
  type Stage,
  type World,
} from './stage.js';
import { distributed } from './world-changes.js';
import type { HeldCookie } from '@edgepass/doctor';

export const LIVE_PAGE = 'https://app.media.localhost:3000';
const PATH = '/courses/algebra/1.svg';
const GOOD = policyFor(LIVE_PAGE);
const cors = (change: object) => ({ ...GOOD, CorsConfig: { ...GOOD.CorsConfig, ...change } });
const rule = (origins: readonly string[]) => ({
  CORSRules: [{ AllowedOrigins: origins, AllowedMethods: ['GET'] }],
});

/** A live address with a fault, and what the probe is handed. */
export interface Lived {
  readonly entry: string;
  readonly how: string;
  readonly id: string;
  readonly change?: (world: World) => void;
  /** Of the cookies that open the file. */
  readonly cookies?: (cookies: readonly HeldCookie[], stage: Stage) => readonly HeldCookie[];
  readonly console?: (url: string) => readonly string[];
  readonly app?: string;
  /** Another address than that of the edge. */
  readonly url?: (stage: Stage) => string;
  readonly trustsAuthority?: boolean;
  /** How far the clock of the doctor is ahead of all others. */
  readonly clockAheadSeconds?: number;
  /** What somebody asked before. */
  readonly before?: readonly (string | null)[];
}

/** The recommended distribution for the page under .localhost. */
export function liveWorld(world: World): void {
  world.distribution = distributionInput({ policy: GOOD });
  world.cdn = 'https://cdn.media.localhost';
  world.page = LIVE_PAGE;
}

export const livePath = PATH;

/** The same cookies with something changed. */
const changed = (change: Partial<HeldCookie>) => (cookies: readonly HeldCookie[]) =>
  cookies.map((cookie) => ({ ...cookie, ...change }));

/** Cookies of a policy for these files of the edge, with something else changed too. */
const signedFor =
  (files: string, change: Partial<HeldCookie>, secondsLeft = 900) =>
  (cookies: readonly HeldCookie[], stage: Stage): readonly HeldCookie[] => {
    const values = stage.sign(`https://cdn.media.localhost:${stage.edgePort}${files}`, secondsLeft);
    return cookies.map((cookie) => ({
      ...cookie,
      ...change,
      value: values[cookie.name.replace('CloudFront-', '')] ?? '',
    }));
  };

/** Other cookies of the jar beside them. */
const withOthers =
  (count: number, value: string, path: string) =>
  (cookies: readonly HeldCookie[]): readonly HeldCookie[] => [
    ...cookies,
    ...Array.from({ length: count }, (_, index) => ({
      name: `s${index}`,
      value,
      domain: 'media.localhost',
      hostOnly: false,
      path,
      secure: true,
      expires: 0,
      where: 'cookie file',
    })),
  ];

function serving(headers: readonly (readonly [string, string])[]) {
  return (world: World): void => {
    world.wrongCdn = (_request, response) => {
      for (const [name, value] of headers) response.appendHeader(name, value);
      response.end();
      return true;
    };
  };
}
const onWrongServer = (stage: Stage) => `https://cdn.media.localhost:${stage.port}${PATH}`;
const allowed = (origin: string) =>
  [
    ['Access-Control-Allow-Origin', origin],
    ['Access-Control-Allow-Credentials', 'true'],
  ] as const;

export const LIVED: readonly Lived[] = [
  {
    entry: 'F1',
    how: 'the page got 403, the doctor with its cookies 206',
    id: 'request-without-credentials',
    console: (url) => [
      `Access to fetch at '${url}' from origin '${LIVE_PAGE}' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.`,
      `GET ${url} net::ERR_FAILED 403 (Forbidden)`,
    ],
  },
  {
    entry: 'F6',
    how: 'the jar keeps the cookies for the API alone',
    id: 'host-only-cookie',
    cookies: changed({ domain: 'api.media.localhost', hostOnly: true }),
  },
  {
    entry: 'F19',
    how: 'the jar keeps them for another Path',
    id: 'cookie-path',
    cookies: changed({ path: '/auth' }),
  },
  {
    entry: 'F19',
    how: 'the jar keeps them for another folder, and the policy is of both',
    id: 'cookie-path',
    cookies: signedFor('/courses/*', { path: '/courses/biology' }),
  },
  {
    entry: 'F61',
    how: 'the jar holds the grant of another folder',
    id: 'folder-not-granted',
    cookies: signedFor('/courses/biology/*', { path: '/courses/biology' }),
  },
  {
    entry: 'F61',
    how: 'the jar holds the grant of another folder, with the Path of both',
    id: 'folder-not-granted',
    cookies: signedFor('/courses/biology/*', { path: '/courses' }),
  },
  {
    entry: 'F61',
    how: 'the jar holds the grant of another folder, with the Path of none',
    id: 'folder-not-granted',
    cookies: signedFor('/courses/biology/*', { path: '/auth' }),
  },
  {
    entry: 'F20',
    how: 'two sets in one jar',
    id: 'nested-cookie-scopes',
    change: (world) =>
      void (world.distribution = {
        ...world.distribution,
        edge: { ...world.distribution.edge, switches: { duplicateCookies: 'refuse' } },
      }),
    cookies: (cookies) => [...cookies, ...cookies.map((cookie) => ({ ...cookie, path: '/' }))],
  },
  {
    entry: 'F23',
    how: 'two hundred cookies in the jar',
    id: 'too-many-cookies',
    cookies: withOthers(200, '1', '/other'),
  },
  {
    entry: 'F24',
    how: 'cookies of 40 KB',
    id: 'headers-too-large',
    cookies: withOthers(11, 'v'.repeat(3600), '/'),
  },
  {
    entry: 'F25',
    how: 'the clock here is ten minutes behind, and the policy has ended by that of the edge',
    id: 'clock-differs',
    clockAheadSeconds: -600,
    cookies: signedFor('/*', {}, -60),
  },
  {
    entry: 'F26',
    how: 'the lines of the jar have ended',
    id: 'grant-expired',
    cookies: changed({ expires: 1_700_000_000 }),
  },
  {
    entry: 'F26',
    how: 'the policy has ended, the cookies have not',
    id: 'grant-expired',
    cookies: signedFor('/*', {}, -60),
  },
  {
    entry: 'F28',
    how: 'SimpleCORS',
    id: 'wildcard-with-credentials',
    change: distributed({
      policy: null,
      behavior: { ResponseHeadersPolicyId: SIMPLE_CORS },
    }),
  },
  {
    entry: 'F29',
    how: 'credentials are not allowed',
    id: 'credentials-not-allowed',
    change: distributed({
      policy: cors({ AccessControlAllowCredentials: false }),
    }),
  },
  {
    entry: 'F30',
    how: 'a slash at the end',
    id: 'allowed-origin-differs',
    change: serving(allowed(`${LIVE_PAGE}/`)),
    url: onWrongServer,
  },
  {
    entry: 'F31',
    how: 'another app asked first',
    id: 'other-origins-copy',
    before: ['https://admin.media.localhost'],
    change: distributed({
      policy: null,
      bucketCors: rule([LIVE_PAGE, 'https://admin.media.localhost']),
      behavior: { OriginRequestPolicyId: CORS_S3_ORIGIN },
    }),
  },
  {
    entry: 'F32',
    how: 'no policy, no rules',
    id: 'no-cors-headers',
    change: distributed({ policy: null }),
  },
  {
    entry: 'F34',
    how: 'the header twice',
    id: 'origin-header-twice',
    change: serving([...allowed(LIVE_PAGE), ['Access-Control-Allow-Origin', LIVE_PAGE]]),
    url: onWrongServer,
  },
  {
    entry: 'F48',
    how: 'an authority that is not trusted',
    id: 'certificate-not-trusted',
    trustsAuthority: false,
  },
  {
    entry: 'F48',
    how: 'nothing listens',
    id: 'nothing-answers',
    url: () => 'https://cdn.media.localhost:9/a.png',
  },
  {
    entry: 'F49',
    how: 'a certificate for *.localhost',
    id: 'certificate-wildcard',
    url: (stage) => `https://cdn.localhost:${stage.wildcardPort}/a.png`,
  },
  {
    entry: 'F52',
    how: 'an http address from an https page',
    id: 'mixed-content',
    url: (stage) => `http://files.example.invalid:${stage.port}/a.png`,
  },
  {
    entry: 'F54',
    how: 'Cross-Origin-Resource-Policy: same-origin',
    id: 'resource-or-embedder-policy',
    change: distributed({
      policy: {
        ...GOOD,
        CustomHeadersConfig: list([
          { Header: 'Vary', Value: 'Origin', Override: true },
          { Header: 'Cross-Origin-Resource-Policy', Value: 'same-origin', Override: true },
        ]),
      },
    }),
  },
];
