import { ALL_NAMES, listed, NO_NAMES } from '../origin-request/chosen-parts.js';
import type { CachePolicy, HeaderChoice, OriginRequestPolicy, NameChoice } from './distribution.js';
import type { JsonNode } from './json-node.js';

/** What AWS takes where a TTL is left out, in seconds. */
const DEFAULT_TTL_SECONDS = 86_400;
const MAX_TTL_SECONDS = 31_536_000;

const HEADER_BEHAVIORS = [
  'none',
  'whitelist',
  'allViewer',
  'allViewerAndWhitelistCloudFront',
  'allExcept',
] as const;

/** Reads the three TTLs, which stand in a policy and in a behavior of the old kind alike. */
export function readTtls(
  node: JsonNode,
): Pick<CachePolicy, 'minTtlSeconds' | 'defaultTtlSeconds' | 'maxTtlSeconds'> {
  const minTtlSeconds = node.get('MinTTL').wholeNumber() ?? 0;
  const maxTtlSeconds = optionalSeconds(node.get('MaxTTL')) ?? Math.max(MAX_TTL_SECONDS, minTtlSeconds);
  const defaultTtlSeconds =
    optionalSeconds(node.get('DefaultTTL')) ??
    Math.min(Math.max(DEFAULT_TTL_SECONDS, minTtlSeconds), maxTtlSeconds);
  if (minTtlSeconds > defaultTtlSeconds || defaultTtlSeconds > maxTtlSeconds) {
    node
      .get('DefaultTTL')
      .mistake(`a number from MinTTL to MaxTTL, here ${minTtlSeconds} to ${maxTtlSeconds} (R62)`);
  }
  return { minTtlSeconds, defaultTtlSeconds, maxTtlSeconds };
}

/** Reads a `CachePolicyConfig`. */
export function readCachePolicy(config: JsonNode): CachePolicy {
  const ttls = readTtls(config);
  const parameters = config.get('ParametersInCacheKeyAndForwardedToOrigin');
  const policy = parameters.isPresent
    ? {
        ...ttls,
        headers: readKeyHeaders(parameters.get('HeadersConfig')),
        cookies: readNameChoice(parameters.get('CookiesConfig'), 'Cookie'),
        queryStrings: readNameChoice(parameters.get('QueryStringsConfig'), 'QueryString'),
        gzip: parameters.get('EnableAcceptEncodingGzip').optionalFlag(),
        brotli: parameters.get('EnableAcceptEncodingBrotli').optionalFlag(),
      }
    : { ...ttls, ...withoutParameters(parameters) };
  const hasKey =
    policy.headers.length > 0 ||
    policy.cookies.kind !== 'none' ||
    policy.queryStrings.kind !== 'none' ||
    policy.gzip ||
    policy.brotli;
  // AWS refuses such a policy: "… is invalid for policy with caching disabled".
  if (policy.maxTtlSeconds === 0 && hasKey) {
    parameters.mistake('nothing in the cache key where MaxTTL is 0', 'something');
  }
  return policy;
}

function withoutParameters(node: JsonNode) {
  node.mistake('what is in the cache key');
  const none = { kind: 'none', names: [] } as const;
  return { headers: [], cookies: none, queryStrings: none, gzip: false, brotli: false };
}

function readKeyHeaders(node: JsonNode): readonly string[] {
  if (node.get('HeaderBehavior').oneOf(['none', 'whitelist']) !== 'whitelist') return [];
  const list = node.get('Headers');
  return readNames(list, 'a name, because HeaderBehavior is whitelist')
    .map((name) => name.toLowerCase())
    .toSorted();
}

function optionalSeconds(node: JsonNode): number | null {
  return node.isPresent ? node.wholeNumber() : null;
}

/** Reads an `OriginRequestPolicyConfig`. */
export function readOriginRequestPolicy(config: JsonNode): OriginRequestPolicy {
  return {
    headers: readForwardedHeaders(config.get('HeadersConfig')),
    cookies: readNameChoice(config.get('CookiesConfig'), 'Cookie'),
    queryStrings: readNameChoice(config.get('QueryStringsConfig'), 'QueryString'),
  };
}

function readForwardedHeaders(node: JsonNode): HeaderChoice {
  const behavior = node.get('HeaderBehavior').oneOf(HEADER_BEHAVIORS);
  if (behavior === null || behavior === 'none') return { kind: 'listed', names: [] };
  // What it lists are CloudFront-* headers, which the edge does not make.
  if (behavior === 'allViewer' || behavior === 'allViewerAndWhitelistCloudFront') {
    return { kind: 'all', names: [] };
  }
  const list = node.get('Headers');
  const names = readNames(list, `a name, because HeaderBehavior is ${behavior}`);
  return {
    kind: behavior === 'whitelist' ? 'listed' : 'allExcept',
    names: names.map((name) => name.toLowerCase()),
  };
}

/**
 * Reads `CookiesConfig` or `QueryStringsConfig` of a policy: `kind` is `Cookie` or `QueryString`, as in
 * `CookieBehavior` beside `Cookies`.
 */
function readNameChoice(node: JsonNode, kind: 'Cookie' | 'QueryString'): NameChoice {
  const behavior = node.get(`${kind}Behavior`).oneOf(['none', 'whitelist', 'allExcept', 'all']);
  if (behavior === 'all') return ALL_NAMES;
  if (behavior === null || behavior === 'none') return NO_NAMES;
  const names = readNames(node.get(`${kind}s`), `a name, because ${kind}Behavior is ${behavior}`);
  return behavior === 'whitelist' ? listed(names) : { kind: 'allExcept', names };
}

/** The texts of a list that must not be empty. */
export function readNames(node: JsonNode, expected: string): readonly string[] {
  const names = node.quantityItems().flatMap((item) => item.text() ?? []);
  if (names.length === 0) node.mistake(expected);
  return names;
}
