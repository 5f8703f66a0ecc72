import { ALL_NAMES, listed, NO_NAMES } from '../origin-request/chosen-parts.js';
import { definitionOf, type Definitions } from './aws-answers.js';
import type { CachePolicy, OriginRequestPolicy, NameChoice } from './distribution.js';
import type { JsonNode } from './json-node.js';
import { MANAGED_CACHE_POLICIES, MANAGED_ORIGIN_REQUEST_POLICIES } from './managed-policies.js';
import { readNames, readTtls } from './read-cache-policies.js';

/** The policies of the folder by id. */
export interface CachingReferences {
  readonly cachePolicies: Definitions<CachePolicy>;
  readonly originRequestPolicies: Definitions<OriginRequestPolicy>;
}

/** What a behavior caches under which key, and what its origin gets. */
export interface Caching {
  readonly cachePolicy: CachePolicy;
  readonly originRequestPolicy: OriginRequestPolicy | null;
}

const NOTHING_CACHED: CachePolicy = {
  minTtlSeconds: 0,
  defaultTtlSeconds: 0,
  maxTtlSeconds: 0,
  headers: [],
  cookies: NO_NAMES,
  queryStrings: NO_NAMES,
  gzip: false,
  brotli: false,
};

/** Reads how a behavior caches: by policies, or by the older ForwardedValues (R61–R64). */
export function readCaching(behavior: JsonNode, references: CachingReferences): Caching {
  const policyId = behavior.get('CachePolicyId');
  const forwarded = behavior.get('ForwardedValues');
  if (policyId.optionalText() === '') {
    if (forwarded.isPresent) return readForwardedValues(behavior, forwarded);
    policyId.mistake('the id of a cache policy, or ForwardedValues beside it');
    return { cachePolicy: NOTHING_CACHED, originRequestPolicy: null };
  }
  return {
    cachePolicy: definitionOf(policyId, references.cachePolicies, MANAGED_CACHE_POLICIES) ?? NOTHING_CACHED,
    originRequestPolicy: readOriginRequestPolicy(behavior.get('OriginRequestPolicyId'), references),
  };
}

function readOriginRequestPolicy(node: JsonNode, references: CachingReferences): OriginRequestPolicy | null {
  if (node.optionalText() === '') return null;
  return definitionOf(node, references.originRequestPolicies, MANAGED_ORIGIN_REQUEST_POLICIES);
}

/** The settings before there were policies: what travels to the origin is in the key. */
function readForwardedValues(behavior: JsonNode, forwarded: JsonNode): Caching {
  if (behavior.get('OriginRequestPolicyId').optionalText() !== '') {
    behavior.get('OriginRequestPolicyId').mistake('no origin request policy beside ForwardedValues');
  }
  const cookies = readForwardedCookies(forwarded.get('Cookies'));
  const headers = forwarded
    .get('Headers')
    .quantityItems()
    .flatMap((item) => item.text()?.toLowerCase() ?? []);
  const isQueryForwarded = forwarded.get('QueryString').flag() ?? false;
  const queryKeys = forwarded
    .get('QueryStringCacheKeys')
    .quantityItems()
    .flatMap((item) => item.text() ?? []);
  const allQueries = isQueryForwarded ? ALL_NAMES : NO_NAMES;
  // Headers `*`: everything travels and nothing is stored.
  if (headers.includes('*')) {
    return {
      cachePolicy: NOTHING_CACHED,
      originRequestPolicy: { headers: { kind: 'all', names: [] }, cookies, queryStrings: allQueries },
    };
  }
  const compress = behavior.get('Compress').optionalFlag();
  return {
    cachePolicy: {
      ...readTtls(behavior),
      headers: headers.toSorted(),
      cookies,
      queryStrings: isQueryForwarded && queryKeys.length > 0 ? listed(queryKeys) : allQueries,
      gzip: compress,
      brotli: false,
    },
    originRequestPolicy: {
      headers: { kind: 'unlisted', names: [] },
      cookies: NO_NAMES,
      queryStrings: allQueries,
    },
  };
}

function readForwardedCookies(node: JsonNode): NameChoice {
  const forward = node.get('Forward').oneOf(['none', 'whitelist', 'all']);
  if (forward === 'all') return ALL_NAMES;
  if (forward !== 'whitelist') return NO_NAMES;
  return listed(readNames(node.get('WhitelistedNames'), 'a name, because Forward is whitelist'));
}
