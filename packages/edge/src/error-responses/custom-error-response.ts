/** What a distribution answers in the place of one error status (R60). */
export interface CustomErrorResponse {
  /** Null: the error goes out as it came, only its time in the cache is set. */
  readonly page: {
    /** Path at this distribution, `/` first; its own behavior decides where it comes from. */
    readonly path: string;
    /** The status that the viewer gets with the page. */
    readonly status: number;
  } | null;
  /** How long the cache keeps the error at least (R89). */
  readonly cachingMinTtlSeconds: number;
}

/** What CloudFront takes where `ErrorCachingMinTTL` or the whole entry is missing (R89). */
export const DEFAULT_ERROR_CACHING_MIN_TTL_SECONDS = 10;

/** How long the cache keeps an error status at least. */
export function errorCachingMinTtlSeconds(
  responses: ReadonlyMap<number, CustomErrorResponse>,
  status: number,
): number {
  return responses.get(status)?.cachingMinTtlSeconds ?? DEFAULT_ERROR_CACHING_MIN_TTL_SECONDS;
}
