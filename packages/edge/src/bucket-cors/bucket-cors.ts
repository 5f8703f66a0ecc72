/** The CORS rules of a bucket, with the local names of the origins that stand in them. */
export interface BucketCors {
  /** In the order of the file: the first that fits decides (R99). */
  readonly rules: readonly BucketCorsRule[];
  /** Origin of a local page → origin that stands in the rules. */
  readonly pageOrigins: ReadonlyMap<string, string>;
}

/** One rule of `aws s3api get-bucket-cors`. */
export interface BucketCorsRule {
  /** Exact origins or patterns with one `*` (R98). */
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  /** Names or patterns with one `*`, in any case (R98, R102). */
  readonly allowedHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds: number | null;
}
