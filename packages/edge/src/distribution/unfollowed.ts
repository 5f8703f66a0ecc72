import { configurationsOf, type EntityKind } from './aws-answers.js';
import type { FunctionSources } from '../functions/function-runner.js';
import type { FolderFiles } from './folder-files.js';
import type { JsonNode } from './json-node.js';
import { behaviorNodes } from './read-behaviors.js';
import { functionName } from './read-functions.js';

/** Says of a member's value whether it would change an answer; null when it would not. */
type Effect = (node: JsonNode) => string | null;

const followed: Effect = () => null;
const withoutEffect: Effect = () => null;

const ifQuantity =
  (why: string): Effect =>
  (node) =>
    Number(node.get('Quantity').value) > 0 ? why : null;
const ifText =
  (why: string): Effect =>
  (node) =>
    node.value === '' ? null : why;
const ifTrue =
  (why: string): Effect =>
  (node) =>
    node.value === true ? why : null;
const ifEnabled =
  (why: string): Effect =>
  (node) =>
    node.get('Enabled').value === true ? why : null;

const ifPresent =
  (why: string): Effect =>
  () =>
    why;

const DISTRIBUTION: Readonly<Record<string, Effect>> = {
  CallerReference: withoutEffect,
  Aliases: followed,
  DefaultRootObject: followed,
  Origins: followed,
  OriginGroups: followed,
  DefaultCacheBehavior: followed,
  CacheBehaviors: followed,
  CustomErrorResponses: followed,
  Comment: withoutEffect,
  Logging: withoutEffect,
  PriceClass: withoutEffect,
  Enabled: (node) => (node.value === false ? 'the edge answers all the same' : null),
  // The certificate is the one of edge.json.
  ViewerCertificate: withoutEffect,
  Restrictions: (node) =>
    isOff(node.get('GeoRestriction')) || node.get('GeoRestriction').get('RestrictionType').value === 'none'
      ? null
      : 'no country is refused',
  WebACLId: ifText('no firewall rule is applied'),
  // Browsers speak HTTP/1.1 to the edge; no rule that it follows depends on the version.
  HttpVersion: withoutEffect,
  // Whether the edge has an IPv6 address is decided by --host.
  IsIPV6Enabled: withoutEffect,
  ContinuousDeploymentPolicyId: ifText('no traffic goes to a staging distribution'),
  Staging: withoutEffect,
  AnycastIpListId: withoutEffect,
  // `direct` is what every distribution was before there were tenants.
  ConnectionMode: (node) =>
    node.value === 'direct' ? null : 'there are no tenants: every host gets this one configuration',
  TenantConfig: (node) =>
    isOff(node.get('ParameterDefinitions'))
      ? null
      : 'parameters of tenants are not put in, `{{…}}` stays text',
  ViewerMtlsConfig: (node) =>
    ['required', 'optional'].includes(String(node.get('Mode').value))
      ? 'no viewer is asked for a certificate'
      : null,
  ConnectionFunctionAssociation: (node) =>
    isOff(node.get('Id')) ? null : 'the connection function is not run',
  CacheTagConfig: (node) =>
    isOff(node.get('HeaderName')) ? null : 'copies are invalidated by path alone, not by tag',
  // What stands beside the configuration in an item of list-distributions.
  Id: withoutEffect,
  ARN: withoutEffect,
  ETag: withoutEffect,
  Status: withoutEffect,
  LastModifiedTime: withoutEffect,
  DomainName: withoutEffect,
  AliasICPRecordals: withoutEffect,
};

const BEHAVIOR: Readonly<Record<string, Effect>> = {
  PathPattern: followed,
  TargetOriginId: followed,
  // Trusted signers that are switched on are a mistake, not a member that is passed over.
  TrustedSigners: followed,
  TrustedKeyGroups: followed,
  ViewerProtocolPolicy: followed,
  AllowedMethods: followed,
  ResponseHeadersPolicyId: followed,
  SmoothStreaming: ifTrue('Smooth Streaming is not followed'),
  Compress: followed,
  LambdaFunctionAssociations: ifQuantity('Lambda@Edge functions are not run'),
  FunctionAssociations: followed,
  FieldLevelEncryptionId: ifText('fields are not encrypted'),
  RealtimeLogConfigArn: withoutEffect,
  CachePolicyId: followed,
  OriginRequestPolicyId: followed,
  // Where there is a cache policy AWS leaves these four out.
  ForwardedValues: followed,
  MinTTL: followed,
  DefaultTTL: followed,
  MaxTTL: followed,
  GrpcConfig: ifEnabled('gRPC is not followed'),
};

/** What stands behind an origin on this machine. */
export type StandsBehind = 'folder' | 'website' | 'server' | 'absent';

const ORIGIN: Readonly<Record<string, Effect>> = {
  Id: followed,
  // What edge.json names stands behind the origin.
  DomainName: withoutEffect,
  OriginPath: followed,
  CustomHeaders: followed,
  S3OriginConfig: withoutEffect,
  CustomOriginConfig: followed,
  VpcOriginConfig: followed,
  ConnectionAttempts: followed,
  ConnectionTimeout: followed,
  ResponseCompletionTimeout: followed,
  OriginShield: withoutEffect,
  OriginAccessControlId: withoutEffect,
};

/** A folder is no server. */
const FOLDER_ORIGIN: Readonly<Record<string, Effect>> = {
  ...ORIGIN,
  CustomOriginConfig: ifPresent('the folder answers as S3 does, whatever the origin is'),
  VpcOriginConfig: ifPresent('the folder answers as S3 does, whatever stands in the VPC'),
};

const CUSTOM_ORIGIN_CONFIG: Readonly<Record<string, Effect>> = {
  // The port and the scheme are those of the address in edge.json.
  HTTPPort: withoutEffect,
  HTTPSPort: withoutEffect,
  OriginProtocolPolicy: withoutEffect,
  OriginSslProtocols: withoutEffect,
  OriginReadTimeout: followed,
  OriginKeepaliveTimeout: followed,
  IpAddressType: withoutEffect,
  OriginMtlsConfig: ifPresent('no certificate is shown to the origin'),
};

const RESPONSE_HEADERS_POLICY: Readonly<Record<string, Effect>> = {
  Name: withoutEffect,
  Comment: withoutEffect,
  CorsConfig: followed,
  SecurityHeadersConfig: followed,
  CustomHeadersConfig: followed,
  RemoveHeadersConfig: followed,
  ServerTimingHeadersConfig: ifEnabled('no Server-Timing header is sent'),
};

const CORS_CONFIG: Readonly<Record<string, Effect>> = {
  AccessControlAllowOrigins: followed,
  AccessControlAllowHeaders: followed,
  AccessControlAllowMethods: followed,
  AccessControlAllowCredentials: followed,
  AccessControlExposeHeaders: followed,
  AccessControlMaxAgeSec: followed,
  OriginOverride: followed,
};

const SECURITY_HEADERS_CONFIG: Readonly<Record<string, Effect>> = {
  XSSProtection: followed,
  FrameOptions: followed,
  ReferrerPolicy: followed,
  ContentSecurityPolicy: followed,
  ContentTypeOptions: followed,
  StrictTransportSecurity: followed,
};

const ERROR_RESPONSE: Readonly<Record<string, Effect>> = {
  ErrorCode: followed,
  ResponsePagePath: followed,
  ResponseCode: followed,
  ErrorCachingMinTTL: followed,
};

/**
 * Names every member of the folder that is set to something the edge does not follow (yet), one line
 * for each distinct member. A member that this edge has never heard of is named as well, unless it is off: AWS
 * writes each new member into every distribution.
 */
export function namesOfUnfollowed(
  config: JsonNode,
  files: FolderFiles,
  { functions }: FunctionSources,
  origins: ReadonlyMap<string, StandsBehind>,
): readonly string[] {
  const usedOrigins = elements(config.get('Origins').get('Items')).flatMap((node) => {
    const behind = origins.get(String(node.get('Id').value));
    return behind === undefined ? [] : [{ node, behind }];
  });
  const lines = [
    ...inspect(config, DISTRIBUTION),
    ...behaviorNodes(config).flatMap((node) => inspect(node, BEHAVIOR)),
    ...usedOrigins.flatMap(({ node, behind }) => [
      ...inspect(node, behind === 'folder' ? FOLDER_ORIGIN : ORIGIN),
      ...(behind === 'server' ? inspect(node.get('CustomOriginConfig'), CUSTOM_ORIGIN_CONFIG) : []),
    ]),
    ...configurationsOf('ResponseHeadersPolicy', files).flatMap((policy) => [
      ...inspect(policy, RESPONSE_HEADERS_POLICY),
      ...inspect(policy.get('CorsConfig'), CORS_CONFIG),
      ...inspect(policy.get('SecurityHeadersConfig'), SECURITY_HEADERS_CONFIG),
    ]),
    ...elements(config.get('CustomErrorResponses').get('Items')).flatMap((node) =>
      inspect(node, ERROR_RESPONSE),
    ),
    ...missingFunctions(config, functions),
    ...madeHeaders(files, 'CachePolicy'),
    ...madeHeaders(files, 'OriginRequestPolicy'),
  ];
  return [...new Set(lines)];
}

/** Functions whose code is not in the folder. */
function missingFunctions(config: JsonNode, functions: ReadonlyMap<string, string>): string[] {
  return behaviorNodes(config).flatMap((behavior) => {
    const list = behavior.get('FunctionAssociations');
    const names = elements(list.get('Items')).map(functionName);
    const missing = names.filter((name) => name !== null && !functions.has(name));
    return missing.map(
      (name) =>
        `${list.placeInEveryElement}: ${name} is not run; \`aws cloudfront get-function --name ${name} functions/${name}.js\` gives its code`,
    );
  });
}

/** Headers that CloudFront itself writes into a request, from what it knows of the viewer. */
function madeHeaders(files: FolderFiles, kind: EntityKind): string[] {
  return configurationsOf(kind, files).flatMap((config) => {
    const parameters = config.get('ParametersInCacheKeyAndForwardedToOrigin');
    const list = (parameters.isPresent ? parameters : config)
      .get('HeadersConfig')
      .get('Headers')
      .get('Items');
    const names = elements(list).filter(({ value }) => /^cloudfront-/i.test(String(value)));
    return names.map(({ value }) => `${list.place} ${String(value)}: the edge makes no CloudFront-* headers`);
  });
}

function inspect(node: JsonNode, effects: Readonly<Record<string, Effect>>): string[] {
  const { value } = node;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.keys(value).flatMap((name) => {
    const member = node.get(name);
    if (!member.isPresent) return [];
    const effect = Object.hasOwn(effects, name) ? effects[name] : undefined;
    const unknown = isOff(member) ? null : 'this edge does not know it';
    const why = effect === undefined ? unknown : effect(member);
    return why === null ? [] : [`${member.placeInEveryElement}: ${why}`];
  });
}

/** What AWS writes for a member that nobody has set: nothing, an empty text or list, or something not enabled. */
function isOff(node: JsonNode): boolean {
  const { value } = node;
  if (!node.isPresent || value === '' || value === false || value === 'none') return true;
  if (Array.isArray(value)) return value.length === 0;
  return node.get('Enabled').value === false || node.get('Quantity').value === 0;
}

function elements(node: JsonNode): readonly JsonNode[] {
  return Array.isArray(node.value) ? node.items() : [];
}
