import { describe, expect, it } from '@jest/globals';
import { distributionOf } from '../../../../test/support/edge-fixture.js';
import { wholeTemplate, writeTemplate } from '../../../../test/support/template-fixture.js';
import type { FolderOriginDescription } from '../distribution/distribution.js';
import { readDistribution } from '../distribution/read-distribution.js';

describe('the bucket policy of a template', () => {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    Action: 's3:GetObject',
    Resource: 'arn:aws:s3:::media/*',
  };
  const anyone = { ...statement, Principal: '*' };
  /** The keys that may be read, whether the bucket may be listed, and whether requests are signed. */
  const accessBy = (statements: unknown, origin: object = {}): unknown => {
    const template = wholeTemplate() as {
      Resources: {
        Reading: { Properties: { PolicyDocument: object } };
        Cdn: { Properties: { DistributionConfig: { Origins: object[] } } };
      };
    };
    template.Resources.Reading.Properties.PolicyDocument = { Statement: statements };
    const { Origins } = template.Resources.Cdn.Properties.DistributionConfig;
    Origins[0] = { ...Origins[0], ...origin };
    const found = distributionOf(readDistribution(writeTemplate(template))).origins.get('media');
    const { readableKeys, listBucket, isSigned } = found as FolderOriginDescription;
    return { readableKeys, listBucket, isSigned };
  };
  const own = 'arn:aws:cloudfront::123456789012:distribution/Cdn';
  const when = (arn: string) => ({ ...statement, Condition: { StringEquals: { 'aws:SourceArn': arn } } });

  it.each<[what: string, statements: unknown, keys: readonly string[]]>([
    ['lets CloudFront read everything', [statement], ['*']],
    ['may be one statement without a list', statement, ['*']],
    ['lets everyone read', [anyone], ['*']],
    [
      'lets CloudFront read a part',
      [{ ...statement, Resource: ['arn:aws:s3:::media/courses/*'] }],
      ['courses/*'],
    ],
    ['names this distribution', [when(own)], ['*']],
    ['names a distribution by the id that AWS made', [when('arn:aws:cloudfront::1:distribution/E1')], ['*']],
    ['allows by a pattern of actions', [{ ...statement, Action: ['s3:get*'] }], ['*']],
    ['names another service', [{ ...statement, Principal: { Service: 'lambda.amazonaws.com' } }], []],
    ['grants another action', [{ ...statement, Action: 's3:PutObject' }], []],
    ['grants another bucket', [{ ...statement, Resource: 'arn:aws:s3:::other/*' }], []],
    ['grants the bucket and no object', [{ ...statement, Resource: 'arn:aws:s3:::media' }], []],
    ['denies to everyone', [statement, { ...anyone, Effect: 'Deny' }], []],
    [
      'denies what is not encrypted',
      [statement, { ...anyone, Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': false } } }],
      ['*'],
    ],
  ])('%s', (_, statements, readableKeys) => {
    expect(accessBy(statements)).toEqual({ readableKeys, listBucket: false, isSigned: true });
  });

  it('lets CloudFront list the bucket', () => {
    const listing = { ...statement, Action: 's3:ListBucket', Resource: 'arn:aws:s3:::media' };
    expect(accessBy([statement, listing])).toEqual({ readableKeys: ['*'], listBucket: true, isSigned: true });
  });

  it('counts for everyone where CloudFront does not sign', () => {
    const origin = { OriginAccessControlId: '' };
    expect(accessBy([statement], origin)).toEqual({ readableKeys: [], listBucket: false, isSigned: false });
    expect(accessBy([anyone], origin)).toEqual({ readableKeys: ['*'], listBucket: false, isSigned: false });
  });

  it('counts for the origin access identity that an origin names', () => {
    const origin = {
      OriginAccessControlId: '',
      S3OriginConfig: { OriginAccessIdentity: 'origin-access-identity/cloudfront/E1IDENTITY' },
    };
    const reader = (id: string) => ({
      ...statement,
      Principal: { AWS: `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ${id}` },
    });
    expect(accessBy([reader('E1IDENTITY')], origin)).toMatchObject({ readableKeys: ['*'], isSigned: true });
    expect(accessBy([reader('E2OTHER')], origin)).toMatchObject({ readableKeys: [], isSigned: true });
  });
});
