import type { CachePolicy } from '../distribution/cache-policy.js';
import type { HeaderList } from '../header-list.js';
import { readOriginLifetime } from './cache-control.js';

/** Errors that are kept whatever the origin says (R89). */
const ALWAYS_KEPT_ERRORS = [404, 414, 500, 501, 502, 503, 504];
/** Errors that are kept only when the origin gives them an age (R89). */
const KEPT_WITH_AGE_ERRORS = [400, 403, 405, 412, 415];

type Ttls = Pick<CachePolicy, 'minTtlSeconds' | 'defaultTtlSeconds' | 'maxTtlSeconds'>;

/**
 * For how many seconds an answer may be given again without asking the origin; null when it is not kept at
 * all. 0 means kept, but asked about each time (R62, R89).
 */
export function lifetimeSeconds(
  answer: { readonly status: number; readonly headers: HeaderList },
  policy: Ttls,
  errorCachingMinTtlSeconds: number,
  nowEpochSeconds: number,
): number | null {
  if (policy.maxTtlSeconds === 0) return null;
  const said = readOriginLifetime(answer.headers, nowEpochSeconds);
  if (answer.status >= 400) {
    const isKept =
      ALWAYS_KEPT_ERRORS.includes(answer.status) ||
      (KEPT_WITH_AGE_ERRORS.includes(answer.status) && said.maxAgeSeconds !== null);
    return isKept ? Math.max(errorCachingMinTtlSeconds, said.maxAgeSeconds ?? 0) : null;
  }
  const { minTtlSeconds, defaultTtlSeconds, maxTtlSeconds } = policy;
  if (said.mustNotBeReused) return minTtlSeconds === 0 && said.mustNotBeStored ? null : minTtlSeconds;
  const wanted = said.maxAgeSeconds ?? said.expiresInSeconds ?? defaultTtlSeconds;
  return Math.min(Math.max(wanted, minTtlSeconds), maxTtlSeconds);
}
