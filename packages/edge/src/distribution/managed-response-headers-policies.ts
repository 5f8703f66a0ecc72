import type { AddedHeader, CorsConfig, ResponseHeadersPolicy } from './response-headers-policy.js';

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
