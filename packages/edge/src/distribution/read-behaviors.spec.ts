import { describe, expect, it } from '@jest/globals';
import { distributionOf, list, openBehavior, writeFolder } from '../../../../test/support/edge-fixture.js';
import { formatFolderProblem } from './json-node.js';
import { readDistribution } from './read-distribution.js';

const ALL = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'];

function read(input: { config?: object; defaultBehavior?: object; behaviors?: readonly object[] }) {
  return readDistribution(writeFolder({ defaultBehavior: openBehavior(), ...input }).folder);
}

function problemsOf(input: Parameters<typeof read>[0]): readonly string[] {
  const result = read(input);
  return 'problems' in result ? result.problems.map(formatFolderProblem) : [];
}

const DEFAULT = 'distribution.json DistributionConfig.DefaultCacheBehavior';

describe('the methods of a behavior (R80, R81)', () => {
  it.each([
    [
      ['HEAD', 'GET'],
      ['GET', 'HEAD'],
    ],
    [
      ['GET', 'HEAD', 'OPTIONS'],
      ['GET', 'HEAD', 'OPTIONS'],
    ],
    [ALL, ['GET', 'HEAD', 'OPTIONS']],
  ])('%j with %j cached are taken', (allowed, cached) => {
    const AllowedMethods = { ...list(allowed), CachedMethods: list(cached) };
    const [only] = distributionOf(read({ defaultBehavior: openBehavior({ AllowedMethods }) })).behaviors;
    expect([only?.allowedMethods, only?.cachedMethods]).toEqual([new Set(allowed), new Set(cached)]);
  });

  it('are GET and HEAD where AWS leaves them out', () => {
    const defaultBehavior = { ...openBehavior(), AllowedMethods: undefined };
    const [only] = distributionOf(read({ defaultBehavior })).behaviors;
    expect([only?.allowedMethods, only?.cachedMethods]).toEqual([
      new Set(['GET', 'HEAD']),
      new Set(['GET', 'HEAD']),
    ]);
  });

  it.each([
    [
      list(['GET']),
      `${DEFAULT}.AllowedMethods: expected GET and HEAD, with OPTIONS, or all seven methods (R80), found GET`,
    ],
    [
      list(['GET', 'HEAD', 'PUT']),
      `${DEFAULT}.AllowedMethods: expected GET and HEAD, with OPTIONS, or all seven methods (R80), found GET, HEAD, PUT`,
    ],
    [
      { ...list(ALL), CachedMethods: list(ALL) },
      `${DEFAULT}.AllowedMethods.CachedMethods: expected GET and HEAD, or these and OPTIONS (R81), found ${ALL.join(', ')}`,
    ],
    [
      { ...list(['GET', 'HEAD']), CachedMethods: list(['GET', 'HEAD', 'OPTIONS']) },
      `${DEFAULT}.AllowedMethods.CachedMethods: expected no method that is not allowed, found OPTIONS`,
    ],
  ])('are a mistake as %j', (AllowedMethods, problem) => {
    expect(problemsOf({ defaultBehavior: openBehavior({ AllowedMethods }) })).toEqual([problem]);
  });
});

describe('a path pattern', () => {
  const patterns = (...texts: readonly string[]) => ({
    behaviors: texts.map((PathPattern) => openBehavior({ PathPattern })),
  });

  it('of 255 characters is taken, one more is a mistake', () => {
    expect(problemsOf(patterns('a'.repeat(255)))).toEqual([]);
    expect(problemsOf(patterns('a'.repeat(256)))).toEqual([
      `distribution.json DistributionConfig.CacheBehaviors.Items[0].PathPattern: expected a path pattern of at most 255 characters, found "${'a'.repeat(76)}…`,
    ]);
  });

  it('that is missing is a mistake', () => {
    expect(problemsOf({ behaviors: [openBehavior()] })).toEqual([
      'distribution.json DistributionConfig.CacheBehaviors.Items[0].PathPattern: expected a text that is not empty, found nothing',
    ]);
  });

  it('with characters that AWS does not name is reported and taken', () => {
    expect(read(patterns('/a b/*')).warnings).toEqual([
      'distribution.json DistributionConfig.CacheBehaviors.Items[0].PathPattern: "/a b/*" has characters that AWS does not name for patterns',
    ]);
    expect(read(patterns('/A-z0_9.*$/~"\'@:+&?')).warnings).toEqual([]);
  });

  it('that stands behind its own double or behind * is reported never to decide', () => {
    expect(read(patterns('/a/*', 'b/*', 'a/*', '*', '/c/*')).warnings).toEqual([
      'distribution.json DistributionConfig.CacheBehaviors.Items[2].PathPattern: never decides, because "/a/*" stands before it and covers the same paths',
      'distribution.json DistributionConfig.CacheBehaviors.Items[4].PathPattern: never decides, because "*" stands before it and covers the same paths',
    ]);
  });
});

describe('the custom error responses of a distribution (R60, R89)', () => {
  const responses = (...items: readonly object[]) => ({ config: { CustomErrorResponses: list(items) } });

  it('replace a status by a page, or only set its time in the cache', () => {
    const { customErrorResponses } = distributionOf(
      read(
        responses(
          { ErrorCode: 403, ResponsePagePath: '/e/403.html', ResponseCode: '404', ErrorCachingMinTTL: 0 },
          { ErrorCode: 404, ResponsePagePath: '', ResponseCode: '', ErrorCachingMinTTL: 300 },
          { ErrorCode: 500 },
        ),
      ),
    );
    expect(customErrorResponses).toEqual(
      new Map([
        [403, { page: { path: '/e/403.html', status: 404 }, cachingMinTtlSeconds: 0 }],
        [404, { page: null, cachingMinTtlSeconds: 300 }],
        [500, { page: null, cachingMinTtlSeconds: 10 }],
      ]),
    );
  });

  it('are mistakes, all reported at once', () => {
    const place = 'distribution.json DistributionConfig.CustomErrorResponses.Items';
    expect(
      problemsOf(
        responses(
          { ErrorCode: 401 },
          { ErrorCode: 403, ResponsePagePath: '/e' },
          { ErrorCode: 404, ResponseCode: '200' },
          { ErrorCode: 405, ResponsePagePath: 'e', ResponseCode: '200' },
          { ErrorCode: 414, ResponsePagePath: '/e?x', ResponseCode: '200' },
          { ErrorCode: 416, ResponsePagePath: '/e', ResponseCode: '204' },
          { ErrorCode: 416, ErrorCachingMinTTL: -1 },
        ),
      ),
    ).toEqual([
      `${place}[0].ErrorCode: expected one of 400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504, found 401`,
      `${place}[1].ResponseCode: expected a status, because ResponsePagePath is given, found nothing`,
      `${place}[2].ResponsePagePath: expected a page, because ResponseCode is given, found nothing`,
      `${place}[3].ResponsePagePath: expected a path that begins with / and has no query, found "e"`,
      `${place}[4].ResponsePagePath: expected a path that begins with / and has no query, found "/e?x"`,
      `${place}[5].ResponseCode: expected one of 200, 400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504, found "204"`,
      `${place}[6].ErrorCachingMinTTL: expected a whole number, found -1`,
      `${place}[6].ErrorCode: expected a code that no other entry has, found 416`,
    ]);
  });
});
