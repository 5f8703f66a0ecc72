import type { KeyObject } from 'node:crypto';
import type { CacheLimits } from '../cache/copy-store.js';
import type { FunctionSources } from '../functions/function-runner.js';
import type { CustomErrorResponse } from '../error-responses.js';
import type { BucketCors } from '../origin/bucket-cors.js';
import type { Switches } from './switches.js';

/** A distribution as the edge follows it, free of mistakes. */
export interface Distribution {
  /** As invalidations name it; null: the folder does not say, so any id is taken. */
  readonly id: string | null;
  /** Lower case; an alias may begin with `*.`. */
  readonly aliases: readonly string[];
  /** `d111111abcdef8.cloudfront.net` where the folder holds the answer of get-distribution. */
  readonly domainName: string | null;
  /** Without leading slash; `''` for none. */
  readonly defaultRootObject: string;
  /** In order of precedence; the last one is the default and covers every path. */
  readonly behaviors: readonly Behavior[];
  /** Every origin that a behavior or a group of one names. */
  readonly origins: ReadonlyMap<string, OriginDescription>;
  readonly originGroups: ReadonlyMap<string, OriginGroup>;
  /** The code of CloudFront Functions and their key value stores. */
  readonly functions: FunctionSources;
  /** By the status that they replace (R60). */
  readonly customErrorResponses: ReadonlyMap<number, CustomErrorResponse>;
  /** Host that a laptop uses, lower case with port → host that policies name. */
  readonly publicHosts: ReadonlyMap<string, string>;
  /** Origin of a local page → origin that stands in the CORS rules. */
  readonly pageOrigins: ReadonlyMap<string, string>;
  readonly tls: { readonly certificate: Buffer; readonly key: Buffer } | null;
  readonly switches: Switches;
  readonly cacheLimits: CacheLimits;
}

/** One cache behavior. */
export interface Behavior {
  readonly pathPattern: string;
  /** Of an origin or of an origin group. */
  readonly originId: string;
  readonly allowedMethods: ReadonlySet<string>;
  /** GET and HEAD, with or without OPTIONS (R81). */
  readonly cachedMethods: ReadonlySet<string>;
  readonly viewerProtocolPolicy: 'allow-all' | 'https-only' | 'redirect-to-https';
  /** Public keys of every attached key group by key id (R38, R39); null: no signature is needed (R45). */
  readonly trustedKeys: ReadonlyMap<string, KeyObject> | null;
  /** Whether answers are compressed for viewers who read that (R125). */
  readonly compress: boolean;
  readonly cachePolicy: CachePolicy;
  readonly originRequestPolicy: OriginRequestPolicy | null;
  readonly responseHeadersPolicy: ResponseHeadersPolicy | null;
  readonly functions: BehaviorFunctions;
}

/** The CloudFront Functions of a behavior, by name; null for none (R126). */
export interface BehaviorFunctions {
  readonly viewerRequest: string | null;
  readonly viewerResponse: string | null;
}

/** What stands behind an origin on this machine. */
export type OriginDescription = FolderOriginDescription | ServerOriginDescription | AbsentOriginDescription;

/** What the distribution itself says of an origin. */
interface OriginInDistribution {
  /** Put before the path, without leading or trailing slash. */
  readonly originPath: string;
  /** Lower case: the `Host` that the origin answers to. */
  readonly domainName: string;
  /** S3 refuses any other `Host`; a custom origin may take the viewer's (R63). */
  readonly isS3: boolean;
  /** What the distribution adds to each origin request; names in lower case (R88). */
  readonly customHeaders: readonly (readonly [name: string, value: string])[];
  /** Null: the bucket has no CORS rules, or there is no bucket. */
  readonly bucketCors: BucketCors | null;
}

/** A folder that stands in for a bucket. */
export interface FolderOriginDescription extends OriginInDistribution {
  readonly kind: 'folder';
  /** Absolute, symbolic links resolved. */
  readonly folder: string;
  /** Whether the bucket lets CloudFront list it: a missing key is then 404 and not 403 (R111). */
  readonly listBucket: boolean;
  /** Patterns of the keys that the bucket policy of a template lets CloudFront read; null: every key. */
  readonly readableKeys: readonly string[] | null;
  readonly objectHeaders: readonly ObjectHeaders[];
  /** Null: the REST endpoint of the bucket. */
  readonly website: Website | null;
  /** Whether CloudFront signs its requests: S3 reads `response-*` parameters of signed ones alone (R117). */
  readonly isSigned: boolean;
}

/** How the website endpoint of a bucket answers (R118). */
export interface Website {
  /** The bucket whose endpoint this is, by the name of its host; null where another host stands before it. */
  readonly bucketName: string | null;
  /** Put behind a path that ends in `/`. */
  readonly indexSuffix: string;
  /** The object that stands in for errors. */
  readonly errorKey: string | null;
  readonly redirectAllTo: WebsiteRedirect | null;
  /** The first that fits decides. */
  readonly routingRules: readonly RoutingRule[];
}

/** One routing rule of a website. */
export interface RoutingRule {
  readonly keyPrefix: string;
  /** Null: before the object is looked for. */
  readonly errorStatus: number | null;
  readonly redirect: WebsiteRedirect;
}

/** Where a website sends a viewer; null for what stays as it is. */
export interface WebsiteRedirect {
  readonly hostName: string | null;
  readonly protocol: string | null;
  readonly status: number | null;
  readonly replaceKeyWith: string | null;
  readonly replaceKeyPrefixWith: string | null;
}

/** An origin behind which nothing stands on this machine: it answers 502. */
export interface AbsentOriginDescription extends OriginInDistribution {
  readonly kind: 'absent';
}

/** A server on this machine (R121–R123). */
export interface ServerOriginDescription extends OriginInDistribution {
  readonly kind: 'server';
  /** Scheme, host and port; nothing is ever asked of another host. */
  readonly url: string;
  /** The authority that signed the certificate of an https server; null: those of Node. */
  readonly certificateAuthority: Buffer | null;
  readonly connectionAttempts: number;
  readonly connectionTimeoutSeconds: number;
  /** For the first byte of an answer, and then for each further piece of it. */
  readonly responseTimeoutSeconds: number;
  /** For the whole answer; null: as long as it takes. */
  readonly completionTimeoutSeconds: number | null;
  readonly keepAliveSeconds: number;
}

/** Two origins, of which the second answers when the first fails (R124). */
export interface OriginGroup {
  readonly primaryId: string;
  readonly secondaryId: string;
  readonly failoverStatuses: ReadonlySet<number>;
}

/** Metadata of the objects that a path pattern covers, from `edge.json`. */
export interface ObjectHeaders {
  readonly pathPattern: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** One cache policy as the edge follows it (R61, R62, R64). */
export interface CachePolicy {
  readonly minTtlSeconds: number;
  readonly defaultTtlSeconds: number;
  /** 0: nothing is ever stored, errors neither (R89). */
  readonly maxTtlSeconds: number;
  /** Lower case. */
  readonly headers: readonly string[];
  readonly cookies: NameChoice;
  readonly queryStrings: NameChoice;
  /** Whether the normalised `Accept-Encoding` may say so. */
  readonly gzip: boolean;
  readonly brotli: boolean;
}

/** One origin request policy: what the origin gets beside what is in the cache key (R63, R64). */
export interface OriginRequestPolicy {
  readonly headers: HeaderChoice;
  readonly cookies: NameChoice;
  readonly queryStrings: NameChoice;
}

/** Which cookies or query strings of a viewer are meant: by AWS's four behaviors. Names are case-sensitive. */
export interface NameChoice {
  readonly kind: 'none' | 'all' | 'listed' | 'allExcept';
  /** Empty unless the kind is `listed` or `allExcept`. A cookie name may hold `*` and `?`. */
  readonly names: readonly string[];
}

/**
 * Which headers of the viewer travel; names in lower case. `unlisted` is what ForwardedValues do at a custom origin:
 * everything but what CloudFront removes (R121).
 */
export interface HeaderChoice {
  readonly kind: 'listed' | 'all' | 'allExcept' | 'unlisted';
  readonly names: readonly string[];
}

/** One response headers policy as the edge follows it (R65, R68–R79). */
export interface ResponseHeadersPolicy {
  readonly cors: CorsConfig | null;
  readonly added: readonly AddedHeader[];
  /** Lower case; removed before anything is added (R79). */
  readonly removed: readonly string[];
}

/** The CORS part of a policy. */
export interface CorsConfig {
  /** `*`, exact origins, or patterns (R72–R74). */
  readonly allowOrigins: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowCredentials: boolean;
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds: number | null;
  readonly originOverride: boolean;
  /** AWS's managed preflight policy sends Expose-Headers on OPTIONS only (R67). */
  readonly exposeOnPreflightOnly: boolean;
}

/** A header of the security or custom part. */
export interface AddedHeader {
  readonly name: string;
  readonly value: string;
  readonly override: boolean;
}
