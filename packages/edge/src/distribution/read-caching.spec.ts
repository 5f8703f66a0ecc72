import { describe, expect, it } from '@jest/globals';
import {
  behavior,
  CACHING_OPTIMIZED,
  CORS_S3_ORIGIN,
  distributionOf,
  list,
  writeFolder,
  type FolderInput,
} from '../../../../test/support/edge-fixture.js';
import { formatFolderProblem } from './json-node.js';
import { MANAGED_CACHE_POLICIES, MANAGED_ORIGIN_REQUEST_POLICIES } from './managed-policies.js';
import { readDistribution } from './read-distribution.js';

const open = (members: object) => behavior({ TrustedKeyGroups: { Enabled: false, Quantity: 0 }, ...members });
const read = (members: object, input: FolderInput = {}) =>
  readDistribution(writeFolder({ defaultBehavior: open(members), ...input }).folder);
function caching(members: object, extra: Readonly<Record<string, unknown>> = {}) {
  const [only] = distributionOf(read(members, { extra })).behaviors;
  return [only?.cachePolicy, only?.originRequestPolicy];
}
function problems(members: object, input: FolderInput = {}) {
  const result = read(members, input);
  return 'problems' in result ? result.problems.map(formatFolderProblem) : [];
}
const cacheFile = (config: object) => ({
  'cache-policies/own.json': { CachePolicy: { Id: 'own', CachePolicyConfig: { Name: 'own', ...config } } },
});
const NOTHING = {
  EnableAcceptEncodingGzip: false,
  HeadersConfig: { HeaderBehavior: 'none' },
  CookiesConfig: { CookieBehavior: 'none' },
  QueryStringsConfig: { QueryStringBehavior: 'none' },
};

describe('how a behavior caches', () => {
  it('is said by AWS’s managed policies by id (R61, R63)', () => {
    expect(caching({ CachePolicyId: CACHING_OPTIMIZED, OriginRequestPolicyId: CORS_S3_ORIGIN })).toEqual([
      MANAGED_CACHE_POLICIES.get(CACHING_OPTIMIZED),
      MANAGED_ORIGIN_REQUEST_POLICIES.get(CORS_S3_ORIGIN),
    ]);
  });

  it('is said by policies of the folder, as get-cache-policy and get-origin-request-policy give them', () => {
    const extra = {
      ...cacheFile({
        MinTTL: 2,
        DefaultTTL: 20,
        MaxTTL: 200,
        ParametersInCacheKeyAndForwardedToOrigin: {
          EnableAcceptEncodingGzip: true,
          EnableAcceptEncodingBrotli: false,
          HeadersConfig: { HeaderBehavior: 'whitelist', Headers: list(['X-B', 'Origin']) },
          CookiesConfig: { CookieBehavior: 'allExcept', Cookies: list(['tracking']) },
          QueryStringsConfig: { QueryStringBehavior: 'whitelist', QueryStrings: list(['v']) },
        },
      }),
      'origin-request-policies/own.json': {
        OriginRequestPolicy: {
          Id: 'own',
          OriginRequestPolicyConfig: {
            Name: 'own',
            HeadersConfig: { HeaderBehavior: 'allExcept', Headers: list(['Host']) },
            CookiesConfig: { CookieBehavior: 'all' },
            QueryStringsConfig: { QueryStringBehavior: 'none' },
          },
        },
      },
    };
    expect(caching({ CachePolicyId: 'own', OriginRequestPolicyId: 'own' }, extra)).toEqual([
      {
        minTtlSeconds: 2,
        defaultTtlSeconds: 20,
        maxTtlSeconds: 200,
        headers: ['origin', 'x-b'],
        cookies: { kind: 'allExcept', names: ['tracking'] },
        queryStrings: { kind: 'listed', names: ['v'] },
        gzip: true,
        brotli: false,
      },
      {
        headers: { kind: 'allExcept', names: ['host'] },
        cookies: { kind: 'all', names: [] },
        queryStrings: { kind: 'none', names: [] },
      },
    ]);
  });

  it('may be said by ForwardedValues: what travels is in the key, and all of the query may travel', () => {
    const legacy = {
      CachePolicyId: undefined,
      ForwardedValues: {
        QueryString: true,
        QueryStringCacheKeys: list(['v']),
        Cookies: { Forward: 'whitelist', WhitelistedNames: list(['session*']) },
        Headers: list(['Origin']),
      },
      MinTTL: 0,
      DefaultTTL: 60,
      MaxTTL: 600,
    };
    expect(caching(legacy)).toEqual([
      {
        minTtlSeconds: 0,
        defaultTtlSeconds: 60,
        maxTtlSeconds: 600,
        headers: ['origin'],
        cookies: { kind: 'listed', names: ['session*'] },
        queryStrings: { kind: 'listed', names: ['v'] },
        gzip: false,
        brotli: false,
      },
      {
        headers: { kind: 'unlisted', names: [] },
        cookies: { kind: 'none', names: [] },
        queryStrings: { kind: 'all', names: [] },
      },
    ]);
  });

  it('is not at all where ForwardedValues sends every header', () => {
    const [cachePolicy, originRequestPolicy] = caching({
      CachePolicyId: undefined,
      ForwardedValues: { QueryString: false, Cookies: { Forward: 'none' }, Headers: list(['*']) },
      MinTTL: 0,
    });
    expect([cachePolicy, originRequestPolicy]).toMatchObject([
      { maxTtlSeconds: 0 },
      { headers: { kind: 'all' } },
    ]);
  });
});

const AT = 'distribution.json DistributionConfig.DefaultCacheBehavior';
const IN_KEY = 'cache-policies/own.json CachePolicy.CachePolicyConfig';

describe('a mistake about caching', () => {
  it('is a behavior that says nothing of it', () => {
    expect(problems({ CachePolicyId: undefined })).toEqual([
      `${AT}.CachePolicyId: expected the id of a cache policy, or ForwardedValues beside it, found nothing`,
    ]);
  });

  it('is an id that nothing has', () => {
    expect(problems({ CachePolicyId: 'x', OriginRequestPolicyId: 'y' })).toEqual([
      `${AT}.CachePolicyId: expected the answer of \`aws cloudfront get-cache-policy --id x\` in cache-policies/, or the id of a managed one, found "x"`,
      `${AT}.OriginRequestPolicyId: expected the answer of \`aws cloudfront get-origin-request-policy --id y\` in origin-request-policies/, or the id of a managed one, found "y"`,
    ]);
  });

  it.each<[string, object, string]>([
    [
      'TTLs out of order',
      { MinTTL: 10, DefaultTTL: 5, MaxTTL: 20, ParametersInCacheKeyAndForwardedToOrigin: NOTHING },
      `${IN_KEY}.DefaultTTL: expected a number from MinTTL to MaxTTL, here 10 to 20 (R62), found 5`,
    ],
    [
      'something in the key where nothing is cached, which AWS refuses too',
      {
        MinTTL: 0,
        DefaultTTL: 0,
        MaxTTL: 0,
        ParametersInCacheKeyAndForwardedToOrigin: { ...NOTHING, EnableAcceptEncodingGzip: true },
      },
      `${IN_KEY}.ParametersInCacheKeyAndForwardedToOrigin: expected nothing in the cache key where MaxTTL is 0, found something`,
    ],
    [
      'a list without a name',
      {
        MinTTL: 0,
        ParametersInCacheKeyAndForwardedToOrigin: {
          ...NOTHING,
          HeadersConfig: { HeaderBehavior: 'whitelist', Headers: { Quantity: 0 } },
        },
      },
      `${IN_KEY}.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig.Headers: expected a name, because HeaderBehavior is whitelist, found an object`,
    ],
    [
      'a behavior that AWS does not have',
      {
        MinTTL: 0,
        ParametersInCacheKeyAndForwardedToOrigin: {
          ...NOTHING,
          CookiesConfig: { CookieBehavior: 'some' },
        },
      },
      `${IN_KEY}.ParametersInCacheKeyAndForwardedToOrigin.CookiesConfig.CookieBehavior: expected none or whitelist or allExcept or all, found "some"`,
    ],
  ])('is %s', (_what, config, expected) => {
    expect(problems({}, { extra: cacheFile(config) })).toEqual([expected]);
  });

  it('is an unknown header, a wrong limit or another distribution in edge.json', () => {
    const edge = {
      origins: { media: { folder: '../media', objectHeaders: { '*': { 'X-Other': 'x', Expires: 7 } } } },
      cache: { objectMegabytes: 'many', megabytes: 1 },
      distributionId: 'E1',
    };
    const answer = { Distribution: { Id: 'E2', DistributionConfig: {} } };
    expect(problems({}, { edge })).toEqual([
      'edge.json origins.media.objectHeaders.*.X-Other: expected one of Cache-Control, Content-Disposition, Content-Encoding, Content-Language, Content-Type, Expires, x-amz-website-redirect-location or x-amz-meta-… as name, found "X-Other"',
      'edge.json origins.media.objectHeaders.*.Expires: expected a text that is not empty, found 7',
      'edge.json cache.megabytes: expected one of totalMegabytes, objectMegabytes as name, found "megabytes"',
      'edge.json cache.objectMegabytes: expected a whole number, found "many"',
    ]);
    const other = problems({}, { edge: { distributionId: 'E1' }, extra: { 'distribution.json': answer } });
    expect(other).toContain('edge.json distributionId: expected E2, the Id in distribution.json, found "E1"');
  });
});
