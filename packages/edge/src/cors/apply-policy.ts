import type { CorsConfig, ResponseHeadersPolicy } from '../distribution/response-headers-policy.js';
import type { Switches } from '../distribution/switches.js';
import { headerOf, withHeader, withoutHeader, type HeaderList } from '../header-list.js';
import { corsHeaders, type CorsQuestion } from './cors-headers.js';

type PolicySwitches = Pick<
  Switches,
  'corsWithoutOrigin' | 'corsForOtherOrigin' | 'policyPreflight' | 'originCorsWhenUnmatched' | 'policyVary'
>;

/**
 * Puts a response headers policy on an answer that came from the origin (R68): headers are removed first
 * (R79), then CORS, security and custom headers are added.
 */
export function applyPolicy(
  headers: HeaderList,
  policy: ResponseHeadersPolicy,
  question: CorsQuestion,
  switches: PolicySwitches,
): HeaderList {
  let result = policy.removed.reduce(withoutHeader, headers);
  if (policy.cors !== null) result = applyCors(result, policy.cors, question, switches);
  for (const { name, value, override } of policy.added) {
    if (override || headerOf(result, name) === undefined) result = withHeader(result, name, value);
  }
  return result;
}

function applyCors(
  headers: HeaderList,
  config: CorsConfig,
  question: CorsQuestion,
  switches: PolicySwitches,
): HeaderList {
  const hasOwn = headers.some(([name]) => isCorsHeader(name));
  // R76: without override it is all or nothing.
  if (!config.originOverride && hasOwn) return headers;
  const wanted = corsHeaders(config, question, switches);
  if (wanted === null) {
    const isUnmatched = question.origin !== undefined;
    if (!isUnmatched || switches.originCorsWhenUnmatched === 'keep') return headers;
    return headers.filter(([name]) => !isCorsHeader(name));
  }
  const result = wanted.reduce((list, [name, value]) => withHeader(list, name, value), headers);
  const echoes = headerOf(wanted, 'Access-Control-Allow-Origin') !== '*';
  return switches.policyVary === 'origin' && echoes ? withVaryOrigin(result) : result;
}

function isCorsHeader(name: string): boolean {
  return name.toLowerCase().startsWith('access-control-');
}

function withVaryOrigin(headers: HeaderList): HeaderList {
  const named = (headerOf(headers, 'Vary') ?? '').split(',').map((name) => name.trim());
  if (named.some((name) => name === '*' || name.toLowerCase() === 'origin')) return headers;
  return withHeader(headers, 'Vary', [...named.filter((name) => name !== ''), 'Origin'].join(', '));
}
