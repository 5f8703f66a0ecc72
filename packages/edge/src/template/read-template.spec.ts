import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  CACHING_OPTIMIZED,
  distributionOf,
  list,
  writeFolder,
} from '../../../../test/support/edge-fixture.js';
import { CODE, EDGE, KEY, wholeTemplate, writeTemplate } from '../../../../test/support/template-fixture.js';
import type { FolderOriginDescription } from '../distribution/distribution.js';
import { formatFolderProblem } from '../distribution/json-node.js';
import type { ReadOptions } from '../distribution/open-files.js';
import { readDistribution } from '../distribution/read-distribution.js';

/** The same distribution as AWS's own calls answer. */
function sameFolder(): string {
  const { folder } = writeFolder({
    keys: [KEY],
    config: {
      DefaultRootObject: 'index.html',
      Origins: list([
        {
          Id: 'media',
          DomainName: 'media.s3.us-east-1.amazonaws.com',
          OriginAccessControlId: 'E2ACCESS',
          S3OriginConfig: { OriginAccessIdentity: '' },
          OriginPath: '/v1',
          CustomHeaders: list([{ HeaderName: 'X-From', HeaderValue: 'cdn' }]),
        },
        {
          Id: 'api',
          DomainName: 'api.example.com',
          ConnectionAttempts: 2,
          CustomOriginConfig: { OriginProtocolPolicy: 'https-only', OriginReadTimeout: 45 },
        },
        {
          Id: 'pages',
          DomainName: 'media.s3-website-us-east-1.amazonaws.com',
          CustomOriginConfig: { OriginProtocolPolicy: 'http-only' },
        },
      ]),
      OriginGroups: list([
        {
          Id: 'both',
          FailoverCriteria: { StatusCodes: list([503]) },
          Members: list([{ OriginId: 'media' }, { OriginId: 'api' }]),
        },
      ]),
      CustomErrorResponses: list([
        { ErrorCode: 404, ResponseCode: '200', ResponsePagePath: '/404.html', ErrorCachingMinTTL: 0 },
      ]),
    },
    defaultBehavior: {
      TargetOriginId: 'media',
      ViewerProtocolPolicy: 'redirect-to-https',
      Compress: true,
      TrustedKeyGroups: { Enabled: true, ...list(['group-viewers']) },
      CachePolicyId: 'caching',
      OriginRequestPolicyId: 'asking',
      ResponseHeadersPolicyId: 'pages',
      FunctionAssociations: list([
        { EventType: 'viewer-request', FunctionARN: 'arn:aws:cloudfront::1:function/rewrite' },
      ]),
    },
    behaviors: [
      {
        PathPattern: '/api/*',
        TargetOriginId: 'api',
        ViewerProtocolPolicy: 'https-only',
        AllowedMethods: {
          ...list(['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE']),
          CachedMethods: list(['GET', 'HEAD', 'OPTIONS']),
        },
        ForwardedValues: {
          QueryString: true,
          Headers: list(['Authorization']),
          Cookies: { Forward: 'none' },
        },
        MinTTL: 0,
      },
      {
        PathPattern: '/both/*',
        TargetOriginId: 'both',
        ViewerProtocolPolicy: 'allow-all',
        CachePolicyId: CACHING_OPTIMIZED,
      },
    ],
    policies: {
      pages: {
        Name: 'pages',
        CorsConfig: {
          AccessControlAllowCredentials: true,
          AccessControlAllowHeaders: list(['Range']),
          AccessControlAllowMethods: list(['GET', 'HEAD']),
          AccessControlAllowOrigins: list(['https://app.example.com']),
          AccessControlExposeHeaders: list(['ETag']),
          AccessControlMaxAgeSec: 600,
          OriginOverride: true,
        },
        CustomHeadersConfig: list([{ Header: 'Vary', Value: 'Origin', Override: true }]),
        RemoveHeadersConfig: list([{ Header: 'x-powered-by' }]),
        SecurityHeadersConfig: {
          ContentTypeOptions: { Override: true },
          StrictTransportSecurity: { AccessControlMaxAgeSec: 63072000, Override: false, Preload: true },
        },
      },
    },
    edge: {
      origins: {
        media: { folder: '../media', bucketCors: 'bucket-cors.json', listBucket: true },
        api: { url: 'http://localhost:4000' },
        pages: {
          folder: '../media',
          bucketCors: 'bucket-cors.json',
          bucketWebsite: 'bucket-website.json',
        },
      },
    },
    extra: {
      'functions/rewrite.js': CODE,
      'cache-policies/caching.json': {
        MinTTL: 0,
        DefaultTTL: 60,
        MaxTTL: 3600,
        ParametersInCacheKeyAndForwardedToOrigin: {
          EnableAcceptEncodingGzip: true,
          EnableAcceptEncodingBrotli: true,
          HeadersConfig: { HeaderBehavior: 'whitelist', Headers: list(['Origin']) },
          CookiesConfig: { CookieBehavior: 'allExcept', Cookies: list(['session']) },
          QueryStringsConfig: { QueryStringBehavior: 'whitelist', QueryStrings: list(['v']) },
        },
      },
      'origin-request-policies/asking.json': {
        HeadersConfig: { HeaderBehavior: 'allExcept', Headers: list(['host']) },
        CookiesConfig: { CookieBehavior: 'all' },
        QueryStringsConfig: { QueryStringBehavior: 'none' },
      },
      'bucket-cors.json': {
        CORSRules: [
          {
            ID: 'pages',
            AllowedHeaders: ['Range'],
            AllowedMethods: ['GET', 'HEAD'],
            AllowedOrigins: ['https://app.example.com'],
            ExposeHeaders: ['ETag'],
            MaxAgeSeconds: 600,
          },
        ],
      },
      'bucket-website.json': {
        IndexDocument: { Suffix: 'index.html' },
        ErrorDocument: { Key: 'error.html' },
        RoutingRules: [
          {
            Condition: { KeyPrefixEquals: 'old/', HttpErrorCodeReturnedEquals: '404' },
            Redirect: { ReplaceKeyPrefixWith: 'new/', HttpRedirectCode: '302' },
          },
        ],
      },
    },
  });
  return folder;
}

/** What is compared: folders of this machine differ, and keys are compared by their text. */
function comparable(path: string, options: ReadOptions = {}): unknown {
  const { origins, behaviors, ...rest } = distributionOf(readDistribution(path, options));
  return {
    ...rest,
    behaviors: behaviors.map(({ trustedKeys, ...behavior }) => ({
      ...behavior,
      keys: [...(trustedKeys ?? [])].map(([id, key]) => [id, key.export({ type: 'spki', format: 'pem' })]),
    })),
    origins: [...origins].map(([id, origin]) => [
      id,
      { ...origin, ...(origin.kind === 'folder' ? { folder: '', readableKeys: null } : {}) },
    ]),
  };
}

/** JSON as YAML writes it, with the short forms of functions. */
const SHORT = `
Conditions:
  HasAlias: !Not [!Equals ["cdn.example.com", ""]]
Resources:
  Media: { Type: "AWS::S3::Bucket", Properties: { BucketName: media } }
  Cdn:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: yes
        Aliases: [!If [HasAlias, "cdn.example.com", !Ref "AWS::NoValue"]]
        Origins:
          - Id: media
            DomainName: !Sub "\${Media}.s3.\${AWS::Region}.amazonaws.com"
            S3OriginConfig: {}
        DefaultCacheBehavior:
          TargetOriginId: media
          ViewerProtocolPolicy: allow-all
          CachePolicyId: ${CACHING_OPTIMIZED}
`;

const linesOf = (path: string, options?: ReadOptions): readonly string[] => {
  const result = readDistribution(path, options);
  return 'problems' in result ? result.problems.map(formatFolderProblem) : [];
};

describe('a template', () => {
  it('is the same distribution as the answers of AWS', () => {
    expect(comparable(writeTemplate(wholeTemplate(), EDGE, 'template.json'))).toEqual(
      comparable(sameFolder()),
    );
  });

  it('is read in YAML, with the short forms of its functions', () => {
    const distribution = distributionOf(
      readDistribution(writeTemplate(SHORT, { origins: { media: { folder: 'media' } } })),
    );
    expect(distribution.aliases).toEqual(['cdn.example.com']);
    expect(distribution.origins.get('media')?.domainName).toBe('media.s3.us-east-1.amazonaws.com');
  });

  it('is read as Windows PowerShell writes it, in UTF-16', () => {
    const path = writeTemplate(SHORT, { origins: { media: { folder: 'media' } } });
    writeFileSync(path, `\uFEFF${SHORT}`, 'utf16le');
    expect(distributionOf(readDistribution(path)).aliases).toEqual(['cdn.example.com']);
  });

  it('needs no edge.json for those who ask what it says and no more', () => {
    const path = writeTemplate(wholeTemplate(), null);
    const { origins } = distributionOf(readDistribution(path, { edgeJson: null }));
    expect([...origins].map(([id, { kind, bucketCors }]) => [id, kind, bucketCors?.rules.length])).toEqual([
      ['media', 'absent', 1],
      ['api', 'absent', undefined],
    ]);
    expect(linesOf(path)).toEqual([
      'edge.json: expected what stands behind each origin, {"origins": {"ORIGIN-ID": {"folder": "../media"}}}, found no file',
    ]);
  });

  it('takes edge.json from where it is said to lie, its paths from there', () => {
    const path = writeTemplate(SHORT, null);
    const other = writeTemplate('', { origins: { media: { folder: 'media' } } });
    const edgeJson = join(other, '../edge.json');
    const origin = distributionOf(readDistribution(path, { edgeJson })).origins.get('media');
    expect((origin as FolderOriginDescription).folder).toBe(join(other, '../media'));
  });

  it('keeps definitions that lie beside edge.json as AWS answered them', () => {
    const path = writeTemplate(SHORT.replace(CACHING_OPTIMIZED, 'other-stack'), {
      origins: { media: { folder: 'media' } },
    });
    expect(linesOf(path)).toEqual([
      'template.yaml:19 Resources.Cdn.Properties.DistributionConfig.DefaultCacheBehavior.CachePolicyId: expected the answer of `aws cloudfront get-cache-policy --id other-stack` in cache-policies/, or the id of a managed one, found "other-stack"',
    ]);
    mkdirSync(join(path, '../cache-policies'));
    const parameters = {
      HeadersConfig: { HeaderBehavior: 'none' },
      CookiesConfig: { CookieBehavior: 'none' },
      QueryStringsConfig: { QueryStringBehavior: 'none' },
    };
    writeFileSync(
      join(path, '../cache-policies/other-stack.json'),
      JSON.stringify({ MinTTL: 7, ParametersInCacheKeyAndForwardedToOrigin: parameters }),
    );
    expect(distributionOf(readDistribution(path)).behaviors[0]?.cachePolicy.minTtlSeconds).toBe(7);
  });

  it('says that AWS alone looks up a dynamic reference', () => {
    const secret = '{{resolve:secretsmanager:media:SecretString:header}}';
    const text = JSON.stringify(wholeTemplate()).replace('"HeaderValue":"cdn"', `"HeaderValue":"${secret}"`);
    expect(readDistribution(writeTemplate(text)).warnings).toContain(
      `template.yaml: ${secret} stays as it is written: AWS alone looks it up`,
    );
  });

  it('with several distributions is refused with their names, until one is chosen', () => {
    const template = wholeTemplate();
    const { Cdn, ...others } = template['Resources'] ?? {};
    const path = writeTemplate({ ...template, Resources: { ...others, Cdn, Other: Cdn } });
    expect(linesOf(path)).toEqual([
      'template.yaml:12 Resources: expected one distribution, or --resource with one of Cdn, Other, found 2',
    ]);
    expect(linesOf(path, { resource: 'Cnd' })).toEqual([
      'template.yaml:12 Resources: expected one distribution, or --resource with one of Cdn, Other, found Cnd',
    ]);
    expect(linesOf(path, { resource: 'Cdn' })).toEqual([]);
  });

  it('is named where the folder of cdk synth was given', () => {
    const folder = join(writeTemplate(SHORT, EDGE, 'Media.template.json'), '..');
    expect(linesOf(folder)[0]).toBe(
      'distribution.json: expected what `aws cloudfront get-distribution-config --id ID` prints, or --distribution with a template of this folder, Media.template.json, found no file',
    );
  });

  it('without a distribution is refused', () => {
    expect(linesOf(writeTemplate({ Resources: {} }, { origins: {} }))).toEqual([
      'template.yaml:2 Resources: expected a resource of type AWS::CloudFront::Distribution whose Condition is true, found 0',
    ]);
  });

  it('that is neither JSON nor YAML is one line with its place', () => {
    expect(linesOf(writeTemplate('Resources:\n  A: {\n'))).toEqual([
      expect.stringMatching(/^template\.yaml:\d+: expected JSON or YAML, found .+$/),
    ]);
  });
});

describe('each mistake in a template is one line, with the line of the file', () => {
  const edge = { origins: { media: { folder: 'media' } } };
  const at = 'Resources.Cdn.Properties.DistributionConfig';

  it.each<[what: string, from: string, to: string, lines: readonly string[]]>([
    [
      'a name that is none',
      'TargetOriginId: media',
      'TargetOriginId: medai',
      [
        `template.yaml:17 ${at}.DefaultCacheBehavior.TargetOriginId: expected the Id of an origin, found "medai"`,
      ],
    ],
    [
      'a member that is missing',
      '          TargetOriginId: media\n',
      '',
      [
        `template.yaml:16 ${at}.DefaultCacheBehavior.TargetOriginId: expected a text that is not empty, found nothing`,
      ],
    ],
    [
      'a list that is none',
      '[!If [HasAlias, "cdn.example.com", !Ref "AWS::NoValue"]]',
      'cdn.example.com',
      [`template.yaml:11 ${at}.Aliases: expected an array, found "cdn.example.com"`],
    ],
    [
      'a value that cannot be evaluated',
      'CachePolicyId: ' + CACHING_OPTIMIZED,
      'CachePolicyId: !Ref Policy',
      [
        `template.yaml:19 ${at}.DefaultCacheBehavior.CachePolicyId: expected the name of a parameter or of a resource, found "Policy"`,
      ],
    ],
    [
      'an id that cannot be evaluated',
      '- Id: media',
      '- Id: !Ref Name',
      [
        `template.yaml:13 ${at}.Origins[0].Id: expected the name of a parameter or of a resource, found "Name"`,
      ],
    ],
    [
      'the name of the API',
      'S3OriginConfig: {}',
      'CustomHeaders: []',
      [
        `template.yaml:15 ${at}.Origins[0].CustomHeaders: expected OriginCustomHeaders as name, as CloudFormation has it, found "CustomHeaders"`,
      ],
    ],
    [
      'no configuration',
      'DistributionConfig:',
      'DistributionConfiguration:',
      [
        'template.yaml:8 Resources.Cdn.Properties.DistributionConfig: expected the configuration of the distribution, found nothing',
      ],
    ],
  ])('%s', (_, from, to, lines) => {
    const text = SHORT.replace(from, to);
    expect(text).not.toBe(SHORT);
    expect(linesOf(writeTemplate(text, edge))).toEqual(lines);
  });

  it('in the code of a function', () => {
    const template = wholeTemplate();
    const text = JSON.stringify(template, undefined, 2).replace(
      JSON.stringify(CODE),
      '"function handle() {}"',
    );
    expect(linesOf(writeTemplate(text))).toEqual([
      expect.stringMatching(
        /^template\.yaml:\d+ Resources\.Rewrite\.Properties\.FunctionCode: expected JavaScript with a function handler, found no handler$/,
      ),
    ]);
  });

  it('and what is not followed is named with its place', () => {
    const text = SHORT.replace(
      'Enabled: yes',
      'Enabled: yes\n        WebACLId: x\n        Novelty: { On: 1 }',
    );
    expect(readDistribution(writeTemplate(text, edge)).unfollowed).toEqual([
      `template.yaml ${at}.WebACLId: no firewall rule is applied`,
      `template.yaml ${at}.Novelty: this edge does not know it`,
    ]);
  });
});
