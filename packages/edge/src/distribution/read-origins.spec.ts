import { describe, expect, it } from '@jest/globals';
import {
  header,
  list,
  openBehavior,
  startTestEdge,
  writeFolder,
} from '../../../../test/support/edge-fixture.js';
import { formatFolderProblem } from './json-node.js';
import { readDistribution } from './read-distribution.js';
import { restBucketOf, websiteBucketOf } from './read-website.js';

const WEBSITE_HOST = 'site.s3-website.eu-south-1.amazonaws.com';

function read(
  origins: readonly object[],
  edge: object,
  more: object = {},
  extra: Readonly<Record<string, unknown>> = {},
) {
  const config = { Origins: list(origins), DefaultCacheBehavior: openBehavior(), ...more };
  return readDistribution(writeFolder({ config, edge: { origins: edge }, extra }).folder);
}

function problemsOf(...given: Parameters<typeof read>): readonly string[] {
  const result = read(...given);
  return 'problems' in result ? result.problems.map(formatFolderProblem) : [];
}

const SERVER = {
  Id: 'media',
  DomainName: 'api.example.com',
  CustomOriginConfig: { OriginReadTimeout: 60, OriginKeepaliveTimeout: 7 },
  ConnectionAttempts: 2,
  ConnectionTimeout: 4,
};

describe('a server behind an origin', () => {
  it('is asked as patiently as the distribution says', () => {
    const result = read([SERVER], { media: { url: 'http://localhost:4000' } });
    expect('distribution' in result && result.distribution.origins.get('media')).toEqual({
      kind: 'server',
      url: 'http://localhost:4000',
      originPath: '',
      domainName: 'api.example.com',
      isS3: false,
      customHeaders: [],
      bucketCors: null,
      certificateAuthority: null,
      connectionAttempts: 2,
      connectionTimeoutSeconds: 4,
      responseTimeoutSeconds: 60,
      completionTimeoutSeconds: null,
      keepAliveSeconds: 7,
    });
    expect(result.unfollowed).toEqual([]);
  });

  it('has the defaults of AWS where nothing is said, and an OriginPath of its own where edge.json says so', () => {
    const origin = {
      Id: 'media',
      DomainName: 'api.example.com',
      OriginPath: '/prod',
      CustomOriginConfig: {},
    };
    const result = read([origin], { media: { url: 'https://localhost:4000/', originPath: '' } });
    expect('distribution' in result && result.distribution.origins.get('media')).toMatchObject({
      url: 'https://localhost:4000',
      originPath: '',
      connectionAttempts: 3,
      connectionTimeoutSeconds: 10,
      responseTimeoutSeconds: 30,
      keepAliveSeconds: 5,
    });
  });

  it.each([
    [
      { url: 'localhost:4000' },
      'url: expected the address of a server without a path, http://localhost:4000, found "localhost:4000"',
    ],
    [
      { url: 'http://localhost:4000/api' },
      'url: expected the address of a server without a path, http://localhost:4000, found "http://localhost:4000/api"',
    ],
    [
      { url: 'http://user:secret@localhost' },
      'url: expected the address of a server without a path, http://localhost:4000, found "http://user:secret@localhost"',
    ],
    [
      { url: 'http://localhost:4000', caFile: 'none.pem' },
      'caFile: expected a readable PEM file, found "none.pem"',
    ],
    [
      { url: 'http://localhost:4000', originPath: 'api' },
      'originPath: expected a path that begins with / and does not end with it, found "api"',
    ],
    [
      { url: 'http://localhost:4000', folder: '../media' },
      'folder: expected one of url, caFile, originPath as name, found "folder"',
    ],
  ])('is one mistake for %j', (entry, problem) => {
    expect(problemsOf([SERVER], { media: entry })).toEqual([`edge.json origins.media.${problem}`]);
  });

  it.each([
    ['ConnectionAttempts', 4, 'a whole number from 1 to 3'],
    ['ConnectionTimeout', 0, 'a whole number from 1 to 10'],
  ])('is one mistake for %s %i', (member, value, expected) => {
    expect(problemsOf([{ ...SERVER, [member]: value }], { media: { url: 'http://localhost:4000' } })).toEqual(
      [
        `distribution.json DistributionConfig.Origins.Items[0].${member}: expected ${expected}, found ${value}`,
      ],
    );
  });
});

describe('an origin behind which nothing stands', () => {
  const TWO = [SERVER, { Id: 'pages', DomainName: 'pages.s3.amazonaws.com' }];
  const behaviors = {
    CacheBehaviors: list([openBehavior({ PathPattern: 'pages/*', TargetOriginId: 'pages' })]),
  };

  it('is named at start where something stands behind another', () => {
    expect(read(TWO, { pages: { folder: '../media' } }, behaviors).warnings).toEqual([
      'edge.json origins: nothing stands behind "media" (api.example.com); what goes there is answered 502',
    ]);
  });

  it('is a mistake where nothing stands behind any, one line each', () => {
    expect(problemsOf(TWO, {}, behaviors)).toEqual([
      'distribution.json DistributionConfig.Origins.Items[0].Id: expected a member origins.media with its folder or url in edge.json, found none',
      'distribution.json DistributionConfig.Origins.Items[1].Id: expected a member origins.pages with its folder or url in edge.json, found none',
    ]);
  });

  it("answers 502, and never the 200 of a single-page application's error pages", async () => {
    const page = (ErrorCode: number) => ({ ErrorCode, ResponsePagePath: '/index.html', ResponseCode: '200' });
    const edge = await startTestEdge({
      defaultBehavior: openBehavior(),
      behaviors: [openBehavior({ PathPattern: '/api/*', TargetOriginId: 'api' })],
      config: {
        Origins: list([
          { Id: 'media', DomainName: 'media.s3.amazonaws.com' },
          { Id: 'api', DomainName: 'api.example.com', CustomOriginConfig: {} },
        ]),
        CustomErrorResponses: list([page(403), page(404)]),
      },
      files: { 'index.html': 'app' },
    });
    const answers = [await edge.ask('/a/deep/link'), await edge.ask('/api/users')];
    expect(answers.map(({ status }) => status)).toEqual([200, 502]);
    const failed = await edge.ask('/api/users');
    expect([header(failed, 'X-Cache'), failed.body.toString()]).toEqual([
      'Error from cloudfront',
      expect.stringContaining("CloudFront wasn't able to connect to the origin."),
    ]);
    expect(edge.lines).toContain(
      'edge refused 502 GET cdn.example.com "/api/users" code=origin reason=nothing-behind-origin',
    );
  });
});

describe('a website endpoint', () => {
  const ORIGIN = { Id: 'media', DomainName: WEBSITE_HOST, CustomOriginConfig: {} };

  it('without the answer of get-bucket-website has an index document, which is said at start', () => {
    const result = read([ORIGIN], { media: { folder: '../media' } });
    expect('distribution' in result && result.distribution.origins.get('media')).toMatchObject({
      website: { indexSuffix: 'index.html', errorKey: null },
    });
    expect(result.warnings).toEqual([
      'edge.json origins.media: a website endpoint without the answer of `aws s3api get-bucket-website`: index.html is taken for its index document, and it has no error document',
    ]);
    expect(result.unfollowed).toEqual([]);
  });

  it('is hinted at a bucket that may not be listed, where only 404 has an error page', () => {
    const page = { ErrorCode: 404, ResponsePagePath: '/index.html', ResponseCode: '200' };
    const result = read([ORIGIN], { media: { folder: '../media' } }, { CustomErrorResponses: list([page]) });
    expect(result.warnings[1]).toBe(
      'edge.json origins.media: a missing key is 403 and not 404, for which there is an error page: say "listBucket": true if the bucket policy grants s3:ListBucket',
    );
  });

  it.each([
    [
      {},
      'bucket-website.json: expected the answer of `aws s3api get-bucket-website`, with IndexDocument or RedirectAllRequestsTo, found an object',
    ],
    [
      { IndexDocument: {} },
      'bucket-website.json IndexDocument.Suffix: expected a text that is not empty, found nothing',
    ],
    [
      { IndexDocument: { Suffix: 'a/b' } },
      'bucket-website.json IndexDocument.Suffix: expected a name without a slash, found "a/b"',
    ],
    [
      { IndexDocument: { Suffix: 'a' }, RoutingRules: [{ Redirect: { HttpRedirectCode: '200' } }] },
      'bucket-website.json RoutingRules[0].Redirect.HttpRedirectCode: expected a status from 300 to 399, found "200"',
    ],
  ])('is one mistake for %j', (website, line) => {
    expect(
      problemsOf([ORIGIN], { media: { folder: '../media' } }, {}, { 'bucket-website.json': website }),
    ).toEqual([line]);
  });
});

describe('an origin group (R124)', () => {
  const ORIGINS = [
    { Id: 'media', DomainName: 'a.s3.amazonaws.com' },
    { Id: 'second', DomainName: 'b.s3.amazonaws.com' },
  ];
  const EDGE = { media: { folder: '../media' }, second: { folder: '../media' } };
  const group = (members: object = {}) => ({
    Id: 'both',
    FailoverCriteria: { StatusCodes: list([500, 404]) },
    Members: list([{ OriginId: 'media' }, { OriginId: 'second' }]),
    ...members,
  });
  const withGroup = (one: object) => ({
    OriginGroups: list([one]),
    DefaultCacheBehavior: openBehavior({ TargetOriginId: 'both' }),
  });

  it('may be what a behavior names', () => {
    const result = read(ORIGINS, EDGE, withGroup(group()));
    expect('distribution' in result && result.distribution.originGroups).toEqual(
      new Map([
        ['both', { primaryId: 'media', secondaryId: 'second', failoverStatuses: new Set([500, 404]) }],
      ]),
    );
    expect([...result.unfollowed, ...result.warnings]).toEqual([]);
  });

  it.each([
    [{ Members: list([{ OriginId: 'media' }]) }, 'Members: expected two members, found 1'],
    [
      { Members: list([{ OriginId: 'media' }, { OriginId: 'none' }]) },
      'Members.Items[1].OriginId: expected the Id of an origin, found "none"',
    ],
    [
      { FailoverCriteria: { StatusCodes: list([418]) } },
      'FailoverCriteria.StatusCodes.Items[0]: expected one of 400, 403, 404, 416, 429, 500, 502, 503, 504, found 418',
    ],
    [{ FailoverCriteria: {} }, 'FailoverCriteria.StatusCodes: expected at least one status, found nothing'],
  ])('is one mistake for %j', (members, line) => {
    expect(problemsOf(ORIGINS, EDGE, withGroup(group(members)))).toEqual([
      `distribution.json DistributionConfig.OriginGroups.Items[0].${line}`,
    ]);
  });
});

it('a default root object begins with no slash (R119)', () => {
  expect(
    problemsOf([SERVER], { media: { url: 'http://localhost:4000' } }, { DefaultRootObject: '/start.html' }),
  ).toEqual([
    'distribution.json DistributionConfig.DefaultRootObject: expected the name of an object without a slash before it, "start.html" (R119), found "/start.html"',
  ]);
});

describe('the bucket behind a host', () => {
  it.each([
    ['media.s3.amazonaws.com', 'media', null],
    ['media.s3.eu-central-1.amazonaws.com', 'media', null],
    ['media.s3-us-west-2.amazonaws.com', 'media', null],
    ['media.s3.dualstack.eu-central-1.amazonaws.com', 'media', null],
    ['media.s3-accelerate.amazonaws.com', 'media', null],
    ['media.s3.cn-north-1.amazonaws.com.cn', 'media', null],
    ['media.example.com.s3.amazonaws.com', 'media.example.com', null],
    ['media.s3-website-eu-west-1.amazonaws.com', null, 'media'],
    ['media.s3-website.eu-central-1.amazonaws.com', null, 'media'],
    ['a1b2.mrap.accesspoint.s3-global.amazonaws.com', null, null],
    ['media.s3.amazonaws.com.example.com', null, null],
    ['api.example.com', null, null],
  ])('%s is at the REST endpoint %s, at the website endpoint %s', (host, rest, website) => {
    expect([restBucketOf(host), websiteBucketOf(host)]).toEqual([rest, website]);
  });
});
