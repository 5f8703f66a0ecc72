import { ALL_NAMES, listed, NO_NAMES } from '../origin-request/chosen-parts.js';
import type {
  AddedHeader,
  CachePolicy,
  CorsConfig,
  HeaderChoice,
  NameChoice,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
} from './distribution.js';

const DAY_SECONDS = 86_400;
const YEAR_SECONDS = 31_536_000;

const OPTIMIZED: CachePolicy = {
  minTtlSeconds: 1,
  defaultTtlSeconds: DAY_SECONDS,
  maxTtlSeconds: YEAR_SECONDS,
  headers: [],
  cookies: NO_NAMES,
  queryStrings: NO_NAMES,
  gzip: true,
  brotli: true,
};

const DISABLED: CachePolicy = {
  ...OPTIMIZED,
  minTtlSeconds: 0,
  defaultTtlSeconds: 0,
  maxTtlSeconds: 0,
  gzip: false,
  brotli: false,
};

const ORIGIN_DECIDES: CachePolicy = {
  ...OPTIMIZED,
  minTtlSeconds: 0,
  defaultTtlSeconds: 0,
  headers: ['host', 'origin', 'x-http-method', 'x-http-method-override', 'x-method-override'],
  cookies: ALL_NAMES,
};

/** AWS's managed cache policies by id (R61). */
export const MANAGED_CACHE_POLICIES: ReadonlyMap<string, CachePolicy> = new Map([
  // CachingOptimized
  ['658327ea-f89d-4fab-a63d-7e88639e58f6', OPTIMIZED],
  // CachingOptimizedForUncompressedObjects
  ['b2884449-e4de-46a7-ac36-70bc7f1ddd6d', { ...OPTIMIZED, gzip: false, brotli: false }],
  // CachingDisabled
  ['4135ea2d-6df8-44a3-9df3-4b5a84be39ad', DISABLED],
  // Amplify
  [
    '2e54312d-136d-493c-8eb9-b001f22f67d2',
    {
      ...OPTIMIZED,
      minTtlSeconds: 2,
      defaultTtlSeconds: 2,
      maxTtlSeconds: 600,
      headers: ['authorization', 'cloudfront-viewer-country', 'host'],
      cookies: ALL_NAMES,
      queryStrings: ALL_NAMES,
    },
  ],
  // Elemental-MediaPackage
  [
    '08627262-05a9-4f76-9ded-b50ca2e3a84f',
    {
      ...OPTIMIZED,
      minTtlSeconds: 0,
      headers: ['origin'],
      queryStrings: listed(['aws.manifestfilter', 'start', 'end', 'm']),
      brotli: false,
    },
  ],
  // UseOriginCacheControlHeaders
  ['83da9c7e-98b4-4e11-a168-04f0df8e2c65', ORIGIN_DECIDES],
  // UseOriginCacheControlHeaders-QueryStrings
  ['4cc15a8a-d715-48a4-82b8-cc0b614638fe', { ...ORIGIN_DECIDES, queryStrings: ALL_NAMES }],
]);

/** AWS's managed origin request policies by id (R63). */
export const MANAGED_ORIGIN_REQUEST_POLICIES: ReadonlyMap<string, OriginRequestPolicy> = new Map([
  // CORS-S3Origin
  [
    '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf',
    policy(['access-control-request-headers', 'access-control-request-method', 'origin']),
  ],
  // CORS-CustomOrigin
  ['59781a5b-3903-41f3-afcb-af62929ccde1', policy(['origin'])],
  // AllViewer
  ['216adef6-5c7f-47e4-b989-5492eafa07d3', policy([], 'all', ALL_NAMES, ALL_NAMES)],
  // AllViewerExceptHostHeader
  ['b689b0a8-53d0-40ab-baf2-68738e2966ac', policy(['host'], 'allExcept', ALL_NAMES, ALL_NAMES)],
  // AllViewerAndCloudFrontHeaders-2022-06; the edge makes no CloudFront-* headers
  ['33f36d7e-f396-46d9-90e0-52428a34d9dc', policy([], 'all', ALL_NAMES, ALL_NAMES)],
  // HostHeaderOnly
  ['bf0718e1-ba1e-49d1-88b1-f726733018ae', policy(['host'])],
  // UserAgentRefererHeaders
  ['acba4595-bd28-49b8-b9fe-13317c0390fa', policy(['referer', 'user-agent'])],
  // Elemental-MediaTailor-PersonalizedManifests
  [
    '775133bc-15f2-49f9-abea-afb2e0bf67d2',
    policy(
      [
        'access-control-request-headers',
        'access-control-request-method',
        'origin',
        'user-agent',
        'x-forwarded-for',
      ],
      'listed',
      NO_NAMES,
      ALL_NAMES,
    ),
  ],
]);

const SIMPLE_CORS: CorsConfig = {
  allowOrigins: ['*'],
  allowHeaders: [],
  allowMethods: [],
  allowCredentials: false,
  exposeHeaders: [],
  maxAgeSeconds: null,
  originOverride: false,
  exposeOnPreflightOnly: false,
};

const CORS_WITH_PREFLIGHT: CorsConfig = {
  ...SIMPLE_CORS,
  allowMethods: ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'],
  exposeHeaders: ['*'],
  exposeOnPreflightOnly: true,
};

const SECURITY_HEADERS: readonly AddedHeader[] = [
  { name: 'Referrer-Policy', value: 'strict-origin-when-cross-origin', override: false },
  { name: 'Strict-Transport-Security', value: 'max-age=31536000', override: false },
  { name: 'X-Content-Type-Options', value: 'nosniff', override: true },
  { name: 'X-Frame-Options', value: 'SAMEORIGIN', override: false },
  { name: 'X-XSS-Protection', value: '1; mode=block', override: false },
];

/** AWS's managed response headers policies by id (R65). */
export const MANAGED_RESPONSE_HEADERS_POLICIES: ReadonlyMap<string, ResponseHeadersPolicy> = new Map([
  // SimpleCORS
  ['60669652-455b-4ae9-85a4-c4c02393f86c', { cors: SIMPLE_CORS, added: [], removed: [] }],
  // CORS-With-Preflight
  ['5cc3b908-e619-4b99-88e5-2cf7f45965bd', { cors: CORS_WITH_PREFLIGHT, added: [], removed: [] }],
  // SecurityHeadersPolicy
  ['67f7725c-6f97-4210-82d7-5512b31e9d03', { cors: null, added: SECURITY_HEADERS, removed: [] }],
  // CORS-and-SecurityHeadersPolicy
  ['e61eb60c-9c35-4d20-a928-2b84e02af89c', { cors: SIMPLE_CORS, added: SECURITY_HEADERS, removed: [] }],
  // CORS-with-preflight-and-SecurityHeadersPolicy
  [
    'eaab4381-ed33-4a86-88ca-d9558dc6cd63',
    { cors: CORS_WITH_PREFLIGHT, added: SECURITY_HEADERS, removed: [] },
  ],
]);

function policy(
  names: readonly string[],
  kind: HeaderChoice['kind'] = 'listed',
  cookies: NameChoice = NO_NAMES,
  queryStrings: NameChoice = NO_NAMES,
): OriginRequestPolicy {
  return { headers: { kind, names }, cookies, queryStrings };
}
