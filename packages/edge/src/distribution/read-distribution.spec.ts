import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  behavior,
  CACHING_DISABLED,
  distributionOf,
  ecKey,
  KEY_GROUP,
  list,
  openBehavior,
  rsaKey,
  writeFolder,
  type FolderInput,
} from '../../../../test/support/edge-fixture.js';
import { formatFolderProblem } from './json-node.js';
import { MANAGED_CACHE_POLICIES } from './managed-policies.js';
import { readDistribution } from './read-distribution.js';
import { DEFAULT_SWITCHES } from './switches.js';

const RSA = rsaKey('KRSA1');
const EC = ecKey('KEC1');

function problemsOf(input: FolderInput): readonly string[] {
  const result = readDistribution(writeFolder({ keys: [RSA], ...input }).folder);
  return 'problems' in result ? result.problems.map(formatFolderProblem) : [];
}

function publicKeyFile(id: string, pem: string) {
  return { [`public-keys/${id}.json`]: { PublicKey: { Id: id, PublicKeyConfig: { EncodedKey: pem } } } };
}

describe("a distribution's folder", () => {
  it('gives behaviors in order of precedence with the default one last', () => {
    const { folder, media } = writeFolder({
      keys: [RSA, EC],
      config: { DefaultRootObject: 'index.html', Aliases: list(['CDN.Example.com']) },
      behaviors: [openBehavior({ PathPattern: '/public/*', ViewerProtocolPolicy: 'redirect-to-https' })],
    });
    const distribution = distributionOf(readDistribution(folder));
    expect(distribution).toMatchObject({
      aliases: ['cdn.example.com'],
      domainName: null,
      defaultRootObject: 'index.html',
      tls: null,
      switches: DEFAULT_SWITCHES,
    });
    expect(distribution.origins).toEqual(
      new Map([
        [
          'media',
          {
            folder: realpathSync(media),
            originPath: '',
            bucketCors: null,
            listBucket: false,
            readableKeys: null,
            domainName: 'media.s3.amazonaws.com',
            isS3: true,
            customHeaders: [],
            objectHeaders: [],
            kind: 'folder',
            website: null,
            isSigned: false,
          },
        ],
      ]),
    );
    const [first, last] = distribution.behaviors;
    expect(first).toEqual({
      cachePolicy: MANAGED_CACHE_POLICIES.get(CACHING_DISABLED),
      originRequestPolicy: null,
      compress: false,
      functions: { viewerRequest: null, viewerResponse: null },
      pathPattern: '/public/*',
      originId: 'media',
      allowedMethods: new Set(['HEAD', 'GET']),
      cachedMethods: new Set(['HEAD', 'GET']),
      viewerProtocolPolicy: 'redirect-to-https',
      trustedKeys: null,
      responseHeadersPolicy: null,
    });
    expect(last?.pathPattern).toBe('*');
    expect([...(last?.trustedKeys?.keys() ?? [])]).toEqual(['KRSA1', 'KEC1']);
  });

  it('may be filled by get-distribution, which names the domain as well', () => {
    const config = {
      Origins: list([{ Id: 'media', OriginPath: '/production' }]),
      DefaultCacheBehavior: openBehavior(),
    };
    const { folder } = writeFolder({
      extra: {
        'distribution.json': {
          Distribution: { DomainName: 'D111.cloudfront.net', DistributionConfig: config },
        },
      },
    });
    const distribution = distributionOf(readDistribution(folder));
    expect(distribution.domainName).toBe('d111.cloudfront.net');
    expect(distribution.origins.get('media')?.originPath).toBe('production');
  });

  it('may have byte order marks, as PowerShell writes them', () => {
    const { folder } = writeFolder({
      keys: [RSA],
      extra: {
        'bucket-cors.json': '\ufeff{"CORSRules":[{"AllowedMethods":["GET"],"AllowedOrigins":["*"]}]}',
      },
    });
    expect('problems' in readDistribution(folder)).toBe(false);
  });

  it('takes further public keys of a key group from edge.json, as a file or as text', () => {
    const { folder } = writeFolder({
      keys: [RSA],
      edge: {
        extraPublicKeys: {
          [KEY_GROUP]: [
            { id: 'KLOCAL1', file: 'local.pem' },
            { id: 'KLOCAL2', encodedKey: RSA.publicPem },
          ],
        },
      },
      extra: { 'local.pem': EC.publicPem },
    });
    const [only] = distributionOf(readDistribution(folder)).behaviors;
    expect([...(only?.trustedKeys?.keys() ?? [])]).toEqual(['KRSA1', 'KLOCAL1', 'KLOCAL2']);
  });

  it('follows a managed response headers policy by its id (R65)', () => {
    const { folder } = writeFolder({
      keys: [RSA],
      defaultBehavior: behavior({ ResponseHeadersPolicyId: '60669652-455b-4ae9-85a4-c4c02393f86c' }),
    });
    const [only] = distributionOf(readDistribution(folder)).behaviors;
    expect(only?.responseHeadersPolicy?.cors?.allowOrigins).toEqual(['*']);
  });

  it('reads every part of a response headers policy of its own', () => {
    const { folder } = writeFolder({
      keys: [RSA],
      defaultBehavior: behavior({ ResponseHeadersPolicyId: 'p' }),
      policies: {
        p: {
          SecurityHeadersConfig: {
            XSSProtection: {
              Override: true,
              Protection: true,
              ModeBlock: false,
              ReportUri: 'https://r.example',
            },
            FrameOptions: { Override: false, FrameOption: 'DENY' },
            ReferrerPolicy: { Override: true, ReferrerPolicy: 'no-referrer' },
            ContentSecurityPolicy: { Override: true, ContentSecurityPolicy: "default-src 'self'" },
            ContentTypeOptions: { Override: true },
            StrictTransportSecurity: {
              Override: true,
              IncludeSubdomains: true,
              Preload: true,
              AccessControlMaxAgeSec: 60,
            },
          },
          CustomHeadersConfig: list([{ Header: 'Vary', Value: 'Origin', Override: true }]),
          RemoveHeadersConfig: list([{ Header: 'Server' }]),
        },
      },
    });
    expect(distributionOf(readDistribution(folder)).behaviors[0]?.responseHeadersPolicy).toEqual({
      cors: null,
      added: [
        { name: 'X-XSS-Protection', value: '1; report=https://r.example', override: true },
        { name: 'X-Frame-Options', value: 'DENY', override: false },
        { name: 'Referrer-Policy', value: 'no-referrer', override: true },
        { name: 'Content-Security-Policy', value: "default-src 'self'", override: true },
        { name: 'X-Content-Type-Options', value: 'nosniff', override: true },
        {
          name: 'Strict-Transport-Security',
          value: 'max-age=60; includeSubDomains; preload',
          override: true,
        },
        { name: 'Vary', value: 'Origin', override: true },
      ],
      removed: ['server'],
    });
  });

  it('takes a switch by its name', () => {
    const { folder } = writeFolder({ keys: [RSA], edge: { switches: { expirySecond: 'allow' } } });
    expect(distributionOf(readDistribution(folder)).switches).toEqual({
      ...DEFAULT_SWITCHES,
      expirySecond: 'allow',
    });
  });

  it("warns above AWS's default quotas (R37)", () => {
    const keys = Array.from({ length: 6 }, (_, index) => ({ ...EC, id: `K${index}` }));
    const groups = Array.from({ length: 5 }, (_, index) => `g${index}`);
    const { folder } = writeFolder({
      keys,
      defaultBehavior: behavior({ TrustedKeyGroups: { Enabled: true, ...list(groups) } }),
      extra: Object.fromEntries(
        groups.map((id) => [
          `key-groups/${id}.json`,
          { KeyGroup: { Id: id, KeyGroupConfig: { Items: ['K0'] } } },
        ]),
      ),
    });
    expect(readDistribution(folder).warnings).toEqual([
      "key-groups/viewers.json KeyGroup.KeyGroupConfig.Items: 6 public keys, AWS's default quota is 5 (R37)",
      "distribution.json DistributionConfig.DefaultCacheBehavior.TrustedKeyGroups: 5 key groups, AWS's default quota is 4 (R37)",
    ]);
  });

  it('warns in one line of behaviors whose key groups hold no key', () => {
    const behaviors = [behavior({ PathPattern: 'a/*' }), openBehavior({ PathPattern: 'open/*' })];
    expect(readDistribution(writeFolder({ behaviors }).folder).warnings).toEqual([
      'distribution.json DistributionConfig: no file opens by "a/*", "*": the key groups trusted there hold no public key',
    ]);
  });

  it('does not where edge.json gives a key, and not beside the mistake in a key', () => {
    const extraPublicKeys = { [KEY_GROUP]: [{ id: 'KLOCAL', encodedKey: RSA.publicPem }] };
    expect(readDistribution(writeFolder({ edge: { extraPublicKeys } }).folder).warnings).toEqual([]);
    const { folder } = writeFolder({ keys: [RSA], extra: { 'public-keys/KRSA1.json': '{' } });
    expect(readDistribution(folder).warnings).toEqual([]);
  });
});

describe('a mistake in the folder', () => {
  it('is reported with all others, each with its file and JSON path', () => {
    expect(
      problemsOf({
        defaultBehavior: behavior({
          TargetOriginId: 'elsewhere',
          AllowedMethods: list(['GET', 'FETCH']),
          ViewerProtocolPolicy: 'whatever',
          TrustedKeyGroups: { Enabled: true, ...list(['no-group']) },
          ResponseHeadersPolicyId: 'no-policy',
        }),
        config: { Aliases: { Quantity: 2, Items: ['cdn.example.com'] } },
        edge: { origins: { media: { folder: '../none' }, other: { folder: '../media' } }, color: 'red' },
        extra: { 'key-groups/broken.json': '{' },
      }),
    ).toEqual([
      'edge.json color: expected one of origins, tls, publicHosts, pageOrigins, extraPublicKeys, distributionId, cache, switches, stack as name, found "color"',
      'edge.json origins.media.folder: expected a folder that exists, found "../none"',
      'edge.json origins.other: expected the Id of an origin in distribution.json as name, found "other"',
      "key-groups/broken.json: expected JSON, found Expected property name or '}' in JSON at position 1 (line 1 column 2)",
      'distribution.json DistributionConfig.DefaultCacheBehavior.TargetOriginId: expected the Id of an origin, found "elsewhere"',
      'distribution.json DistributionConfig.DefaultCacheBehavior.AllowedMethods.Items[1]: expected GET or HEAD or OPTIONS or PUT or PATCH or POST or DELETE, found "FETCH"',
      'distribution.json DistributionConfig.DefaultCacheBehavior.ViewerProtocolPolicy: expected allow-all or https-only or redirect-to-https, found "whatever"',
      'distribution.json DistributionConfig.DefaultCacheBehavior.ResponseHeadersPolicyId: expected the answer of `aws cloudfront get-response-headers-policy --id no-policy` in response-headers-policies/, or the id of a managed one, found "no-policy"',
      'distribution.json DistributionConfig.Aliases.Quantity: expected 1, the number of Items, found 2',
    ]);
  });

  it('is a folder without its two files', () => {
    const { folder } = writeFolder({ extra: { 'distribution.json': null, 'edge.json': null } });
    const result = readDistribution(folder);
    expect('problems' in result && result.problems.map(formatFolderProblem)).toEqual([
      'distribution.json: expected what `aws cloudfront get-distribution-config --id ID` prints, found no file',
      'edge.json: expected what stands behind each origin, {"origins": {"ORIGIN-ID": {"folder": "../media"}}}, found no file',
    ]);
  });

  it('is one line of a file that two origins name, and of a folder that is none', () => {
    const bucketCors = 'rules.json';
    expect(
      problemsOf({
        config: {
          Origins: list(['media', 'other'].map((Id) => ({ Id, DomainName: `${Id}.s3.amazonaws.com` }))),
        },
        edge: {
          origins: {
            media: { folder: '../media', bucketCors },
            other: { folder: '../media', bucketCors },
          },
        },
        extra: { 'rules.json': { CORSRules: [] }, 'cache-policies': 'x' },
      }),
    ).toEqual([
      'cache-policies: expected a folder of JSON files, found ENOTDIR',
      'rules.json CORSRules: expected at least one rule; a bucket without CORS has no file (R109), found none',
    ]);
  });

  it('is a path that cannot be followed', () => {
    const path = join(writeFolder().folder, 'circle.yaml');
    symlinkSync(path, path);
    const result = readDistribution(path);
    expect('problems' in result && result.problems).toEqual([
      {
        file: path,
        path: '',
        expected: "a folder of AWS's answers, one of them, or a CloudFormation template",
        found: 'ELOOP',
      },
    ]);
  });

  it('is a distribution.json that is something else', () => {
    expect(problemsOf({ extra: { 'distribution.json': { Aliases: {} } } })[0]).toBe(
      'distribution.json: expected the answer of `aws cloudfront get-distribution-config --id ID`, or its DistributionConfig, found an object',
    );
  });

  it('is an origin without a folder', () => {
    expect(problemsOf({ edge: { origins: {} } })).toEqual([
      'distribution.json DistributionConfig.Origins.Items[0].Id: expected a member origins.media with its folder or url in edge.json, found none',
    ]);
  });

  it.each([
    ['RSA-1024', rsaKey('K', 1024).publicPem, 'RSA-1024'],
    ['RSA-3072', rsaKey('K', 3072).publicPem, 'RSA-3072'],
    ['P-384', ecKey('K', 'secp384r1').publicPem, 'EC secp384r1'],
    ['secp256k1', ecKey('K', 'secp256k1').publicPem, 'EC secp256k1'],
    [
      'Ed25519',
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      'ed25519',
    ],
    ['a private key', RSA.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'a private key'],
    ['no PEM', 'MIIBIjANBg', 'no line "-----BEGIN PUBLIC KEY-----"'],
    ['a cut PEM', RSA.publicPem.slice(0, 200), 'a PEM that cannot be read'],
  ])('is a public key of the wrong kind: %s (R32)', (_kind, pem, found) => {
    expect(problemsOf({ extra: publicKeyFile('KWRONG', pem) })).toEqual([
      `public-keys/KWRONG.json PublicKey.PublicKeyConfig.EncodedKey: expected the PEM of an RSA-2048 or ECDSA P-256 public key (R32), found ${found}`,
    ]);
  });

  it('is a key group that names a key without a file', () => {
    expect(
      problemsOf({
        extra: {
          'key-groups/viewers.json': { KeyGroup: { Id: KEY_GROUP, KeyGroupConfig: { Items: ['KX'] } } },
        },
      }),
    ).toEqual([
      'key-groups/viewers.json KeyGroup.KeyGroupConfig.Items[0]: expected the answer of `aws cloudfront get-public-key --id KX` in public-keys/, found "KX"',
    ]);
  });

  it.each([
    [
      'trusted signers',
      { TrustedSigners: { Enabled: true, Quantity: 1, Items: ['self'] } },
      'TrustedSigners',
    ],
    ['trust without groups', { TrustedKeyGroups: { Enabled: true, Quantity: 0 } }, 'TrustedKeyGroups'],
    [
      'groups without trust',
      { TrustedKeyGroups: { Enabled: false, ...list([KEY_GROUP]) } },
      'TrustedKeyGroups',
    ],
    ['trust that says nothing', { TrustedKeyGroups: list([KEY_GROUP]) }, 'TrustedKeyGroups.Enabled'],
  ])('is %s, so that no behavior is open by mistake (R45)', (_what, members, path) => {
    expect(problemsOf({ defaultBehavior: behavior(members) })).toEqual([
      expect.stringContaining(`distribution.json DistributionConfig.DefaultCacheBehavior.${path}: expected `),
    ]);
  });

  it.each([
    [
      { expirySeconds: 'allow' },
      'switches.expirySeconds: expected one of sha256Cookies, questionMark, refusalHeaders, anyOriginWithCredentials, originVary, expirySecond, duplicateCookies, ipv6Viewer as name, found "expirySeconds"',
    ],
    [{ expirySecond: 'maybe' }, 'switches.expirySecond: expected deny or allow, found "maybe"'],
    [
      { toString: 'x' },
      'switches.toString: expected one of sha256Cookies, questionMark, refusalHeaders, anyOriginWithCredentials, originVary, expirySecond, duplicateCookies, ipv6Viewer as name, found "toString"',
    ],
  ])('is a switch that does not exist: %j', (switches, problem) => {
    expect(problemsOf({ edge: { switches } })).toEqual([`edge.json ${problem}`]);
  });

  it.each([
    [
      'publicHosts',
      { 'https://cdn': 'cdn.example.com' },
      'publicHosts.https://cdn: expected a host in lower case, with or without port as name, found "https://cdn"',
    ],
    [
      'publicHosts',
      { 'cdn.localhost:3002': 'CDN' },
      'publicHosts.cdn.localhost:3002: expected a host in lower case, with or without port, found "CDN"',
    ],
    [
      'pageOrigins',
      { 'https://a.test': 'https://b.test/' },
      'pageOrigins.https://a.test: expected an origin such as https://app.example.com, found "https://b.test/"',
    ],
  ])('is a wrong member of %s', (member, value, problem) => {
    expect(problemsOf({ edge: { [member]: value } })).toEqual([`edge.json ${problem}`]);
  });

  it.each([
    [
      '`*` with credentials (R75)',
      { AccessControlAllowOrigins: list(['*']) },
      'AccessControlAllowOrigins: expected exact origins, because browsers refuse `*` with credentials (R75), found "*"',
    ],
    [
      'a pattern outside the grammar (R73)',
      { AccessControlAllowOrigins: list(['https://a*.b.com']) },
      'AccessControlAllowOrigins.Items[0]: expected an origin, with `*` only as the whole leftmost label or in the port (R73), found "https://a*.b.com"',
    ],
    [
      '`*` in a header name with credentials (R75)',
      { AccessControlAllowHeaders: list(['x-*']) },
      'AccessControlAllowHeaders: expected no `*` in a header name when AccessControlAllowCredentials is true (R75), found "*"',
    ],
  ])('is a CORS part with %s', (_what, members, problem) => {
    const policies = { p: { CorsConfig: { ...CORS, ...members } } };
    expect(problemsOf({ policies })).toEqual([
      `response-headers-policies/p.json ResponseHeadersPolicy.ResponseHeadersPolicyConfig.CorsConfig.${problem}`,
    ]);
  });

  it('is no longer `*` with credentials under its switch (R75)', () => {
    const policies = { p: { CorsConfig: { ...CORS, AccessControlAllowOrigins: list(['*']) } } };
    expect(problemsOf({ policies, edge: { switches: { anyOriginWithCredentials: 'accept' } } })).toEqual([]);
  });

  it.each([
    [
      { CustomHeadersConfig: list([{ Header: 'X A', Value: 'x', Override: true }]) },
      'CustomHeadersConfig.Items[0].Header: expected the name of a header, found "X A"',
    ],
    [
      { CustomHeadersConfig: list([{ Header: 'X-A', Value: 'a\r\nb', Override: true }]) },
      'CustomHeadersConfig.Items[0].Value: expected a header value of at most 1783 characters (R73), found "a\\r\\nb"',
    ],
    [
      { RemoveHeadersConfig: list([{ Header: 'X-Amz-Cf-Id' }]) },
      'RemoveHeadersConfig.Items[0].Header: expected a header that CloudFront lets a policy remove (R79), found "X-Amz-Cf-Id"',
    ],
  ])('is a header that a policy cannot have: %j', (config, problem) => {
    expect(problemsOf({ policies: { p: config } })).toEqual([
      `response-headers-policies/p.json ResponseHeadersPolicy.ResponseHeadersPolicyConfig.${problem}`,
    ]);
  });
});

const CORS = {
  AccessControlAllowOrigins: list(['https://app.example.com']),
  AccessControlAllowHeaders: list(['Range']),
  AccessControlAllowMethods: list(['GET']),
  AccessControlAllowCredentials: true,
  OriginOverride: true,
};
