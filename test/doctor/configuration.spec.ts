import { describe, expect, test } from '@jest/globals';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diagnose, joinEvidence, readConfiguration, readSettings } from '@edgepass/doctor';
import { writeFolder } from '../support/edge-fixture.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { CONFIGURED } from './configurations.js';
import { CACHING_OPTIMIZED, distributionInput, FILE, GOOD_POLICY, KEY, PAGE } from './stage.js';

const NOW_MILLISECONDS = 1_795_000_000_000;

function ask(folder: string, url: string | null, app: string, settings: string | null = null) {
  const read = settings === null ? null : readSettings(settings);
  const result = readConfiguration(folder, url, app, read?.keyPairId ?? null);
  if ('problems' in result) throw new Error(result.problems.join('\n'));
  const parts = [result.evidence, ...(read === null ? [] : [read.evidence])];
  return diagnose(joinEvidence(parts, { nowMilliseconds: NOW_MILLISECONDS, app, target: url }));
}

/** A template of the recommended distribution; tests change what its policy says. */
function template(cors: object, more: object = {}): string {
  const { CorsConfig, CustomHeadersConfig } = GOOD_POLICY;
  const names = (listed: object) => ({ Items: (listed as { readonly Items: readonly unknown[] }).Items });
  return JSON.stringify(
    {
      Parameters: { AppOrigin: { Type: 'String' } },
      Resources: {
        Media: { Type: 'AWS::S3::Bucket' },
        ViewerKey: {
          Type: 'AWS::CloudFront::PublicKey',
          Properties: {
            PublicKeyConfig: { Name: 'viewers', CallerReference: '1', EncodedKey: KEY.publicPem },
          },
        },
        Viewers: {
          Type: 'AWS::CloudFront::KeyGroup',
          Properties: { KeyGroupConfig: { Name: 'viewers', Items: [{ Ref: 'ViewerKey' }] } },
        },
        Pages: {
          Type: 'AWS::CloudFront::ResponseHeadersPolicy',
          Properties: {
            ResponseHeadersPolicyConfig: {
              Name: 'pages',
              CorsConfig: {
                ...CorsConfig,
                AccessControlAllowOrigins: { Items: [{ Ref: 'AppOrigin' }] },
                AccessControlAllowHeaders: names(CorsConfig.AccessControlAllowHeaders),
                AccessControlAllowMethods: names(CorsConfig.AccessControlAllowMethods),
                AccessControlExposeHeaders: names(CorsConfig.AccessControlExposeHeaders),
                ...cors,
              },
              CustomHeadersConfig: names(CustomHeadersConfig),
            },
          },
        },
        Cdn: {
          Type: 'AWS::CloudFront::Distribution',
          Properties: {
            DistributionConfig: {
              Enabled: true,
              Aliases: ['cdn.example.com'],
              Origins: [
                {
                  Id: 'media',
                  DomainName: { 'Fn::GetAtt': ['Media', 'RegionalDomainName'] },
                  S3OriginConfig: { OriginAccessIdentity: '' },
                },
              ],
              DefaultCacheBehavior: {
                TargetOriginId: 'media',
                ViewerProtocolPolicy: 'https-only',
                CachePolicyId: CACHING_OPTIMIZED,
                ResponseHeadersPolicyId: { Ref: 'Pages' },
                TrustedKeyGroups: [{ Ref: 'Viewers' }],
                ...more,
              },
            },
          },
        },
      },
    },
    undefined,
    2,
  );
}

describe('a CloudFormation template', () => {
  const read = (text: string, keyPairId: string | null = null) => {
    const file = join(temporaryFolder('template'), 'media.json');
    writeFileSync(file, text);
    const parameters = new Map([['AppOrigin', PAGE]]);
    const result = readConfiguration(file, FILE, PAGE, keyPairId, { parameters });
    if ('problems' in result) throw new Error(result.problems.join('\n'));
    return diagnose(
      joinEvidence([result.evidence], { nowMilliseconds: NOW_MILLISECONDS, app: PAGE, target: FILE }),
    );
  };

  test('of the recommended distribution yields nothing but ok', () => {
    const { findings } = read(template({}));
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(findings.length).toBeGreaterThan(3);
  });

  test('that does not allow credentials: names the setting and its line', () => {
    const text = template({ AccessControlAllowCredentials: false });
    const line = text.split('\n').findIndex((each) => each.includes('"CorsConfig"')) + 1;
    const { rootCause } = read(text);
    expect([rootCause?.id, rootCause?.fix.where]).toEqual([
      'credentials-not-allowed',
      `response headers policy "pages" (media.json:${line} Resources.Pages.Properties.ResponseHeadersPolicyConfig.CorsConfig), CorsConfig.AccessControlAllowCredentials`,
    ]);
  });

  test('has the logical id of a key, so the signer’s is not compared with it', () => {
    expect(read(template({}), 'K2JCJMDEHXQW5F').rootCause).toBeNull();
  });

  test('without a parameter gives the mistake with its line', () => {
    const file = join(temporaryFolder('template'), 'media.json');
    writeFileSync(file, template({}));
    expect(readConfiguration(file, FILE, PAGE, null)).toEqual({
      problems: [
        'media.json:3 Parameters.AppOrigin: expected --parameter AppOrigin=VALUE, found no value and no Default',
      ],
    });
  });

  test('with a Lambda@Edge function on answers judges no headers, and says why', () => {
    const lambda = {
      EventType: 'origin-response',
      LambdaFunctionARN: 'arn:aws:lambda:us-east-1:111122223333:function:cors:1',
    };
    const { findings, notes } = read(
      template(
        { AccessControlAllowOrigins: { Items: ['https://other.example.com'] } },
        { LambdaFunctionAssociations: [lambda] },
      ),
    );
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(notes).toEqual([
      'The Lambda@Edge function of the behavior "*" may change the headers of answers, so the configuration alone does not say them.',
    ]);
  });
});

describe('the JSON of a distribution', () => {
  test.each(CONFIGURED.map((configured) => [configured.entry, configured.how, configured] as const))(
    '%s: %s',
    (entry, _how, { input, id, where, url, app, settings }) => {
      const { folder } = writeFolder(input);
      const { rootCause } = ask(folder, url ?? FILE, app ?? PAGE, settings ?? null);
      expect(rootCause).toMatchObject({ id, catalogue: [entry] });
      expect(rootCause?.fix.where ?? '').toBe(where);
    },
  );

  test('whose policy lists other origins: says that this policy does not list it', () => {
    const { folder } = writeFolder(distributionInput({}));
    const { rootCause } = ask(folder, FILE, 'https://evil.example.com');
    expect(rootCause).toMatchObject({
      why: 'The response headers policy "pages" does not list https://evil.example.com, so it answers that page without CORS headers.',
      fix: { text: 'List exactly https://evil.example.com in it.' },
    });
  });

  test('names the same without edge.json, as AWS alone writes it', () => {
    for (const { input, id, url, app, settings } of CONFIGURED) {
      const { folder } = writeFolder(input);
      rmSync(join(folder, 'edge.json'));
      expect(ask(folder, url ?? FILE, app ?? PAGE, settings ?? null).rootCause?.id).toBe(id);
    }
  });

  test('of the recommended distribution yields nothing but ok', () => {
    const { folder } = writeFolder(distributionInput({}));
    const { findings, rootCause, alsoPossible } = ask(folder, FILE, PAGE);
    expect({ rootCause, alsoPossible }).toEqual({ rootCause: null, alsoPossible: [] });
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
  });

  test('of one app that passes Origin on warns that an image may spoil the copy', () => {
    const { folder } = writeFolder(
      distributionInput({
        policy: null,
        bucketCors: { CORSRules: [{ AllowedOrigins: [PAGE], AllowedMethods: ['GET'] }] },
        behavior: { OriginRequestPolicyId: '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf' },
      }),
    );
    const { findings, rootCause } = ask(folder, FILE, PAGE);
    expect(rootCause).toBeNull();
    expect(findings.filter(({ status }) => status !== 'ok').map(({ id, status }) => [id, status])).toEqual([
      ['other-origins-copy', 'warn'],
    ]);
  });

  test('names a key pair id that no key group holds', () => {
    const { folder } = writeFolder(distributionInput({}));
    const settings =
      'PUBLIC_URL=https://api.example.com\nAPP_ORIGINS=https://app.example.com\nCLOUDFRONT_DOMAIN=cdn.example.com\nCLOUDFRONT_KEY_PAIR_ID=KOTHER\n';
    const { rootCause } = ask(folder, FILE, PAGE, settings);
    expect(rootCause?.id).toBe('key-not-trusted');
    expect(rootCause?.seen).toEqual(["The signer's key pair id KOTHER is in no key group of the behavior."]);
  });

  test('is read as a bare DistributionConfig in one file too', () => {
    const { folder } = writeFolder(
      distributionInput({ policy: null, behavior: { TrustedKeyGroups: { Enabled: false, Quantity: 0 } } }),
    );
    const file = join(folder, 'distribution.json');
    const { DistributionConfig } = JSON.parse(readFileSync(file, 'utf8')) as { DistributionConfig: object };
    const alone = writeFolder({ extra: { 'alone.json': DistributionConfig } });
    expect(ask(join(alone.folder, 'alone.json'), FILE, PAGE).rootCause?.id).toBe('no-cors-headers');
  });

  test.each([
    [true, ['ipv6-enabled']],
    [false, []],
  ])('with IsIPV6Enabled %p says so', (IsIPV6Enabled, kinds) => {
    const { folder } = writeFolder(distributionInput({ config: { IsIPV6Enabled } }));
    const result = readConfiguration(folder, FILE, PAGE, null);
    if ('problems' in result) throw new Error(result.problems.join('\n'));
    expect(result.evidence.configuration?.map(({ kind }) => kind)).toEqual(kinds);
  });

  test('with mistakes gives each of them with its place', () => {
    const { folder } = writeFolder({
      extra: { 'distribution.json': { DistributionConfig: { Origins: 5 } } },
    });
    const result = readConfiguration(folder, FILE, PAGE, null);
    expect('problems' in result && result.problems[0]).toMatch(/^distribution\.json DistributionConfig/);
  });
});
