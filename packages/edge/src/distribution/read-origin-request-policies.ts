import type { HeaderChoice, OriginRequestPolicy } from './cache-policy.js';
import type { FolderFiles } from './folder-files.js';
import type { JsonNode } from './json-node.js';
import { readNameChoice, readNames } from './read-name-choice.js';

const HEADER_BEHAVIORS = [
  'none',
  'whitelist',
  'allViewer',
  'allViewerAndWhitelistCloudFront',
  'allExcept',
] as const;

/** Reads `origin-request-policies/*.json`, the answers of get-origin-request-policy, by id. */
export function readOriginRequestPolicies(files: FolderFiles): ReadonlyMap<string, OriginRequestPolicy> {
  const policies = new Map<string, OriginRequestPolicy>();
  for (const file of files.all('origin-request-policies')) {
    const node = file.get('OriginRequestPolicy');
    const id = node.get('Id').text();
    const config = node.get('OriginRequestPolicyConfig');
    const policy = {
      headers: readHeaders(config.get('HeadersConfig')),
      cookies: readNameChoice(config.get('CookiesConfig'), 'Cookie'),
      queryStrings: readNameChoice(config.get('QueryStringsConfig'), 'QueryString'),
    };
    if (id === null) continue;
    if (policies.has(id)) node.get('Id').mistake('an id that no other file has');
    policies.set(id, policy);
  }
  return policies;
}

function readHeaders(node: JsonNode): HeaderChoice {
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
