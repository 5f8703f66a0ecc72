import type { HeaderList } from '../header-list.js';
import type { BucketCorsRule } from './bucket-cors.js';
import type { CorsRequest } from './cors-request.js';

/**
 * The headers that a rule puts on an answer, the same on a preflight and on a simple request (R95). A rule
 * with a bare `*` names no origin and so allows no credentials (R96); a partial wildcard echoes (R97).
 */
export function ruleHeaders(rule: BucketCorsRule, request: CorsRequest): HeaderList {
  const isForAny = rule.allowedOrigins.includes('*');
  const lists: HeaderList = [
    ['Access-Control-Allow-Origin', isForAny ? '*' : request.origin],
    ['Access-Control-Allow-Methods', rule.allowedMethods.join(', ')],
    ['Access-Control-Allow-Headers', request.requestedHeaders.join(', ')],
    ['Access-Control-Expose-Headers', rule.exposeHeaders.join(', ')],
    ['Access-Control-Max-Age', rule.maxAgeSeconds === null ? '' : String(rule.maxAgeSeconds)],
  ];
  return [
    ...lists.filter(([, value]) => value !== ''),
    ...(isForAny ? [] : ([['Access-Control-Allow-Credentials', 'true']] as const)),
    ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
  ];
}
