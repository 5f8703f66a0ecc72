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
