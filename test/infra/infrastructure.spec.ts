import { createHash, createPublicKey } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { formatFolderProblem } from '../../packages/edge/src/distribution/json-node.js';
import type { ReadOptions } from '../../packages/edge/src/distribution/open-files.js';
import { readDistribution } from '../../packages/edge/src/distribution/read-distribution.js';
import { recommendedDistribution } from '../../packages/local/src/recommended-distribution.js';
import { distributionOf } from '../support/edge-fixture.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { terraformAsTemplate } from './terraform-template.js';

const ROOT = new URL('../../', import.meta.url);
const fileOf = (path: string): string => fileURLToPath(new URL(path, ROOT));
const PUBLIC_KEY = readFileSync(fileOf('packages/cdk/example-public-key.pem'), 'utf8');
const PAGE = 'https://app.example.com';
const CERTIFICATE = 'arn:aws:acm:us-east-1:111122223333:certificate/11111111-2222-3333-4444-555555555555';
const PARAMETERS = new Map([
  ['DomainName', 'cdn.example.com'],
  ['CertificateArn', CERTIFICATE],
  ['PageOrigins', PAGE],
  ['FirstPublicKey', PUBLIC_KEY],
]);

/** What a distribution decides, without the names that each tool makes up. */
function decisions(path: string, options: ReadOptions = {}) {
  const isTemplate = /\.(?:yaml|json)$/.test(path);
  const result = readDistribution(path, { ...(isTemplate ? { edgeJson: emptyBucket() } : {}), ...options });
  const { behaviors, origins, ...rest } = distributionOf(result);
  return {
    ...rest,
    warnings: result.warnings,
    unfollowed: result.unfollowed,
    behaviors: behaviors.map(({ trustedKeys, ...behavior }) => ({
      ...behavior,
      keys: [...(trustedKeys?.values() ?? [])].map((key) => key.export({ type: 'spki', format: 'pem' })),
    })),
    origins: [...origins].map(([id, origin]) => [id, { ...origin, domainName: '', folder: '' }]),
  };
}

/** An edge.json with an empty folder in the place of the bucket. */
function emptyBucket(): string {
  const folder = temporaryFolder('infra');
  mkdirSync(join(folder, 'media'));
  writeFileSync(join(folder, 'edge.json'), JSON.stringify({ origins: { media: { folder: 'media' } } }));
  return join(folder, 'edge.json');
}

describe('the recommended set-up', () => {
  const ofTemplate = () => decisions(fileOf('infra/cloudformation.yaml'), { parameters: PARAMETERS });

  it('as a CloudFormation template is the distribution of npm start, and keeps files from pages of other sites', () => {
    const folder = temporaryFolder('recommended');
    const files: Record<string, object> = {
      ...recommendedDistribution({
        cloudFrontUrl: 'https://cdn.example.com',
        pageOrigins: [PAGE],
        keyPairId: 'K2JCJMDEHXQW5F',
        publicKeyPem: PUBLIC_KEY,
        originId: 'media',
        nowEpochSeconds: 1_795_000_000,
        servers: { api: null, page: null },
      }),
      'edge.json': { origins: { media: { folder: '.' } } },
    };
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), JSON.stringify(content));
    }
    const { behaviors, origins, ...template } = ofTemplate();
    const { behaviors: local, origins: localOrigins, ...recommended } = decisions(folder);
    expect(template).toEqual(recommended);
    const policy = local[0]?.responseHeadersPolicy;
    const added = [
      ...(policy?.added ?? []),
      { name: 'Cross-Origin-Resource-Policy', value: 'same-site', override: true },
    ];
    expect(behaviors).toEqual([{ ...local[0], responseHeadersPolicy: { ...policy, added } }]);
    // Of the bucket the local folder says nothing.
    expect(origins).toEqual([
      [
        'media',
        { ...(localOrigins[0]?.[1] as object), readableKeys: ['*'], bucketCors: expect.objectContaining({}) },
      ],
    ]);
  });

  it("as AWS's own files in the docs answers the same", () => {
    const page = readFileSync(fileOf('docs/recommended-distribution.md'), 'utf8')
      .replaceAll('https://app.edgepass.localhost:3000', PAGE)
      .replace(
        '-----BEGIN PUBLIC KEY-----\\n…\\n-----END PUBLIC KEY-----\\n',
        JSON.stringify(PUBLIC_KEY).slice(1, -1),
      );
    const folder = temporaryFolder('docs');
    for (const [, name = '', text = ''] of page.matchAll(/^`([\w/-]+\.json)`\n\n```json\n(.*?)^```/gms)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    writeFileSync(join(folder, 'edge.json'), '{"origins": {"media": {"folder": "."}}}');
    const { behaviors, origins } = decisions(folder);
    expect(behaviors).toEqual(ofTemplate().behaviors);
    expect(origins).toMatchObject([['media', { isSigned: true }]]);
  });

  it('as a CDK construct synthesises the same', () => {
    expect(decisions(fileOf('packages/cdk/template.json'))).toEqual(ofTemplate());
  });

  it('as a Terraform module is the same', async () => {
    const template = await terraformAsTemplate(fileOf('infra/terraform/main.tf'), {
      name: 'media',
      domain_name: 'cdn.example.com',
      certificate_arn: CERTIFICATE,
      page_origins: [PAGE],
      public_keys: { first: PUBLIC_KEY },
      resource_policy: 'same-site',
    });
    const file = join(temporaryFolder('terraform'), 'template.json');
    writeFileSync(file, JSON.stringify(template));
    expect(decisions(file)).toEqual(ofTemplate());
  });

  it('takes a second key beside the first, or alone', () => {
    const keysWith = (keys: Readonly<Record<string, string>>) => {
      const parameters = new Map([...PARAMETERS, ...Object.entries(keys)]);
      const read = readDistribution(fileOf('infra/cloudformation.yaml'), { edgeJson: null, parameters });
      return [...(distributionOf(read).behaviors[0]?.trustedKeys?.keys() ?? [])];
    };
    expect(keysWith({})).toEqual(['FirstKey']);
    expect(keysWith({ SecondPublicKey: PUBLIC_KEY })).toEqual(['FirstKey', 'SecondKey']);
    expect(keysWith({ FirstPublicKey: '', SecondPublicKey: PUBLIC_KEY })).toEqual(['SecondKey']);
  });

  it('with neither key starts with a line that says so', () => {
    const parameters = new Map([...PARAMETERS, ['FirstPublicKey', '']]);
    const { warnings } = readDistribution(fileOf('infra/cloudformation.yaml'), {
      edgeJson: null,
      parameters,
    });
    expect(warnings.map((line) => line.replace(/:\d+ /, ' '))).toEqual([
      'cloudformation.yaml Resources.Distribution.Properties.DistributionConfig: no file opens by "*": the key groups trusted there hold no public key',
    ]);
  });

  it('names each parameter without a value once', () => {
    const result = readDistribution(fileOf('infra/cloudformation.yaml'), { edgeJson: null });
    const lines = 'problems' in result ? result.problems.map(formatFolderProblem) : [];
    expect(lines.map((line) => line.replace(/:\d+ /, ' '))).toEqual(
      ['DomainName', 'CertificateArn', 'PageOrigins'].map(
        (name) =>
          `cloudformation.yaml Parameters.${name}: expected --parameter ${name}=VALUE, found no value and no Default`,
      ),
    );
  });

  it('starts over HTTPS with its edge.json and what npm start made', () => {
    const clone = temporaryFolder('clone');
    cpSync(fileOf('infra'), join(clone, 'infra'), { recursive: true });
    for (const folder of ['data/media', 'data/tls']) mkdirSync(join(clone, folder), { recursive: true });
    for (const name of ['leaf.pem', 'leaf-key.pem']) writeFileSync(join(clone, 'data/tls', name), name);
    const template = join(clone, 'infra/cloudformation.yaml');
    const { origins, tls } = distributionOf(
      readDistribution(template, { parameters: PARAMETERS, serving: 'https' }),
    );
    expect([String(tls?.certificate), String(tls?.key)]).toEqual(['leaf.pem', 'leaf-key.pem']);
    expect(origins.get('media')).toMatchObject({ kind: 'folder', folder: join(clone, 'data/media') });
  });

  it('is committed as the construct synthesises it: `npm run --prefix packages/cdk synthesise` writes it anew', () => {
    const source = readFileSync(fileOf('packages/cdk/src/index.ts'));
    const { Metadata } = JSON.parse(readFileSync(fileOf('packages/cdk/template.json'), 'utf8')) as {
      Metadata: { SourceSha256: string };
    };
    expect(Metadata.SourceSha256).toBe(createHash('sha256').update(source).digest('hex'));
  });

  it('comes with an example key that CloudFront takes', () => {
    expect(createPublicKey(PUBLIC_KEY).asymmetricKeyDetails).toEqual({
      modulusLength: 2048,
      publicExponent: 65_537n,
    });
  });
});
