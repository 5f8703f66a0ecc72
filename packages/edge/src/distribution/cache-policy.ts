import type { NameChoice } from './name-choice.js';

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

/** Which headers of the viewer travel; names in lower case. */
export interface HeaderChoice {
  readonly kind: 'listed' | 'all' | 'allExcept';
  readonly names: readonly string[];
}
