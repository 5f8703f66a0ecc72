import { resolve } from 'node:path';
import type { Distribution } from './distribution.js';
import { FolderFiles } from './folder-files.js';
import { JsonNode, type FolderProblem } from './json-node.js';
import { readBehaviors } from './read-behaviors.js';
import { readCachePolicies, readOriginRequestPolicies } from './read-cache-policies.js';
import { readEdgeJson, type EdgeJson } from './read-edge-json.js';
import { readErrorResponses } from './read-error-responses.js';
import { readKeyGroups } from './read-key-groups.js';
import { readOrigins } from './read-origins.js';
import { readResponseHeadersPolicies } from './read-response-headers-policies.js';
import { namesOfUnfollowed } from './unfollowed.js';

/** A distribution without mistakes, or all of its mistakes; and what should be said at start. */
export type DistributionResult = (
  { readonly distribution: Distribution } | { readonly problems: readonly FolderProblem[] }
) & {
  readonly warnings: readonly string[];
  /** Members that are set to something the edge does not follow yet, one line each. */
  readonly unfollowed: readonly string[];
};

/**
 * Reads a distribution's folder: AWS's own answers as they came and our `edge.json`. Never throws: every mistake is
 * given at once, with its file and JSON path.
 *
 * @example
 * const result = readDistribution('./distribution');
 * if ('problems' in result) console.error(result.problems.map(formatFolderProblem).join('\n'));
 * else console.log(result.distribution.behaviors.length);
 */
export function readDistribution(folder: string): DistributionResult {
  const problems: FolderProblem[] = [];
  const warnings: string[] = [];
  const files = new FolderFiles(resolve(folder), problems);
  const answer = files.required('distribution.json');
  const edge = files.required('edge.json');
  const { config, domainName, id } = configOf(answer ?? unread('distribution.json'));
  const originNodes = originsById(config);
  const originIds = new Set(originNodes.keys());
  const edgeJson = readEdgeJson(
    edge ?? unread('edge.json'),
    files.folder,
    answer === null ? null : originIds,
  );
  const behaviors = readBehaviors(config, {
    originIds,
    keyGroups: readKeyGroups(files, edgeJson.extraPublicKeys, warnings),
    cachePolicies: readCachePolicies(files),
    originRequestPolicies: readOriginRequestPolicies(files),
    responseHeadersPolicies: readResponseHeadersPolicies(files, edgeJson.switches),
    warnings,
  });
  const usedOriginIds = new Set(behaviors.map(({ originId }) => originId));
  const distribution: Distribution = {
    id: distributionId(id, edgeJson),
    aliases: config
      .get('Aliases')
      .quantityItems()
      .flatMap((item) => item.text()?.toLowerCase() ?? []),
    domainName,
    defaultRootObject: config.get('DefaultRootObject').optionalText().replace(/^\//, ''),
    behaviors,
    origins: readOrigins(originNodes, usedOriginIds, edgeJson, files),
    customErrorResponses: readErrorResponses(config),
    publicHosts: edgeJson.publicHosts,
    pageOrigins: edgeJson.pageOrigins,
    tls: edgeJson.tls,
    switches: edgeJson.switches,
    cacheLimits: edgeJson.cacheLimits,
  };
  const unfollowed = namesOfUnfollowed(config, files, usedOriginIds);
  return problems.length > 0 ? { problems, warnings, unfollowed } : { distribution, warnings, unfollowed };
}

/** Stands for a file that could not be read: that was reported, so nothing inside it is missed. */
function unread(file: string): JsonNode {
  return new JsonNode(file, '', undefined, []);
}

/** AWS's own word counts; `edge.json` may say it where the folder holds only the configuration. */
function distributionId(id: string | null, { distributionId: named }: EdgeJson): string | null {
  if (named === null) return id;
  const text = named.text();
  if (id !== null && text !== null && text !== id) named.mistake(`${id}, the Id in distribution.json`);
  return id ?? text;
}

/** Both shapes of AWS's answer: get-distribution-config, and get-distribution with the domain name. */
function configOf(answer: JsonNode): { config: JsonNode; domainName: string | null; id: string | null } {
  const distribution = answer.get('Distribution');
  if (!distribution.isPresent) {
    const config = answer.get('DistributionConfig');
    if (!config.isPresent) config.mistake('the answer of `aws cloudfront get-distribution-config`');
    return { config, domainName: null, id: null };
  }
  const domainName = distribution.get('DomainName').optionalText().toLowerCase();
  return {
    config: distribution.get('DistributionConfig'),
    domainName: domainName === '' ? null : domainName,
    id: distribution.get('Id').optionalText() || null,
  };
}

function originsById(config: JsonNode): ReadonlyMap<string, JsonNode> {
  const origins = new Map<string, JsonNode>();
  for (const node of config.get('Origins').quantityItems()) {
    const id = node.get('Id').text();
    if (id !== null) origins.set(id, node);
  }
  return origins;
}
