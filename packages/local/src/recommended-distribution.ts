export interface DistributionInput {
  /** The distribution as the viewer sees it: `https://cdn.edgepass.localhost:3002`. */
  readonly cloudFrontUrl: string;
  /** Exact page origins that may read its files with cookies. */
  readonly pageOrigins: readonly string[];
  readonly keyPairId: string;
  readonly publicKeyPem: string;
  readonly originId: string;
  readonly nowEpochSeconds: number;
  /** What stands behind the same address: with a page, only the paths of `filePatterns` are files. */
  readonly servers: ServersBehind;
}

/** Servers that share the distribution's address. */
export interface ServersBehind {
  /** The path of the API: `/api`. */
  readonly api: { readonly originId: string; readonly basePath: string } | null;
  /** The page takes every path that nothing else takes. */
  readonly page: { readonly originId: string; readonly filePatterns: readonly string[] } | null;
}

/** AWS's managed cache policy: one day, nothing of the viewer in the key (R61). */
const CACHING_OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
/** AWS's managed policies for what no copy may be kept of, and for what wants all that the viewer sent (R61, R64). */
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const ALL_VIEWER = '216adef6-5c7f-47e4-b989-5492eafa07d3';
const KEY_GROUP = 'd5a0f0f6-1d0c-4b5e-9f2e-ed9e9a550001';
const RESPONSE_HEADERS_POLICY = 'd5a0f0f6-1d0c-4b5e-9f2e-ed9e9a550002';
const COMMENT = 'Written by edgepass at each start: changes here are lost';

/**
 * The distribution that edgepass recommends (R90), as the files that AWS's own `get-…` calls give, by
 * their path in the folder: GET and HEAD only, CachingOptimized, no origin request policy, and a response
 * headers policy with exact origins and credentials that overrides the origin.
 */
export function recommendedDistribution(input: DistributionInput): Readonly<Record<string, object>> {
  return {
    'distribution.json': distribution(input),
    ...(needsCors(input)
      ? { [`response-headers-policies/${RESPONSE_HEADERS_POLICY}.json`]: responseHeadersPolicy(input) }
      : {}),
    [`key-groups/${KEY_GROUP}.json`]: keyGroup(input),
    [`public-keys/${input.keyPairId}.json`]: publicKey(input),
  };
}

/** `aws cloudfront get-distribution-config` */
function distribution(input: DistributionInput): object {
  const { cloudFrontUrl, originId, servers } = input;
  const { api, page } = servers;
  const files = fileBehavior(input);
  const behaviors = [
    ...(api === null
      ? []
      : [api.basePath, `${api.basePath}/*`].map((path) => ({
          PathPattern: path,
          ...serverBehavior(api.originId, input),
        }))),
    ...(page?.filePatterns ?? []).map((path) => ({ PathPattern: path, ...files })),
  ];
  return {
    ETag: 'E1EDGEPASSLOCAL',
    DistributionConfig: {
      CallerReference: 'edgepass-local',
      Aliases: list([new URL(cloudFrontUrl).hostname]),
      DefaultRootObject: '',
      Origins: list([
        {
          Id: originId,
          DomainName: `${originId}.s3.us-east-1.amazonaws.com`,
          OriginPath: '',
          CustomHeaders: { Quantity: 0 },
          S3OriginConfig: { OriginAccessIdentity: '' },
          ConnectionAttempts: 3,
          ConnectionTimeout: 10,
          OriginShield: { Enabled: false },
          OriginAccessControlId: 'E2EDGEPASSLOCAL',
        },
        ...[api, page].flatMap((server) => (server === null ? [] : [serverOrigin(server.originId)])),
      ]),
      OriginGroups: { Quantity: 0 },
      DefaultCacheBehavior: page === null ? files : serverBehavior(page.originId, input),
      CacheBehaviors: list(behaviors),
      CustomErrorResponses: { Quantity: 0 },
      Comment: COMMENT,
      Logging: { Enabled: false, IncludeCookies: false, Bucket: '', Prefix: '' },
      PriceClass: 'PriceClass_All',
      Enabled: true,
      ViewerCertificate: {
        CloudFrontDefaultCertificate: false,
        ACMCertificateArn: 'arn:aws:acm:us-east-1:000000000000:certificate/edgepass-local',
        SSLSupportMethod: 'sni-only',
        MinimumProtocolVersion: 'TLSv1.2_2021',
        CertificateSource: 'acm',
      },
      Restrictions: { GeoRestriction: { RestrictionType: 'none', Quantity: 0 } },
      WebACLId: '',
      HttpVersion: 'http2',
      IsIPV6Enabled: true,
      ContinuousDeploymentPolicyId: '',
      Staging: false,
    },
  };
}

/** Files for who holds a signature. */
function fileBehavior(input: DistributionInput): object {
  return {
    TargetOriginId: input.originId,
    TrustedKeyGroups: { Enabled: true, ...list([KEY_GROUP]) },
    AllowedMethods: { ...list(['HEAD', 'GET']), CachedMethods: list(['HEAD', 'GET']) },
    Compress: true,
    CachePolicyId: CACHING_OPTIMIZED,
    ...(needsCors(input) ? { ResponseHeadersPolicyId: RESPONSE_HEADERS_POLICY } : {}),
    ...sameInAllBehaviors(input),
  };
}

/** A server that decides for itself: every method and all of the request reach it, and no copy is kept. */
function serverBehavior(originId: string, input: DistributionInput): object {
  return {
    TargetOriginId: originId,
    TrustedKeyGroups: { Enabled: false, Quantity: 0 },
    AllowedMethods: {
      ...list(['HEAD', 'DELETE', 'POST', 'GET', 'OPTIONS', 'PUT', 'PATCH']),
      CachedMethods: list(['HEAD', 'GET']),
    },
    Compress: false,
    CachePolicyId: CACHING_DISABLED,
    OriginRequestPolicyId: ALL_VIEWER,
    ...sameInAllBehaviors(input),
  };
}

function sameInAllBehaviors({ cloudFrontUrl }: DistributionInput): object {
  return {
    TrustedSigners: { Enabled: false, Quantity: 0 },
    ViewerProtocolPolicy: cloudFrontUrl.startsWith('https:') ? 'redirect-to-https' : 'allow-all',
    SmoothStreaming: false,
    LambdaFunctionAssociations: { Quantity: 0 },
    FunctionAssociations: { Quantity: 0 },
    FieldLevelEncryptionId: '',
  };
}

function serverOrigin(originId: string): object {
  return {
    Id: originId,
    DomainName: `${originId}.example.com`,
    OriginPath: '',
    CustomHeaders: { Quantity: 0 },
    CustomOriginConfig: {
      HTTPPort: 80,
      HTTPSPort: 443,
      OriginProtocolPolicy: 'https-only',
      OriginSslProtocols: list(['TLSv1.2']),
      OriginReadTimeout: 30,
      OriginKeepaliveTimeout: 5,
    },
    ConnectionAttempts: 3,
    ConnectionTimeout: 10,
    OriginShield: { Enabled: false },
    OriginAccessControlId: '',
  };
}

/** Whether a page of another origin reads files: CORS is no matter within one origin (Fetch standard, 3.2). */
function needsCors({ cloudFrontUrl, pageOrigins }: DistributionInput): boolean {
  return pageOrigins.some((origin) => origin !== cloudFrontUrl);
}

/** `aws cloudfront get-response-headers-policy` */
function responseHeadersPolicy({ pageOrigins, nowEpochSeconds }: DistributionInput): object {
  return {
    ETag: 'E3EDGEPASSLOCAL',
    ResponseHeadersPolicy: {
      Id: RESPONSE_HEADERS_POLICY,
      LastModifiedTime: toTimestamp(nowEpochSeconds),
      ResponseHeadersPolicyConfig: {
        Comment: COMMENT,
        Name: 'edgepass-pages-with-cookies',
        CorsConfig: {
          AccessControlAllowOrigins: list(pageOrigins),
          // No preflight reaches a behavior with signed cookies (R46); AWS wants the member all the same,
          // and refuses `*` beside credentials (R75).
          AccessControlAllowHeaders: list(['Range']),
          AccessControlAllowMethods: list(['GET', 'HEAD']),
          AccessControlAllowCredentials: true,
          // What PDF viewers and players read: pdf.js asks for ranges only where it sees `Accept-Ranges`.
          AccessControlExposeHeaders: list([
            'Accept-Ranges',
            'Content-Encoding',
            'Content-Length',
            'Content-Range',
            'ETag',
          ]),
          AccessControlMaxAgeSec: 600,
          OriginOverride: true,
        },
        // A plain <img> stores a copy without CORS headers; without this the browser would hand that copy
        // to a later fetch() (B84).
        CustomHeadersConfig: list([{ Header: 'Vary', Value: 'Origin', Override: true }]),
      },
    },
  };
}

/** `aws cloudfront get-key-group` */
function keyGroup({ keyPairId, nowEpochSeconds }: DistributionInput): object {
  return {
    ETag: 'E4EDGEPASSLOCAL',
    KeyGroup: {
      Id: KEY_GROUP,
      LastModifiedTime: toTimestamp(nowEpochSeconds),
      KeyGroupConfig: { Name: 'edgepass', Items: [keyPairId], Comment: COMMENT },
    },
  };
}

/** `aws cloudfront get-public-key` */
function publicKey({ keyPairId, publicKeyPem, nowEpochSeconds }: DistributionInput): object {
  return {
    ETag: 'E5EDGEPASSLOCAL',
    PublicKey: {
      Id: keyPairId,
      CreatedTime: toTimestamp(nowEpochSeconds),
      PublicKeyConfig: {
        CallerReference: `edgepass-${keyPairId}`,
        Name: `edgepass-${keyPairId}`,
        EncodedKey: publicKeyPem,
        Comment: COMMENT,
      },
    },
  };
}

/** AWS counts every list beside its items. */
export function list<Item>(items: readonly Item[]): {
  readonly Quantity: number;
  readonly Items: readonly Item[];
} {
  return { Quantity: items.length, Items: items };
}

/** RFC 3339 without milliseconds: `2026-11-20T09:15:00Z`. */
function toTimestamp(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace('.000Z', 'Z');
}
