import type { CachePolicy } from '../distribution/distribution.js';
import { headerOf, type HeaderList } from '../header-list.js';

/** Errors that are kept whatever the origin says (R89). */
const ALWAYS_KEPT_ERRORS = [404, 414, 500, 501, 502, 503, 504];
/** Errors that are kept only when the origin gives them an age (R89). */
const KEPT_WITH_AGE_ERRORS = [400, 403, 405, 412, 415];

type Ttls = Pick<CachePolicy, 'minTtlSeconds' | 'defaultTtlSeconds' | 'maxTtlSeconds'>;

/** What an origin says of how long its answer may be kept. */
interface OriginLifetime {
  /** `no-cache`, `no-store` or `private`. */
  readonly mustNotBeReused: boolean;
  /** `no-store` or `private`: not even to be asked about again. */
  readonly mustNotBeStored: boolean;
  /** From `s-maxage`, else `max-age`; null when neither is a number. */
  readonly maxAgeSeconds: number | null;
  /** From `Expires`, relative to now and at least 0; null without that header. */
  readonly expiresInSeconds: number | null;
}

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

/** Reads `Cache-Control` and `Expires` (R62); a date that is none has passed (RFC 9111 section 5.3). */
function readOriginLifetime(headers: HeaderList, nowEpochSeconds: number): OriginLifetime {
  const directives = new Map<string, string>();
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== 'cache-control') continue;
    for (const part of value.split(',')) {
      const [directive = '', argument = ''] = part.split('=', 2).map((text) => text.trim());
      directives.set(directive.toLowerCase(), argument);
    }
  }
  const mustNotBeStored = directives.has('no-store') || directives.has('private');
  // With an argument, no-cache is about that header alone.
  const mustAskAgain = directives.get('no-cache') === '';
  const expires = headerOf(headers, 'Expires');
  return {
    mustNotBeStored,
    mustNotBeReused: mustNotBeStored || mustAskAgain,
    maxAgeSeconds: readSeconds(directives.get('s-maxage')) ?? readSeconds(directives.get('max-age')),
    expiresInSeconds: expires === undefined ? null : secondsUntil(expires, nowEpochSeconds),
  };
}

function readSeconds(text: string | undefined): number | null {
  const digits = text?.replaceAll('"', '');
  return digits !== undefined && /^[0-9]{1,10}$/.test(digits) ? Number(digits) : null;
}

function secondsUntil(httpDate: string, nowEpochSeconds: number): number {
  const milliseconds = httpDate.endsWith('GMT') ? Date.parse(httpDate) : Number.NaN;
  return Number.isNaN(milliseconds) ? 0 : Math.max(0, Math.floor(milliseconds / 1000) - nowEpochSeconds);
}
