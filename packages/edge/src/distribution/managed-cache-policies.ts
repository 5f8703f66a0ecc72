import type { CachePolicy } from './cache-policy.js';
import { ALL_NAMES, listed, NO_NAMES } from './name-choice.js';

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
