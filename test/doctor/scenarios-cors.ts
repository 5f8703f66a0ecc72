import type { IncomingMessage, ServerResponse } from 'node:http';
import { list } from '../support/edge-fixture.js';
import {
  API,
  CDN,
  CORS_S3_ORIGIN,
  distributionInput,
  FILE,
  GOOD_POLICY,
  PAGE,
  SIMPLE_CORS,
  type World,
} from './stage.js';
import {
  corsFor,
  distributed,
  movePage,
  send,
  changeFirstStep,
  bearer,
  type Scenario,
} from './world-changes.js';

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

/** The browser blocks before it asks. */
function blockedByPolicy(world: World, policy: string): void {
  world.pageHeaders = [...world.pageHeaders, ['Content-Security-Policy', policy]];
  world.blockedHosts = ['cdn.example.com'];
}

/** Answers that a header, or a policy of the page, keeps from the page. */
export const KEPT_FROM_THE_PAGE: readonly Scenario[] = [
  {
    entry: 'F28',
    how: 'the managed policy SimpleCORS',
    id: 'wildcard-with-credentials',
    change: distributed({
      policy: null,
      behavior: { ResponseHeadersPolicyId: SIMPLE_CORS },
    }),
  },
  {
    entry: 'F28',
    how: 'the bucket allows *, and the policy does not override it',
    id: 'wildcard-with-credentials',
    change: distributed({
      policy: cors({ OriginOverride: false }),
      bucketCors: oneCorsRule(['*']),
      behavior: { OriginRequestPolicyId: CORS_S3_ORIGIN },
    }),
  },
  {
    entry: 'F29',
    how: 'the policy does not allow credentials',
    id: 'credentials-not-allowed',
    change: distributed({
      policy: cors({ AccessControlAllowCredentials: false }),
    }),
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
    change: distributed({ policy: null }),
  },
  {
    entry: 'F32',
    how: 'rules in the bucket, Origin not passed on',
    id: 'no-cors-headers',
    change: distributed({ policy: null, bucketCors: oneCorsRule([PAGE]) }),
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
    change: (world) => changeFirstStep(world, { headers: { 'X-Requested-With': 'fetch' } }),
  },
  {
    entry: 'F35',
    how: 'a range without a start',
    id: 'preflight-refused',
    change: (world) => changeFirstStep(world, { headers: { Range: 'bytes=-9' } }),
  },
  {
    entry: 'F36',
    how: 'a header that is not listed',
    id: 'header-not-allowed',
    change: (world) => {
      serving(world, (page) => [...corsFor(page), ['Access-Control-Allow-Headers', 'range, if-match']]);
      changeFirstStep(world, { headers: { 'X-Cookie': 'x' } });
    },
  },
  {
    entry: 'F36',
    how: '* for headers, with credentials',
    id: 'header-not-allowed',
    change: (world) => {
      serving(world, (page) => [...corsFor(page), ['Access-Control-Allow-Headers', '*']]);
      changeFirstStep(world, { headers: { Authorization: bearer('ann') } });
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
      changeFirstStep(world, { headers: { 'X-Requested-With': 'fetch' } });
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
      changeFirstStep(world, { headers: { 'X-Course': 'algebra' } });
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
    entry: 'F54',
    how: 'Cross-Origin-Resource-Policy: same-origin',
    id: 'resource-or-embedder-policy',
    change: distributed({
      policy: {
        ...GOOD_POLICY,
        CustomHeadersConfig: list([
          { Header: 'Vary', Value: 'Origin', Override: true },
          { Header: 'Cross-Origin-Resource-Policy', Value: 'same-origin', Override: true },
        ]),
      },
    }),
  },
  {
    entry: 'F54',
    how: 'a page with COEP require-corp',
    id: 'resource-or-embedder-policy',
    change: (world) => {
      world.embedderPolicy = 'require-corp';
      world.pageHeaders = [...world.pageHeaders, ['Cross-Origin-Embedder-Policy', 'require-corp']];
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
];
