import { readCacheControl, readDeltaSeconds, secondsOf, type CacheDirectives } from '../cache-control.js';
import type { CachePolicy } from '../distribution/distribution.js';
import { headerOf, type HeaderList } from '../header-list.js';
import { readHttpDate } from '../http-date.js';

/** Errors that are kept whatever the origin says (R89). */
const ALWAYS_KEPT_ERRORS = [404, 414, 500, 501, 502, 503, 504];
/** Errors that are kept only when the origin gives them an age (R89). */
const KEPT_WITH_AGE_ERRORS = [400, 403, 405, 412, 415];

type Ttls = Pick<CachePolicy, 'minTtlSeconds' | 'defaultTtlSeconds' | 'maxTtlSeconds'>;

/** For how long an answer may be given again. */
export interface Lifetime {
  /** How old it was when it arrived: what other caches and the way took (RFC 9111 section 4.2.3). */
  readonly ageSeconds: number;
  /** From now on without asking the origin; 0: kept, but asked about each time. */
  readonly freshSeconds: number;
  /** After that, while the origin is asked in the background (R113). */
  readonly staleWhileRevalidateSeconds: number;
  /** After that, when the origin fails; null: as long as it fails (R113, R114). */
  readonly staleIfErrorSeconds: number | null;
}

/**
 * For how long an answer may be given again; null when it is not kept at all (R62, R89).
 *
 * @param errorCachingMinTtlSeconds how long an error of this status is kept at least
 * @param nowEpochSeconds when the answer arrived
 */
export function lifetimeOf(
  answer: { readonly status: number; readonly headers: HeaderList },
  policy: Ttls,
  errorCachingMinTtlSeconds: number,
  nowEpochSeconds: number,
): Lifetime | null {
  if (policy.maxTtlSeconds === 0) return null;
  const { minTtlSeconds, defaultTtlSeconds, maxTtlSeconds } = policy;
  const directives = readCacheControl(answer.headers);
  const { ageSeconds, remainingSeconds } = readFreshness(answer.headers, directives, nowEpochSeconds);
  if (answer.status >= 400) {
    const hasAge = directives.has('s-maxage') || directives.has('max-age');
    const isKept =
      ALWAYS_KEPT_ERRORS.includes(answer.status) || (KEPT_WITH_AGE_ERRORS.includes(answer.status) && hasAge);
    const wanted = mustNotBeReused(directives) ? 0 : Math.min(remainingSeconds ?? 0, maxTtlSeconds);
    const freshSeconds = Math.max(errorCachingMinTtlSeconds, wanted);
    return isKept ? { ageSeconds, freshSeconds, ...NEVER_STALE } : null;
  }
  if (minTtlSeconds === 0 && mustNotBeStored(directives)) return null;
  const stale = readStaleness(directives, policy);
  if (minTtlSeconds === 0 && variesByEverything(answer.headers)) {
    return { ageSeconds, freshSeconds: 0, ...stale, staleWhileRevalidateSeconds: 0 };
  }
  if (mustNotBeReused(directives)) {
    return { ageSeconds, freshSeconds: minTtlSeconds, ...stale, staleWhileRevalidateSeconds: 0 };
  }
  const freshSeconds = Math.min(
    Math.max(remainingSeconds ?? defaultTtlSeconds, minTtlSeconds),
    maxTtlSeconds,
  );
  return { ageSeconds, freshSeconds, ...stale };
}

/** `Vary: *`: without a minimum TTL such a copy is asked about each time, and without conditions (CF-CO). */
export function variesByEverything(headers: HeaderList): boolean {
  return headers.some(
    ([name, value]) =>
      name.toLowerCase() === 'vary' && value.split(',').some((member) => member.trim() === '*'),
  );
}

const NEVER_STALE = { staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 };

/** How old an answer is, and how long the origin lets it live from now on; null where the origin does not say. */
function readFreshness(
  headers: HeaderList,
  directives: CacheDirectives,
  nowEpochSeconds: number,
): { readonly ageSeconds: number; readonly remainingSeconds: number | null } {
  const date = readHttpDate(headerOf(headers, 'Date') ?? '', nowEpochSeconds);
  const apparentAge = date === null ? 0 : Math.max(0, nowEpochSeconds - date);
  // RFC 9111 section 5.1: the first member counts, and what is no number is ignored.
  const [age = ''] = (headerOf(headers, 'Age') ?? '').split(',');
  const ageSeconds = Math.max(apparentAge, readDeltaSeconds(age.trim()) ?? 0);
  const expires = headerOf(headers, 'Expires');
  const lifetime =
    secondsOf(directives, 's-maxage') ??
    secondsOf(directives, 'max-age') ??
    (expires === undefined ? null : expiresAfter(expires, date, nowEpochSeconds));
  return { ageSeconds, remainingSeconds: lifetime === null ? null : Math.max(0, lifetime - ageSeconds) };
}

/** `Expires` is meant relative to the origin's own clock; a date that is none has passed (RFC 9111 sections 4.2.1, 5.3). */
function expiresAfter(expires: string, date: number | null, nowEpochSeconds: number): number {
  const until = readHttpDate(expires, nowEpochSeconds);
  return until === null ? 0 : until - (date ?? nowEpochSeconds);
}

/**
 * What a copy may do when it is no longer fresh. Without a word of the origin it serves while the origin fails (R89);
 * a directive that forbids that is obeyed (R114), and what the origin allows in so many seconds is allowed (R113).
 */
function readStaleness(
  directives: CacheDirectives,
  { minTtlSeconds, maxTtlSeconds }: Ttls,
): Pick<Lifetime, 'staleWhileRevalidateSeconds' | 'staleIfErrorSeconds'> {
  if (directives.has('must-revalidate') || directives.has('proxy-revalidate')) return NEVER_STALE;
  const whileRevalidate = secondsOf(directives, 'stale-while-revalidate') ?? 0;
  const ifError = secondsOf(directives, 'stale-if-error');
  const isForbidden = directives.has('s-maxage') || (minTtlSeconds === 0 && mustNotBeReused(directives));
  return {
    staleWhileRevalidateSeconds: Math.min(whileRevalidate, maxTtlSeconds),
    staleIfErrorSeconds: ifError === null ? (isForbidden ? 0 : null) : Math.min(ifError, maxTtlSeconds),
  };
}

/** Not even to be asked about again. */
function mustNotBeStored(directives: CacheDirectives): boolean {
  return directives.has('no-store') || directives.has('private');
}

function mustNotBeReused(directives: CacheDirectives): boolean {
  // With an argument, no-cache is about those headers alone.
  const isAboutAll = directives.has('no-cache') && !/[^\s,]/.test(directives.get('no-cache') ?? '');
  return mustNotBeStored(directives) || isAboutAll;
}
