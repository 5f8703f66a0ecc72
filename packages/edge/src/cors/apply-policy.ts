import type { CorsConfig, ResponseHeadersPolicy } from '../distribution/response-headers-policy.js';
import { headerOf, withHeader, withoutHeader, type HeaderList } from '../header-list.js';
import { corsHeaders, type CorsQuestion } from './cors-headers.js';

/**
 * Puts a response headers policy on an answer that came from the origin (R68): headers are removed first
 * (R79), then CORS, security and custom headers are added.
 */
export function applyPolicy(
  headers: HeaderList,
  policy: ResponseHeadersPolicy,
  question: CorsQuestion,
): HeaderList {
  let result = policy.removed.reduce(withoutHeader, headers);
  if (policy.cors !== null) result = applyCors(result, policy.cors, question);
  for (const { name, value, override } of policy.added) {
    if (override || headerOf(result, name) === undefined) result = withHeader(result, name, value);
  }
  return result;
}

/**
 * R76: without override it is all or nothing. Where the policy has nothing to say, the origin's own headers stay
 * (R77). It adds no `Vary` when it echoes an origin; a custom header of the policy can (R78).
 */
function applyCors(headers: HeaderList, config: CorsConfig, question: CorsQuestion): HeaderList {
  const hasOwn = headers.some(([name]) => name.toLowerCase().startsWith('access-control-'));
  if (!config.originOverride && hasOwn) return headers;
  return corsHeaders(config, question).reduce(
    (list, [name, value]) => withHeader(list, name, value),
    headers,
  );
}
