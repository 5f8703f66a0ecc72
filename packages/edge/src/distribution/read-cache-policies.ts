import type { CachePolicy } from './cache-policy.js';
import type { FolderFiles } from './folder-files.js';
import type { JsonNode } from './json-node.js';
import { readNameChoice, readNames } from './read-name-choice.js';

/** What AWS takes where a TTL is left out, in seconds. */
const DEFAULT_TTL_SECONDS = 86_400;
const MAX_TTL_SECONDS = 31_536_000;

/** Reads `cache-policies/*.json`, the answers of get-cache-policy, by id. */
export function readCachePolicies(files: FolderFiles): ReadonlyMap<string, CachePolicy> {
  const policies = new Map<string, CachePolicy>();
  for (const file of files.all('cache-policies')) {
    const node = file.get('CachePolicy');
    const id = node.get('Id').text();
    const policy = readPolicy(node.get('CachePolicyConfig'));
    if (id === null) continue;
    if (policies.has(id)) node.get('Id').mistake('an id that no other file has');
    policies.set(id, policy);
  }
  return policies;
}

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

function readPolicy(config: JsonNode): CachePolicy {
  const ttls = readTtls(config);
  const parameters = config.get('ParametersInCacheKeyAndForwardedToOrigin');
  const policy = parameters.isPresent
    ? {
        ...ttls,
        headers: readHeaders(parameters.get('HeadersConfig')),
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

function readHeaders(node: JsonNode): readonly string[] {
  if (node.get('HeaderBehavior').oneOf(['none', 'whitelist']) !== 'whitelist') return [];
  const list = node.get('Headers');
  return readNames(list, 'a name, because HeaderBehavior is whitelist')
    .map((name) => name.toLowerCase())
    .toSorted();
}

function optionalSeconds(node: JsonNode): number | null {
  return node.isPresent ? node.wholeNumber() : null;
}
