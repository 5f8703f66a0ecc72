import { list } from '../support/edge-fixture.js';
import { APP, SECOND_APP } from './addresses.js';

/** AWS's managed policies, by the names that the console shows (R61, R63, R65). */
export const CACHING_OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
export const CORS_S3_ORIGIN = '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf';
export const CORS_WITH_PREFLIGHT = '5cc3b908-e619-4b99-88e5-2cf7f45965bd';

/** The bucket CORS of the first article: the page's exact origin. */
export const BUCKET_CORS_EXACT = bucketCors([APP]);
/** The same for a bucket that two apps read. */
export const BUCKET_CORS_BOTH_APPS = bucketCors([APP, SECOND_APP]);
/** The bucket CORS of the second article: anybody. */
export const BUCKET_CORS_ANY = bucketCors(['*']);

function bucketCors(origins: readonly string[]): object {
  return {
    CORSRules: [
      {
        AllowedHeaders: ['*'],
        AllowedMethods: ['GET', 'HEAD'],
        AllowedOrigins: origins,
        ExposeHeaders: [],
        MaxAgeSeconds: 3000,
      },
    ],
  };
}

/** A response headers policy with the exact origins of both apps and credentials (R90). */
export function pagesWithCookies(
  options: {
    readonly originOverride?: boolean;
    readonly vary?: boolean;
    readonly credentials?: boolean;
  } = {},
): object {
  const { originOverride = true, vary = true, credentials = true } = options;
  return {
    Name: 'pages-with-cookies',
    CorsConfig: {
      AccessControlAllowOrigins: list([APP, SECOND_APP]),
      AccessControlAllowHeaders: list(['Range', 'X-Requested-With']),
      AccessControlAllowMethods: list(['GET', 'HEAD', 'OPTIONS']),
      AccessControlAllowCredentials: credentials,
      AccessControlExposeHeaders: list(['Content-Range']),
      AccessControlMaxAgeSec: 600,
      OriginOverride: originOverride,
    },
    ...(vary ? { CustomHeadersConfig: list([{ Header: 'Vary', Value: 'Origin', Override: true }]) } : {}),
  };
}

/** CachingOptimized with `Origin` in the cache key (R91). */
export const ORIGIN_IN_THE_KEY = {
  Name: 'origin-in-the-key',
  MinTTL: 1,
  DefaultTTL: 86_400,
  MaxTTL: 31_536_000,
  ParametersInCacheKeyAndForwardedToOrigin: {
    EnableAcceptEncodingGzip: true,
    EnableAcceptEncodingBrotli: true,
    HeadersConfig: { HeaderBehavior: 'whitelist', Headers: list(['Origin']) },
    CookiesConfig: { CookieBehavior: 'none' },
    QueryStringsConfig: { QueryStringBehavior: 'none' },
  },
};
