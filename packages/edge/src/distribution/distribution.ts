import type { KeyObject } from 'node:crypto';
import type { BucketCors } from '../bucket-cors/bucket-cors.js';
import type { CustomErrorResponse } from '../error-responses/custom-error-response.js';
import type { CacheLimits } from '../cache/copy-store.js';
import type { CachePolicy, OriginRequestPolicy } from './cache-policy.js';
import type { ResponseHeadersPolicy } from './response-headers-policy.js';
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
  readonly origins: ReadonlyMap<string, FolderOriginDescription>;
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
  readonly originId: string;
  readonly allowedMethods: ReadonlySet<string>;
  /** GET and HEAD, with or without OPTIONS (R81). */
  readonly cachedMethods: ReadonlySet<string>;
  readonly viewerProtocolPolicy: 'allow-all' | 'https-only' | 'redirect-to-https';
  /** Public keys of every attached key group by key id (R38, R39); null: no signature is needed (R45). */
  readonly trustedKeys: ReadonlyMap<string, KeyObject> | null;
  readonly cachePolicy: CachePolicy;
  readonly originRequestPolicy: OriginRequestPolicy | null;
  readonly responseHeadersPolicy: ResponseHeadersPolicy | null;
}

/** A folder that stands in for a bucket. */
export interface FolderOriginDescription {
  /** Absolute, symbolic links resolved. */
  readonly folder: string;
  /** Put before the key, without leading or trailing slash. */
  readonly originPath: string;
  /** Null: the bucket has no CORS rules. */
  readonly bucketCors: BucketCors | null;
  /** Whether the bucket lets CloudFront list it: a missing key is then 404 and not 403 (R111). */
  readonly listBucket: boolean;
  /** Lower case: the `Host` that the origin answers to. */
  readonly domainName: string;
  /** S3 refuses any other `Host`; a custom origin may take the viewer's (R63). */
  readonly isS3: boolean;
  /** What the distribution adds to each origin request; names in lower case (R88). */
  readonly customHeaders: readonly (readonly [name: string, value: string])[];
  readonly objectHeaders: readonly ObjectHeaders[];
}

/** Metadata of the objects that a path pattern covers, from `edge.json`. */
export interface ObjectHeaders {
  readonly pathPattern: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}
