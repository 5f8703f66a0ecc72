import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ecKey } from '../../../test/support/edge-fixture.js';
import { testWith } from '../../../test/support/required-tool.js';
import { temporaryFolder } from '../../../test/support/temporary-folder.js';
import { IS_WHOLE } from '../../../test/support/whole.js';
import { runExport } from './export.command.js';
import { readDistribution } from './distribution/read-distribution.js';

const KEY = ecKey('K2JCJMDEHXQW5F');
const NAMESPACE = 'xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"';
const list = (name: string, values: readonly string[]) =>
  `<Quantity>${values.length}</Quantity><Items>${values.map((value) => `<${name}>${value}</${name}>`).join('')}</Items>`;

/** What AWS answers, in its own XML. */
const ANSWERS: Readonly<Record<string, string>> = {
  '/2020-05-31/distribution/E2QWRUHEXAMPLE': `<Distribution ${NAMESPACE}><Id>E2QWRUHEXAMPLE</Id><DomainName>d111.cloudfront.net</DomainName><DistributionConfig><CallerReference>r</CallerReference><Aliases>${list('CNAME', ['cdn.example.com'])}</Aliases><DefaultRootObject></DefaultRootObject><Origins><Quantity>1</Quantity><Items><Origin><Id>media</Id><DomainName>media.s3.eu-central-1.amazonaws.com</DomainName><OriginPath></OriginPath><CustomHeaders><Quantity>0</Quantity></CustomHeaders><S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig></Origin></Items></Origins><DefaultCacheBehavior><TargetOriginId>media</TargetOriginId><TrustedKeyGroups><Enabled>true</Enabled>${list('KeyGroup', ['group-1'])}</TrustedKeyGroups><ViewerProtocolPolicy>https-only</ViewerProtocolPolicy><AllowedMethods>${list('Method', ['HEAD', 'GET'])}<CachedMethods>${list('Method', ['HEAD', 'GET'])}</CachedMethods></AllowedMethods><CachePolicyId>cache-1</CachePolicyId><ResponseHeadersPolicyId>pages</ResponseHeadersPolicyId></DefaultCacheBehavior><CacheBehaviors><Quantity>0</Quantity></CacheBehaviors><Comment></Comment><Enabled>true</Enabled></DistributionConfig></Distribution>`,
  '/2020-05-31/cache-policy/cache-1': `<CachePolicy ${NAMESPACE}><Id>cache-1</Id><CachePolicyConfig><Name>files</Name><DefaultTTL>60</DefaultTTL><MaxTTL>600</MaxTTL><MinTTL>1</MinTTL><ParametersInCacheKeyAndForwardedToOrigin><EnableAcceptEncodingGzip>false</EnableAcceptEncodingGzip><EnableAcceptEncodingBrotli>false</EnableAcceptEncodingBrotli><HeadersConfig><HeaderBehavior>none</HeaderBehavior></HeadersConfig><CookiesConfig><CookieBehavior>none</CookieBehavior></CookiesConfig><QueryStringsConfig><QueryStringBehavior>none</QueryStringBehavior></QueryStringsConfig></ParametersInCacheKeyAndForwardedToOrigin></CachePolicyConfig></CachePolicy>`,
  '/2020-05-31/response-headers-policy/pages': `<ResponseHeadersPolicy ${NAMESPACE}><Id>pages</Id><ResponseHeadersPolicyConfig><Name>pages</Name><CorsConfig><AccessControlAllowOrigins>${list('Origin', ['https://app.example.com'])}</AccessControlAllowOrigins><AccessControlAllowHeaders>${list('Header', ['Range'])}</AccessControlAllowHeaders><AccessControlAllowMethods>${list('Method', ['GET'])}</AccessControlAllowMethods><AccessControlAllowCredentials>true</AccessControlAllowCredentials><OriginOverride>true</OriginOverride></CorsConfig></ResponseHeadersPolicyConfig></ResponseHeadersPolicy>`,
  '/2020-05-31/key-group/group-1': `<KeyGroup ${NAMESPACE}><Id>group-1</Id><KeyGroupConfig><Name>viewers</Name><Items><PublicKey>${KEY.id}</PublicKey></Items></KeyGroupConfig></KeyGroup>`,
  [`/2020-05-31/public-key/${KEY.id}`]: `<PublicKey ${NAMESPACE}><Id>${KEY.id}</Id><PublicKeyConfig><CallerReference>r</CallerReference><Name>k</Name><EncodedKey>${KEY.publicPem}</EncodedKey></PublicKeyConfig></PublicKey>`,
  '/media?cors':
    '<CORSConfiguration><CORSRule><AllowedOrigin>https://app.example.com</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>',
};

/** The same as the AWS CLI prints it, by the call. */
const PRINTED: Readonly<Record<string, object>> = {
  'get-distribution': {
    ETag: 'E1',
    Distribution: {
      Id: 'E2QWRUHEXAMPLE',
      DomainName: 'd111.cloudfront.net',
      DistributionConfig: {
        CallerReference: 'r',
        Aliases: { Quantity: 1, Items: ['cdn.example.com'] },
        DefaultRootObject: '',
        Origins: {
          Quantity: 1,
          Items: [
            {
              Id: 'media',
              DomainName: 'media.s3.eu-central-1.amazonaws.com',
              OriginPath: '',
              CustomHeaders: { Quantity: 0 },
              S3OriginConfig: { OriginAccessIdentity: '' },
            },
          ],
        },
        DefaultCacheBehavior: {
          TargetOriginId: 'media',
          TrustedKeyGroups: { Enabled: true, Quantity: 1, Items: ['group-1'] },
          ViewerProtocolPolicy: 'https-only',
          AllowedMethods: {
            Quantity: 2,
            Items: ['HEAD', 'GET'],
            CachedMethods: { Quantity: 2, Items: ['HEAD', 'GET'] },
          },
          CachePolicyId: 'cache-1',
          ResponseHeadersPolicyId: 'pages',
        },
        CacheBehaviors: { Quantity: 0 },
        Comment: '',
        Enabled: true,
      },
    },
  },
  'get-cache-policy': {
    ETag: 'E1',
    CachePolicy: {
      Id: 'cache-1',
      CachePolicyConfig: {
        Name: 'files',
        DefaultTTL: 60,
        MaxTTL: 600,
        MinTTL: 1,
        ParametersInCacheKeyAndForwardedToOrigin: {
          EnableAcceptEncodingGzip: false,
          EnableAcceptEncodingBrotli: false,
          HeadersConfig: { HeaderBehavior: 'none' },
          CookiesConfig: { CookieBehavior: 'none' },
          QueryStringsConfig: { QueryStringBehavior: 'none' },
        },
      },
    },
  },
  'get-response-headers-policy': {
    ETag: 'E1',
    ResponseHeadersPolicy: {
      Id: 'pages',
      ResponseHeadersPolicyConfig: {
        Name: 'pages',
        CorsConfig: {
          AccessControlAllowOrigins: { Quantity: 1, Items: ['https://app.example.com'] },
          AccessControlAllowHeaders: { Quantity: 1, Items: ['Range'] },
          AccessControlAllowMethods: { Quantity: 1, Items: ['GET'] },
          AccessControlAllowCredentials: true,
          OriginOverride: true,
        },
      },
    },
  },
  'get-key-group': {
    ETag: 'E1',
    KeyGroup: { Id: 'group-1', KeyGroupConfig: { Name: 'viewers', Items: [KEY.id] } },
  },
  'get-public-key': {
    ETag: 'E1',
    PublicKey: {
      Id: KEY.id,
      PublicKeyConfig: { CallerReference: 'r', Name: 'k', EncodedKey: KEY.publicPem },
    },
  },
  'get-bucket-cors': {
    CORSRules: [{ AllowedMethods: ['GET'], AllowedOrigins: ['https://app.example.com'] }],
  },
};
/** What of it the sample leaves out. */
interface Printed {
  readonly Distribution?: {
    readonly DistributionConfig: { readonly DefaultCacheBehavior: Record<string, unknown> };
  };
}
/** Which file each is written to. */
const WRITTEN: Readonly<Record<string, string>> = {
  'get-bucket-cors': 'bucket-cors-1.json',
  'get-cache-policy': 'cache-policies/cache-1.json',
  'get-distribution': 'distribution.json',
  'get-key-group': 'key-groups/group-1.json',
  'get-public-key': `public-keys/${KEY.id}.json`,
  'get-response-headers-policy': 'response-headers-policies/pages.json',
};

const origin = (id: string, domainName: string, config: 'S3OriginConfig' | 'CustomOriginConfig') =>
  `<Origin><Id>${id}</Id><DomainName>${domainName}</DomainName><OriginPath></OriginPath><CustomHeaders><Quantity>0</Quantity></CustomHeaders><${config}></${config}></Origin>`;
/** Buckets at both of their endpoints, a server, and a function. */
const SEVERAL: Readonly<Record<string, string>> = {
  '/2020-05-31/distribution/E3SEVERAL': `<Distribution ${NAMESPACE}><Id>E3SEVERAL</Id><DomainName>d222.cloudfront.net</DomainName><DistributionConfig><CallerReference>r</CallerReference><Aliases><Quantity>0</Quantity></Aliases><DefaultRootObject></DefaultRootObject><Origins><Quantity>4</Quantity><Items>${[
    origin('media', 'media.s3.dualstack.eu-central-1.amazonaws.com', 'S3OriginConfig'),
    origin('pages', 'pages.s3-website.eu-central-1.amazonaws.com', 'CustomOriginConfig'),
    origin('files', 'pages.s3.eu-central-1.amazonaws.com', 'S3OriginConfig'),
    origin('api', 'api.example.com', 'CustomOriginConfig'),
  ].join(
    '',
  )}</Items></Origins><DefaultCacheBehavior><TargetOriginId>api</TargetOriginId><ViewerProtocolPolicy>https-only</ViewerProtocolPolicy><CachePolicyId>cache-1</CachePolicyId><FunctionAssociations><Quantity>1</Quantity><Items><FunctionAssociation><FunctionARN>arn:aws:cloudfront::111122223333:function/own</FunctionARN><EventType>viewer-request</EventType></FunctionAssociation></Items></FunctionAssociations></DefaultCacheBehavior><CacheBehaviors><Quantity>0</Quantity></CacheBehaviors><Comment></Comment><Enabled>true</Enabled></DistributionConfig></Distribution>`,
  '/2020-05-31/function/own/describe?Stage=LIVE': `<FunctionSummary ${NAMESPACE}><Name>own</Name><FunctionConfig><Comment></Comment><Runtime>cloudfront-js-2.0</Runtime></FunctionConfig></FunctionSummary>`,
  '/2020-05-31/function/own?Stage=LIVE': 'function handler(event) { return event.request; }',
  '/media?cors': '<Error><Code>NoSuchCORSConfiguration</Code><Message>none</Message></Error>',
  '/pages?cors':
    '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>',
  '/pages?website':
    '<WebsiteConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IndexDocument><Suffix>start.html</Suffix></IndexDocument></WebsiteConfiguration>',
};
const DENIED = `<ErrorResponse ${NAMESPACE}><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: cloudfront:GetDistribution</Message></Error></ErrorResponse>`;

let answers = ANSWERS;
let server: Server;
let url = '';
const asked: string[] = [];
const before = { ...process.env };

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const answer = answers[request.url ?? ''];
    const failure = answer?.startsWith('<Error>') === true ? 404 : 200;
    response.writeHead(answer === undefined ? 403 : failure, { 'Content-Type': 'text/xml', ETag: 'E1' });
    response.end(answer ?? DENIED);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'y',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/dev/null',
  });
});
afterAll(() => {
  process.env = before;
  server.close();
});
afterEach(() => {
  jest.restoreAllMocks();
  answers = ANSWERS;
  asked.length = 0;
});

/** Runs the export with its output caught. */
async function exported(
  ...args: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((stdout += String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((stderr += String(text)), true));
  const code = await runExport(args);
  return { code, stdout, stderr };
}

/** A command aws on PATH that prints for each call what a file of its name holds; a call may be a line of shell instead. */
async function exportedWith(printed: Readonly<Record<string, unknown>>, ...lines: readonly string[]) {
  const bin = temporaryFolder('aws');
  for (const [call, answer] of Object.entries(printed))
    writeFileSync(join(bin, call), JSON.stringify(answer));
  const cases = lines.length === 0 ? '' : `case "$2" in\n${lines.join('\n')}\nesac\n`;
  const text = `#!/bin/sh\nbin='${bin}'\n${cases}exec cat "$bin/$2"\n`;
  writeFileSync(join(bin, 'aws'), text, { mode: 0o755 });
  const { PATH } = process.env;
  process.env['PATH'] = `${bin}:${PATH ?? ''}`;
  const out = join(temporaryFolder('export'), 'distribution');
  try {
    return { ...(await exported('--id', 'E2QWRUHEXAMPLE', '--out', out)), out, bin };
  } finally {
    process.env['PATH'] = PATH;
  }
}

describe('edgepass edge export', () => {
  test('writes a folder that the edge reads, for its owner alone', async () => {
    const { code, stdout, stderr, out } = await exportedWith(PRINTED);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trim().split('\n').toSorted()).toEqual([...Object.values(WRITTEN), 'edge.json'].toSorted());
    const result = readDistribution(out);
    expect('problems' in result ? result.problems : []).toEqual([]);
    if ('problems' in result) return;
    expect(result.distribution.behaviors[0]?.responseHeadersPolicy?.cors?.allowCredentials).toBe(true);
    expect(result.distribution.behaviors[0]?.trustedKeys?.has(KEY.id)).toBe(true);
    expect(JSON.parse(readFileSync(join(out, 'edge.json'), 'utf8'))).toEqual({
      origins: { media: { folder: 'media', bucketCors: 'bucket-cors-1.json' } },
    });
    expect(statSync(join(out, 'distribution.json')).mode & 0o777).toBe(0o600);
    expect(statSync(out).mode & 0o777).toBe(0o700);
  });

  // Half a second of work each call: under `npm run whole` all six, else a distribution that names a bucket alone.
  testWith(
    'aws',
    'asks by the AWS CLI, with GET alone, and keeps what that prints',
    async () => {
      const distribution = '/2020-05-31/distribution/E2QWRUHEXAMPLE';
      if (!IS_WHOLE) {
        const names = /<(TrustedKeyGroups|CachePolicyId|ResponseHeadersPolicyId)>.*?<\/\1>/g;
        answers = { [distribution]: ANSWERS[distribution]?.replace(names, '') ?? '' };
        answers = { ...answers, '/media?cors': ANSWERS['/media?cors'] ?? '' };
      }
      const out = join(temporaryFolder('export'), 'distribution');
      const { code, stderr } = await exported('--id', 'E2QWRUHEXAMPLE', '--out', out, '--endpoint-url', url);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(asked.toSorted()).toEqual(
        Object.keys(answers)
          .map((path) => `GET ${path}`)
          .toSorted(),
      );
      const written = Object.entries(WRITTEN).filter(([, file]) => existsSync(join(out, file)));
      expect(written).toHaveLength(Object.keys(answers).length);
      for (const [call, file] of written) {
        const expected: Printed = structuredClone(PRINTED[call] ?? {});
        const { DefaultCacheBehavior: named } = expected.Distribution?.DistributionConfig ?? {};
        if (!IS_WHOLE && named) {
          for (const name of ['TrustedKeyGroups', 'CachePolicyId', 'ResponseHeadersPolicyId']) {
            delete named[name];
          }
        }
        expect(JSON.parse(readFileSync(join(out, file), 'utf8'))).toEqual(expected);
      }
    },
    120_000,
  );

  // Eight calls of the AWS CLI, half a second of work each.
  if (IS_WHOLE) {
    testWith(
      'aws',
      'tells buckets from servers, asks each bucket once, and a website how it answers',
      async () => {
        answers = { ...ANSWERS, ...SEVERAL };
        const out = join(temporaryFolder('export'), 'distribution');
        const { code, stderr } = await exported('--id', 'E3SEVERAL', '--out', out, '--endpoint-url', url);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(asked.filter((line) => !line.includes('/2020-05-31/')).toSorted()).toEqual([
          'GET /media?cors',
          'GET /pages?cors',
          'GET /pages?website',
        ]);
        expect(JSON.parse(readFileSync(join(out, 'edge.json'), 'utf8'))).toEqual({
          origins: {
            media: { folder: 'media' },
            pages: {
              folder: 'media',
              bucketCors: 'bucket-cors-2.json',
              bucketWebsite: 'bucket-website-2.json',
            },
            files: { folder: 'media', bucketCors: 'bucket-cors-2.json' },
          },
        });
        expect(readFileSync(join(out, 'functions/own.js'), 'utf8')).toBe(
          'function handler(event) { return event.request; }',
        );
        const result = readDistribution(out);
        expect('problems' in result ? result.problems : result.warnings).toEqual([
          'edge.json origins: nothing stands behind "api" (api.example.com); what goes there is answered 502',
        ]);
        if ('problems' in result) return;
        const { origins, behaviors } = result.distribution;
        expect(behaviors[0]?.functions.viewerRequest).toBe('own');
        expect(origins.get('pages')).toMatchObject({
          website: { bucketName: 'pages', indexSuffix: 'start.html' },
        });
        expect(origins.get('files')).toMatchObject({ website: null });
      },
      120_000,
    );
  }

  test('keeps every character of a long answer, and names an only origin though it is a server', async () => {
    const comment = '€'.repeat(300_000);
    const answer = {
      Distribution: {
        DistributionConfig: {
          Comment: comment,
          Origins: {
            Quantity: 1,
            Items: [{ Id: 'api', DomainName: 'api.example.com', CustomOriginConfig: {} }],
          },
        },
      },
    };
    const { code, out } = await exportedWith({ 'get-distribution': answer });
    expect(code).toBe(0);
    // Compared as a whole, but not shown: a difference would be 900 KB of output.
    expect(readFileSync(join(out, 'distribution.json'), 'utf8').includes(`"${comment}"`)).toBe(true);
    expect(JSON.parse(readFileSync(join(out, 'edge.json'), 'utf8'))).toEqual({
      origins: { api: { folder: 'media' } },
    });
  });

  describe('of a function with a key value store', () => {
    const ARN = 'arn:aws:cloudfront::111122223333:key-value-store/0b1cd9ac';
    const MISSING =
      'Missing Dependency: This operation requires an additional dependency. Use pip install botocore[crt] before proceeding.';

    /** The store answers as the line of shell says. */
    async function exportedStore(listKeys: string) {
      const association = {
        FunctionARN: 'arn:aws:cloudfront::111122223333:function/own',
        EventType: 'viewer-request',
      };
      const config = {
        Origins: {
          Quantity: 1,
          Items: [{ Id: 'api', DomainName: 'api.example.com', CustomOriginConfig: {} }],
        },
        DefaultCacheBehavior: { FunctionAssociations: { Quantity: 1, Items: [association] } },
      };
      const stores = { Quantity: 1, Items: [{ KeyValueStoreARN: ARN }] };
      const printed = {
        'get-distribution': { Distribution: { DistributionConfig: config } },
        'describe-function': { FunctionSummary: { FunctionConfig: { KeyValueStoreAssociations: stores } } },
        'list-keys': { Items: [{ Key: 'a', Value: 'b' }] },
      };
      const { bin, out, ...result } = await exportedWith(
        printed,
        'get-function) exit 0;;',
        `list-keys) echo "$4" > "$bin/arn"; ${listKeys};;`,
      );
      expect(readFileSync(join(bin, 'arn'), 'utf8')).toBe(`${ARN}\n`);
      return { ...result, file: join(out, 'key-value-stores/0b1cd9ac.json') };
    }

    test('writes what the store holds, under its id', async () => {
      const { code, stderr, file } = await exportedStore(':');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ Items: [{ Key: 'a', Value: 'b' }] });
    });

    test('writes the rest where the CLI cannot sign for stores, and says the call that is left', async () => {
      const { code, stderr, file } = await exportedStore(`echo '${MISSING}' >&2; exit 255`);
      expect(code).toBe(0);
      expect(stderr).toBe(
        `key-value-stores/0b1cd9ac.json is not written: this AWS CLI needs botocore[crt] for it, or be version 2. Then: aws cloudfront-keyvaluestore list-keys --kvs-arn ${ARN} > key-value-stores/0b1cd9ac.json\n`,
      );
      expect(readdirSync(join(file, '../..'))).toContain('edge.json');
    });

    test('fails with what AWS said where it refuses the store', async () => {
      const { code, stderr } = await exportedStore("echo 'AccessDeniedException: no' >&2; exit 254");
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: 'edgepass edge export: aws cloudfront-keyvaluestore list-keys: AccessDeniedException: no\n',
      });
    });
  });

  const REFUSED =
    'An error occurred (AccessDenied) when calling the GetDistribution operation: not authorized to perform: cloudfront:GetDistribution';

  test('says which call AWS refused, and writes nothing', async () => {
    const { code, stderr, out } = await exportedWith(
      {},
      `get-distribution) printf '\\n${REFUSED}\\n' >&2; exit 254;;`,
    );
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `edgepass edge export: aws cloudfront get-distribution: ${REFUSED}\n`,
    });
    expect(readdirSync(join(out, '..'))).toEqual([]);
  });

  if (IS_WHOLE) {
    testWith(
      'aws',
      'says it in the words of the AWS CLI',
      async () => {
        const out = join(temporaryFolder('export'), 'distribution');
        const { stderr } = await exported('--id', 'E3NOTHERE', '--out', out, '--endpoint-url', url);
        expect(stderr).toBe(`edgepass edge export: aws cloudfront get-distribution: ${REFUSED}\n`);
      },
      60_000,
    );
  }

  test('overwrites nothing, and names wrong use', async () => {
    const out = temporaryFolder('export');
    mkdirSync(join(out, 'a'));
    writeFileSync(join(out, 'a/b'), '');
    const full = await exported('--id', 'E2QWRUHEXAMPLE', '--out', out);
    expect(full.code).toBe(2);
    expect(full.stderr).toMatch(/expected an empty folder, found files in it\n\nUsage: edgepass edge export/);
    expect((await exported('--out', 'x')).stderr).toMatch(
      /^edgepass edge export: --id: expected the id of a distribution/,
    );
  });
});
