import { describe, expect, it } from '@jest/globals';
import { distributionOf, list, openBehavior, writeFolder } from '../../../../test/support/edge-fixture.js';
import { formatFolderProblem } from './json-node.js';
import { readDistribution } from './read-distribution.js';

const RULE = { AllowedOrigins: ['https://app.example.com'], AllowedMethods: ['GET'] };
const TWO_ORIGINS = {
  config: {
    Origins: list([
      { Id: 'media', DomainName: 'media.s3.amazonaws.com', OriginPath: '' },
      { Id: 'pages', DomainName: 'pages.s3.amazonaws.com', OriginPath: '' },
    ]),
  },
  behaviors: [openBehavior({ PathPattern: 'pages/*', TargetOriginId: 'pages' })],
};

function read(extra: Readonly<Record<string, unknown>>, origins?: object, more: object = {}) {
  return readDistribution(
    writeFolder({
      defaultBehavior: openBehavior(),
      edge: origins === undefined ? {} : { origins },
      extra,
      ...more,
    }).folder,
  );
}

function problemsOf(...given: Parameters<typeof read>): readonly string[] {
  const result = read(...given);
  return 'problems' in result ? result.problems.map(formatFolderProblem) : [];
}

describe('the CORS rules of a bucket', () => {
  it('come from bucket-cors.json where there is one origin', () => {
    const rule = {
      ID: 'pages',
      AllowedHeaders: ['X-Own'],
      ...RULE,
      ExposeHeaders: ['ETag'],
      MaxAgeSeconds: 60,
    };
    const { origins } = distributionOf(read({ 'bucket-cors.json': { CORSRules: [rule] } }));
    expect(origins.get('media')?.bucketCors?.rules).toEqual([
      {
        allowedOrigins: ['https://app.example.com'],
        allowedMethods: ['GET'],
        allowedHeaders: ['X-Own'],
        exposeHeaders: ['ETag'],
        maxAgeSeconds: 60,
      },
    ]);
  });

  it('are none without that file, as get-bucket-cors answers NoSuchCORSConfiguration (R109)', () => {
    expect(distributionOf(read({})).origins.get('media')?.bucketCors).toBeNull();
  });

  it('come from the file that edge.json names for each of several origins', () => {
    const { origins } = distributionOf(
      read(
        {
          'cors/media.json': { CORSRules: [RULE] },
          'cors/pages.json': { CORSRules: [{ ...RULE, AllowedMethods: ['HEAD'] }] },
        },
        {
          media: { folder: '../media', bucketCors: 'cors/media.json' },
          pages: { folder: '../media', bucketCors: 'cors/pages.json', listBucket: true },
        },
        TWO_ORIGINS,
      ),
    );
    const bucketOf = [...origins].map(([id, origin]) => [
      id,
      origin.bucketCors?.rules[0]?.allowedMethods,
      origin.kind === 'folder' && origin.listBucket,
    ]);
    expect(bucketOf).toEqual([
      ['media', ['GET'], false],
      ['pages', ['HEAD'], true],
    ]);
  });
});

describe('a mistake in the CORS rules of a bucket', () => {
  it('is reported with all others, each with its JSON path (R98, R109)', () => {
    expect(
      problemsOf({
        'bucket-cors.json': {
          CORSRules: [
            { AllowedOrigin: '*', AllowedMethods: ['GET'] },
            { ...RULE, AllowedMethods: ['GET', 'PATCH', 'get'] },
            { ...RULE, AllowedOrigins: ['https://*.example.*'], AllowedHeaders: ['x-*-*', 7] },
            { ...RULE, ExposeHeaders: ['x-*', 'not a name'], MaxAgeSeconds: '60' },
            { AllowedOrigins: [], AllowedMethods: [], ID: 'x'.repeat(256) },
          ],
        },
      }),
    ).toEqual([
      'bucket-cors.json CORSRules[0].AllowedOrigin: expected one of ID, AllowedHeaders, AllowedMethods, AllowedOrigins, ExposeHeaders, MaxAgeSeconds as name, found "AllowedOrigin"',
      'bucket-cors.json CORSRules[0].AllowedOrigins: expected at least one origin, found none',
      'bucket-cors.json CORSRules[1].AllowedMethods[1]: expected GET or PUT or POST or DELETE or HEAD, found "PATCH"',
      'bucket-cors.json CORSRules[1].AllowedMethods[2]: expected GET or PUT or POST or DELETE or HEAD, found "get"',
      'bucket-cors.json CORSRules[2].AllowedOrigins[0]: expected at most one `*` (R98), found "https://*.example.*"',
      'bucket-cors.json CORSRules[2].AllowedHeaders[0]: expected at most one `*` (R98), found "x-*-*"',
      'bucket-cors.json CORSRules[2].AllowedHeaders[1]: expected a text, found 7',
      'bucket-cors.json CORSRules[3].ExposeHeaders[0]: expected the name of a header, without wildcard, found "x-*"',
      'bucket-cors.json CORSRules[3].ExposeHeaders[1]: expected the name of a header, without wildcard, found "not a name"',
      'bucket-cors.json CORSRules[3].MaxAgeSeconds: expected a whole number, found "60"',
      `bucket-cors.json CORSRules[4].ID: expected at most 255 characters, found "${'x'.repeat(76)}…`,
      'bucket-cors.json CORSRules[4].AllowedOrigins: expected at least one origin, found none',
      'bucket-cors.json CORSRules[4].AllowedMethods: expected at least one method, found none',
    ]);
  });

  it.each([
    [
      'more than 100 rules (R98)',
      { CORSRules: Array.from({ length: 101 }, () => RULE) },
      'CORSRules: expected at most 100 rules (R98), found 101',
    ],
    [
      'no rule (R109)',
      { CORSRules: [] },
      'CORSRules: expected at least one rule; a bucket without CORS has no file (R109), found none',
    ],
    ['one rule that is no list', { CORSRules: RULE }, 'CORSRules: expected an array, found an object'],
    [
      'something else',
      { Rules: [RULE] },
      ': expected the answer of `aws s3api get-bucket-cors`, or its array of rules, found an object',
    ],
  ])('is %s', (_what, content, problem) => {
    expect(problemsOf({ 'bucket-cors.json': content })).toEqual([
      `bucket-cors.json${problem.startsWith(':') ? '' : ' '}${problem}`,
    ]);
  });

  it('is no mistake at 100 rules (R98), with an empty origin (R109)', () => {
    const CORSRules = Array.from({ length: 100 }, () => ({ ...RULE, AllowedOrigins: [''] }));
    expect(problemsOf({ 'bucket-cors.json': { CORSRules } })).toEqual([]);
  });

  it('is a file that edge.json names and nobody wrote', () => {
    expect(problemsOf({}, { media: { folder: '../media', bucketCors: 'none.json' } })).toEqual([
      'none.json: expected a readable JSON file, found no file',
    ]);
  });

  it('is a bucket-cors.json that could be of any of several origins', () => {
    expect(
      problemsOf(
        { 'bucket-cors.json': { CORSRules: [RULE] } },
        { media: { folder: '../media' }, pages: { folder: '../media' } },
        TWO_ORIGINS,
      ),
    ).toEqual([
      'bucket-cors.json: expected an origin in edge.json whose bucketCors names this file, found several origins, none of which does',
    ]);
  });

  it('is a member of an origin in edge.json that does not exist', () => {
    expect(problemsOf({}, { media: { folder: '../media', cors: 'x.json', listBucket: 'yes' } })).toEqual([
      expect.stringMatching(
        /^edge\.json origins\.media\.cors: expected one of folder, bucketCors, bucketWebsite, listBucket, objectHeaders, url as name/,
      ),
      'edge.json origins.media.listBucket: expected true or false, found "yes"',
    ]);
  });
});
