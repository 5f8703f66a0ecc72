import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  CACHING_DISABLED,
  distributionOf,
  KEY_GROUP,
  list,
  openBehavior,
  rsaKey,
  writeFolder,
} from '../../../../test/support/edge-fixture.js';
import { formatFolderProblem } from './json-node.js';
import { readDistribution } from './read-distribution.js';

const KEY = rsaKey('KRSA1');
const CONFIG = {
  CallerReference: '1',
  Aliases: list(['cdn.example.com']),
  DefaultRootObject: 'index.html',
  Origins: list([{ Id: 'media', DomainName: 'media.s3.amazonaws.com', OriginPath: '' }]),
  DefaultCacheBehavior: openBehavior(),
  Comment: '',
  Enabled: true,
};
const SUMMARY = {
  ARN: 'arn:aws:cloudfront::111122223333:distribution/E1',
  Status: 'Deployed',
  DomainName: 'D111.cloudfront.net',
  ...CONFIG,
  DefaultRootObject: undefined,
  CallerReference: undefined,
};

function read(distributionJson: unknown, extra: Readonly<Record<string, unknown>> = {}) {
  return readDistribution(
    writeFolder({ keys: [KEY], extra: { 'distribution.json': distributionJson, ...extra } }).folder,
  );
}

function problemsOf(...given: Parameters<typeof read>): readonly string[] {
  const result = read(...given);
  return 'problems' in result ? result.problems.map(formatFolderProblem) : [];
}

function utf16(text: string, order: 'little' | 'big'): Buffer {
  const bytes = Buffer.from(text, 'utf16le');
  return order === 'little' ? bytes : bytes.swap16();
}

it("one of AWS's answers is read by its path, and what lies beside it", () => {
  const { folder } = writeFolder({ keys: [KEY] });
  const path = join(folder, 'E1.json');
  renameSync(join(folder, 'distribution.json'), path);
  const { behaviors } = distributionOf(readDistribution(path));
  expect(behaviors[0]?.trustedKeys?.has(KEY.id)).toBe(true);
});

describe('distribution.json may hold', () => {
  it.each([
    ['the answer of get-distribution-config', { ETag: 'E1', DistributionConfig: CONFIG }, null],
    [
      'the answer of get-distribution',
      {
        ETag: 'E1',
        Distribution: { Id: 'E1', DomainName: 'D111.cloudfront.net', DistributionConfig: CONFIG },
      },
      'E1',
    ],
    ['its Distribution alone', { Id: 'E1', ARN: 'arn', DistributionConfig: CONFIG }, 'E1'],
    ['a bare DistributionConfig', CONFIG, null],
    ['what update-distribution takes', { Id: 'E1', IfMatch: 'E9', DistributionConfig: CONFIG }, 'E1'],
    [
      'what create-distribution-with-tags takes',
      { DistributionConfigWithTags: { DistributionConfig: CONFIG, Tags: {} } },
      null,
    ],
    ['an item of list-distributions', { Id: 'E1', ...SUMMARY, DefaultRootObject: 'index.html' }, 'E1'],
    ['an array with one item', [{ Id: 'E1', ...SUMMARY, DefaultRootObject: 'index.html' }], 'E1'],
    [
      'the answer of list-distributions with one',
      { DistributionList: list([{ Id: 'E1', ...SUMMARY, DefaultRootObject: 'index.html' }]) },
      'E1',
    ],
  ])('%s', (_what, content, id) => {
    const distribution = distributionOf(read(content));
    expect([distribution.id, distribution.aliases, distribution.defaultRootObject]).toEqual([
      id,
      ['cdn.example.com'],
      'index.html',
    ]);
    expect(distribution.behaviors.map(({ originId }) => originId)).toEqual(['media']);
  });

  it('several distributions, of which edge.json names one', () => {
    const listed = list([
      { Id: 'E1', ...SUMMARY, Aliases: list(['other.example.com']) },
      { Id: 'E2', ...SUMMARY },
    ]);
    const edge = { origins: { media: { folder: '../media' } }, distributionId: 'E2' };
    const distribution = distributionOf(read({ DistributionList: listed }, { 'edge.json': edge }));
    expect([distribution.id, distribution.aliases]).toEqual(['E2', ['cdn.example.com']]);
    expect(problemsOf({ DistributionList: listed })).toEqual([
      'distribution.json DistributionList.Items: expected one distribution, or a distributionId in edge.json that names one of E1, E2, found 2',
    ]);
  });

  it('an item of list-distributions, with a word about what it does not carry', () => {
    expect(read({ Id: 'E1', ...SUMMARY }).warnings).toEqual([
      'distribution.json: an item of list-distributions, which carries no DefaultRootObject: `/` is answered as if there were none; get-distribution-config carries it',
    ]);
  });

  it.each([
    ['UTF-8 with a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`)],
    ['UTF-16LE with its mark, as PowerShell 5 writes', (text: string) => utf16(`\ufeff${text}`, 'little')],
    ['UTF-16BE with its mark', (text: string) => utf16(`\ufeff${text}`, 'big')],
    ['UTF-16LE without a mark', (text: string) => utf16(text, 'little')],
    ['UTF-16BE without a mark', (text: string) => utf16(text, 'big')],
  ])('%s', (_encoding, encoded) => {
    const bytes = encoded(JSON.stringify({ ...CONFIG, DefaultRootObject: 'é.html' }));
    expect(distributionOf(read(bytes)).defaultRootObject).toBe('é.html');
  });
});

const POLICY = {
  Name: 'hour',
  MinTTL: 60,
  DefaultTTL: 3600,
  MaxTTL: 7200,
  ParametersInCacheKeyAndForwardedToOrigin: {
    EnableAcceptEncodingGzip: true,
    HeadersConfig: { HeaderBehavior: 'none' },
    CookiesConfig: { CookieBehavior: 'none' },
    QueryStringsConfig: { QueryStringBehavior: 'none' },
  },
};
const withPolicy = (id: string) => ({
  ...CONFIG,
  DefaultCacheBehavior: openBehavior({ CachePolicyId: id }),
});

describe('a policy may be', () => {
  it.each([
    ['the answer of get-cache-policy', 'any.json', { CachePolicy: { Id: 'p1', CachePolicyConfig: POLICY } }],
    ['its CachePolicy alone', 'any.json', { Id: 'p1', CachePolicyConfig: POLICY }],
    [
      'the answer of get-cache-policy-config under its id',
      'p1.json',
      { ETag: 'E', CachePolicyConfig: POLICY },
    ],
    ['a bare configuration under its id', 'p1.json', POLICY],
    [
      'the answer of list-cache-policies',
      'all.json',
      { CachePolicyList: list([{ Type: 'custom', CachePolicy: { Id: 'p1', CachePolicyConfig: POLICY } }]) },
    ],
  ])('%s', (_what, file, content) => {
    const result = read(withPolicy('p1'), { [`cache-policies/${file}`]: content });
    expect(distributionOf(result).behaviors[0]?.cachePolicy.defaultTtlSeconds).toBe(3600);
    expect(result.warnings).toEqual([]);
  });

  it('a bare configuration without its id, where only one id is missing', () => {
    const result = read(withPolicy('p1'), { 'cache-policies/hour.json': POLICY });
    expect(distributionOf(result).behaviors[0]?.cachePolicy.defaultTtlSeconds).toBe(3600);
    expect(result.warnings).toEqual([
      'cache-policies/hour.json: holds no Id; it is taken for p1, the only one that is missing in cache-policies/',
    ]);
  });

  it('a bare configuration that nobody asks for', () => {
    expect(read(withPolicy(CACHING_DISABLED), { 'cache-policies/hour.json': POLICY }).warnings).toEqual([
      'cache-policies/hour.json: holds no Id, and none is missing; it is not used',
    ]);
  });

  it('an origin request policy or a response headers policy without its envelope', () => {
    const config = {
      ...CONFIG,
      DefaultCacheBehavior: openBehavior({ OriginRequestPolicyId: 'o1', ResponseHeadersPolicyId: 'r1' }),
    };
    const result = read(config, {
      'origin-request-policies/o1.json': {
        HeadersConfig: { HeaderBehavior: 'allViewer' },
        CookiesConfig: { CookieBehavior: 'none' },
        QueryStringsConfig: { QueryStringBehavior: 'all' },
      },
      'response-headers-policies/r1.json': {
        Name: 'x',
        CustomHeadersConfig: list([{ Header: 'X-A', Value: '1', Override: true }]),
      },
    });
    const [behavior] = distributionOf(result).behaviors;
    expect(behavior?.originRequestPolicy?.headers.kind).toBe('all');
    expect(behavior?.responseHeadersPolicy?.added).toEqual([{ name: 'X-A', value: '1', override: true }]);
  });

  it('a key group and its key without their envelopes', () => {
    const config = {
      ...CONFIG,
      DefaultCacheBehavior: openBehavior({ TrustedKeyGroups: { Enabled: true, ...list([KEY_GROUP]) } }),
    };
    const result = read(config, {
      'key-groups/viewers.json': null,
      [`key-groups/${KEY_GROUP}.json`]: { Name: 'viewers', Items: ['KFLAT'] },
      'public-keys/all.json': { PublicKeyList: list([{ Id: 'KFLAT', EncodedKey: KEY.publicPem }]) },
    });
    expect([...(distributionOf(result).behaviors[0]?.trustedKeys?.keys() ?? [])]).toEqual(['KFLAT']);
  });
});

describe('the rules of a bucket may be', () => {
  const RULE = { AllowedOrigins: ['https://app.example.com'], AllowedMethods: ['GET'] };
  it.each([
    ['the answer of get-bucket-cors', { CORSRules: [RULE] }],
    ['the array that the S3 console shows', [RULE]],
    ['what put-bucket-cors takes', { CORSConfiguration: { CORSRules: [RULE] } }],
  ])('%s', (_what, content) => {
    const distribution = distributionOf(read(CONFIG, { 'bucket-cors.json': content }));
    expect(
      distribution.origins.get('media')?.bucketCors?.rules.map(({ allowedOrigins }) => allowedOrigins),
    ).toEqual([['https://app.example.com']]);
  });
});

describe('one mistake is one line', () => {
  const MANGLED =
    "expected JSON as AWS writes it: redirect the answer of `aws …` into the file, or give ConvertTo-Json `-Depth 20` and its lists as `@(…)`, found arrays that PowerShell's ConvertTo-Json took apart";
  it.each([
    [
      'a list of one that became its element',
      { ...CONFIG, Origins: { Quantity: 1, Items: { Id: 'media' } } },
      `${MANGLED}, at Origins`,
    ],
    [
      'texts below the depth',
      { ...CONFIG, Origins: { Quantity: 1, Items: ['@{Id=media; DomainName=x}'] } },
      `${MANGLED}, at Origins.Items[0]`,
    ],
    [
      'the name of a type',
      { ...CONFIG, Origins: 'System.Object[]', Aliases: 'System.Object[]' },
      `${MANGLED}, at Aliases and in 1 other place`,
    ],
    [
      'a list in an object with Count',
      { ...CONFIG, Origins: { Quantity: 1, Items: { value: [{ Id: 'media' }], Count: 1 } } },
      `${MANGLED}, at Origins`,
    ],
    [
      'methods joined by blanks',
      {
        ...CONFIG,
        DefaultCacheBehavior: openBehavior({ AllowedMethods: { Quantity: 2, Items: 'HEAD GET' } }),
      },
      `${MANGLED}, at DefaultCacheBehavior.AllowedMethods`,
    ],
  ])("PowerShell's %s", (_what, content, line) => {
    expect(problemsOf(content)).toEqual([`distribution.json: ${line}`]);
  });

  it.each([
    [
      'no distribution at all',
      { Aliases: list([]) },
      ': expected the answer of `aws cloudfront get-distribution-config --id ID`, or its DistributionConfig, found an object',
    ],
    [
      'no origins',
      { ...CONFIG, Origins: list([]) },
      ' Origins: expected at least one origin, found an object',
    ],
    [
      'origins that are no list',
      { ...CONFIG, Origins: [] },
      ' Origins: expected an object with Quantity and Items, found an array',
    ],
    [
      'origins without Items',
      { ...CONFIG, Origins: { Quantity: 1 } },
      ' Origins.Quantity: expected 0, the number of Items, found 1',
    ],
    [
      'an origin without Id',
      { ...CONFIG, Origins: list([{ DomainName: 'x' }]) },
      ' Origins.Items[0].Id: expected a text that is not empty, found nothing',
    ],
    [
      'no default behavior',
      { ...CONFIG, DefaultCacheBehavior: undefined },
      ' DefaultCacheBehavior: expected an object, found nothing',
    ],
    [
      'a target that no origin has',
      { ...CONFIG, DefaultCacheBehavior: openBehavior({ TargetOriginId: 'none' }) },
      ' DefaultCacheBehavior.TargetOriginId: expected the Id of an origin, found "none"',
    ],
    [
      'no cache settings',
      { ...CONFIG, DefaultCacheBehavior: openBehavior({ CachePolicyId: undefined }) },
      ' DefaultCacheBehavior.CachePolicyId: expected the id of a cache policy, or ForwardedValues beside it, found nothing',
    ],
  ])('for %s', (_what, content, line) => {
    expect(problemsOf(content)).toEqual([`distribution.json${line}`]);
  });

  it('for an edge.json that is missing', () => {
    expect(problemsOf(CONFIG, { 'edge.json': null })).toEqual([
      'edge.json: expected what stands behind each origin, {"origins": {"ORIGIN-ID": {"folder": "../media"}}}, found no file',
    ]);
  });

  it.each([
    [
      'a policy that is no JSON',
      { 'cache-policies/p1.json': '{' },
      /^cache-policies\/p1\.json: expected JSON, found /,
    ],
    [
      'a policy that is something else',
      { 'cache-policies/x.json': { TTL: 1 } },
      /^cache-policies\/x\.json: expected the answer of `aws cloudfront get-cache-policy --id ID`, found an object$/,
    ],
    [
      'a policy without its Id',
      { 'cache-policies/x.json': { CachePolicy: { CachePolicyConfig: POLICY } } },
      /^cache-policies\/x\.json CachePolicy\.Id: expected a text that is not empty, found nothing$/,
    ],
  ])('for %s', (_what, extra, line) => {
    expect(problemsOf(withPolicy('p1'), extra)).toEqual([expect.stringMatching(line)]);
  });

  it('for a policy that is missing, however many behaviors name it', () => {
    const other = openBehavior({ PathPattern: 'a/*', CachePolicyId: 'p1' });
    expect(problemsOf({ ...withPolicy('p1'), CacheBehaviors: list([other]) })).toEqual([
      'distribution.json CacheBehaviors.Items[0].CachePolicyId: expected the answer of `aws cloudfront get-cache-policy --id p1` in cache-policies/, or the id of a managed one, found "p1"',
    ]);
  });

  it('for a public key that is none, and not for the group that names it', () => {
    expect(
      problemsOf(CONFIG, { 'public-keys/KRSA1.json': { PublicKey: { Id: 'KRSA1', PublicKeyConfig: {} } } }),
    ).toEqual([
      'public-keys/KRSA1.json PublicKey.PublicKeyConfig.EncodedKey: expected a text that is not empty, found nothing',
    ]);
  });

  it('for each of two policies whose ids nobody knows, and none for the ids', () => {
    const config = {
      ...withPolicy('p1'),
      CacheBehaviors: list([openBehavior({ PathPattern: 'a/*', CachePolicyId: 'p2' })]),
    };
    const line = (file: string) =>
      `cache-policies/${file}: expected the answer of \`aws cloudfront get-cache-policy --id ID\` with its Id, or the Id as the name of the file, found a configuration without Id, while 2 are missing`;
    expect(problemsOf(config, { 'cache-policies/a.json': POLICY, 'cache-policies/b.json': POLICY })).toEqual([
      line('a.json'),
      line('b.json'),
    ]);
  });
});

describe('members of 2025 and 2026', () => {
  const unfollowed = (members: object) => read({ ...CONFIG, ...members }).unfollowed;

  it('pass silently with the values that AWS writes for everybody', () => {
    expect(
      unfollowed({
        ConnectionMode: 'direct',
        TenantConfig: { ParameterDefinitions: [] },
        ViewerMtlsConfig: { Mode: 'none' },
        ConnectionFunctionAssociation: { Id: '' },
        CacheTagConfig: { HeaderName: '' },
        AnycastIpListId: '',
        SomethingOf2027: { Enabled: false },
        AnotherOf2027: { Quantity: 0 },
        AThirdOf2027: '',
      }),
    ).toEqual([]);
  });

  it.each([
    [
      { ConnectionMode: 'tenant-only' },
      'ConnectionMode: there are no tenants: every host gets this one configuration',
    ],
    [
      { TenantConfig: { ParameterDefinitions: [{ Name: 'a' }] } },
      'TenantConfig: parameters of tenants are not put in, `{{…}}` stays text',
    ],
    [
      { ViewerMtlsConfig: { Mode: 'required', TrustStoreConfig: { TrustStoreId: 't' } } },
      'ViewerMtlsConfig: no viewer is asked for a certificate',
    ],
    [
      { ConnectionFunctionAssociation: { Id: 'f' } },
      'ConnectionFunctionAssociation: the connection function is not run',
    ],
    [
      { CacheTagConfig: { HeaderName: 'x-tag' } },
      'CacheTagConfig: copies are invalidated by path alone, not by tag',
    ],
    [{ SomethingOf2027: { Enabled: true } }, 'SomethingOf2027: this edge does not know it'],
  ])('are named with what they mean when they are set: %j', (members, line) => {
    expect(unfollowed(members)).toEqual([`distribution.json ${line}`]);
  });

  it('are named at an origin too', () => {
    const origin = { Id: 'media', DomainName: 'x', VpcOriginConfig: { VpcOriginId: 'vo_1' } };
    expect(unfollowed({ Origins: list([origin]) })).toEqual([
      'distribution.json Origins.Items[].VpcOriginConfig: the folder answers as S3 does, whatever stands in the VPC',
    ]);
  });
});
