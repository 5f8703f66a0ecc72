import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readDistribution } from '../../edge/src/distribution/read-distribution.js';
import { writeDistributionFolder, type FolderInput } from './distribution-folder.js';

const publicKeyPem = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .publicKey.export({ type: 'spki', format: 'pem' })
  .toString();

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'edgepass-distribution-'));
  mkdirSync(join(dataDir, 'media'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const write = (more: Partial<FolderInput> = {}): string =>
  writeDistributionFolder(dataDir, {
    cloudFrontUrl: 'https://cdn.edgepass.localhost:3002',
    pageOrigins: ['https://app.edgepass.localhost:3000'],
    keyPairId: 'K2JCJMDEHXQW5F',
    publicKeyPem,
    nowEpochSeconds: 1_795_165_200,
    mediaFolder: join(dataDir, 'media'),
    tls: null,
    ...more,
  });

function read(folder: string) {
  const result = readDistribution(folder);
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result.distribution;
}
const json = (path: string): unknown => JSON.parse(readFileSync(join(dataDir, 'distribution', path), 'utf8'));

describe('the distribution folder of the local stack (R90)', () => {
  it('is read by the edge without a problem', () => {
    const result = readDistribution(write());
    expect('problems' in result ? result.problems : []).toEqual([]);
    expect(result.warnings).toEqual([]);
  });

  it('asks for a signature by the key of the settings on every path', () => {
    const { behaviors } = read(write());
    expect(
      behaviors.map(({ pathPattern, trustedKeys }) => [pathPattern, [...(trustedKeys?.keys() ?? [])]]),
    ).toEqual([['*', ['K2JCJMDEHXQW5F']]]);
  });

  it('takes GET and HEAD alone, caches as CachingOptimized, and forwards nothing of the viewer', () => {
    write();
    const { DistributionConfig } = json('distribution.json') as {
      DistributionConfig: { DefaultCacheBehavior: Record<string, unknown> };
    };
    const behavior = DistributionConfig.DefaultCacheBehavior;
    expect(behavior['AllowedMethods']).toMatchObject({ Quantity: 2, Items: ['HEAD', 'GET'] });
    expect(behavior['CachePolicyId']).toBe('658327ea-f89d-4fab-a63d-7e88639e58f6');
    expect(behavior).not.toHaveProperty('OriginRequestPolicyId');
  });

  it('lets exactly the listed pages read with cookies, overriding the origin, and says Vary: Origin (B84)', () => {
    write({ pageOrigins: ['https://app.edgepass.localhost:3000', 'https://admin.edgepass.localhost:3004'] });
    const { ResponseHeadersPolicy } = json(
      `response-headers-policies/${readdirSync(join(dataDir, 'distribution/response-headers-policies'))[0]}`,
    ) as {
      ResponseHeadersPolicy: {
        ResponseHeadersPolicyConfig: { CorsConfig: object; CustomHeadersConfig: object };
      };
    };
    const { CorsConfig, CustomHeadersConfig } = ResponseHeadersPolicy.ResponseHeadersPolicyConfig;
    expect(CorsConfig).toMatchObject({
      AccessControlAllowOrigins: {
        Quantity: 2,
        Items: ['https://app.edgepass.localhost:3000', 'https://admin.edgepass.localhost:3004'],
      },
      AccessControlAllowCredentials: true,
      AccessControlExposeHeaders: {
        Quantity: 5,
        Items: ['Accept-Ranges', 'Content-Encoding', 'Content-Length', 'Content-Range', 'ETag'],
      },
      OriginOverride: true,
    });
    expect(CustomHeadersConfig).toEqual({
      Quantity: 1,
      Items: [{ Header: 'Vary', Value: 'Origin', Override: true }],
    });
  });

  it('has a behavior for the API, one for each folder of files, and the page for the rest, where all share its address', () => {
    for (const folder of ['courses', '선형 대수']) mkdirSync(join(dataDir, 'media', folder));
    writeFileSync(join(dataDir, 'media/at-the-top.txt'), '');
    const { behaviors } = read(
      write({
        pageOrigins: ['https://cdn.edgepass.localhost:3002'],
        behindEdge: {
          api: { host: '127.0.0.1', port: 4001, basePath: '/api' },
          page: { host: '127.0.0.1', port: 4000 },
        },
      }),
    );
    expect(
      behaviors.map(({ pathPattern, trustedKeys }) => [pathPattern, [...(trustedKeys?.keys() ?? [])]]),
    ).toEqual([
      ['/api', []],
      ['/api/*', []],
      ['/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98/*', ['K2JCJMDEHXQW5F']],
      ['/courses/*', ['K2JCJMDEHXQW5F']],
      ['*', []],
    ]);
    expect(json('edge.json')).toMatchObject({
      origins: { api: { url: 'http://127.0.0.1:4001' }, page: { url: 'http://127.0.0.1:4000' } },
    });
    expect(readdirSync(join(dataDir, 'distribution')).toSorted()).not.toContain('response-headers-policies');
  });

  it('keeps its CORS headers where another page reads the files as well', () => {
    const pageOrigins = ['https://cdn.edgepass.localhost:3002', 'https://admin.edgepass.localhost:3004'];
    write({ pageOrigins });
    expect(readdirSync(join(dataDir, 'distribution/response-headers-policies'))).toHaveLength(1);
  });

  it('trusts no key of an earlier start', () => {
    write({ keyPairId: 'KOLDOLDOLDOLD1' });
    const { behaviors } = read(write());
    expect([...(behaviors[0]?.trustedKeys?.keys() ?? [])]).toEqual(['K2JCJMDEHXQW5F']);
    expect(readdirSync(join(dataDir, 'distribution/public-keys'))).toEqual(['K2JCJMDEHXQW5F.json']);
  });

  it('is made anew over what a crash or an editor left there', () => {
    write();
    writeFileSync(join(dataDir, 'distribution/distribution.json'), '{"half":');
    expect(read(write()).aliases).toEqual(['cdn.edgepass.localhost']);
    expect(readdirSync(dataDir).toSorted()).toEqual(['distribution', 'media']);
  });
});
