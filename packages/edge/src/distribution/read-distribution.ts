import { resolve } from 'node:path';
import { findDistribution, readDefinitions } from './aws-answers.js';
import type { Distribution } from './distribution.js';
import { FolderFiles } from './folder-files.js';
import { JsonNode, type FolderProblem } from './json-node.js';
import { behaviorNodes, readBehaviors } from './read-behaviors.js';
import { readCachePolicy, readOriginRequestPolicy } from './read-cache-policies.js';
import { readEdgeJson, type EdgeJson } from './read-edge-json.js';
import { readFunctions } from './read-functions.js';
import { readErrorResponses } from './read-error-responses.js';
import { readKeyGroups } from './read-key-groups.js';
import { readOriginGroups, readOrigins } from './read-origins.js';
import { readResponseHeadersPolicy } from './read-response-headers-policies.js';
import { membersOf } from './routing.js';
import { namesOfUnfollowed, type StandsBehind } from './unfollowed.js';

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
  const answer = files.required('distribution.json', DISTRIBUTION_JSON);
  const edge = files.required('edge.json', EDGE_JSON);
  const named = (edge ?? unread('edge.json')).get('distributionId').value;
  const found = answer && findDistribution(answer, typeof named === 'string' ? named : null, warnings);
  const { config, domainName, id } = found ?? {
    config: unread('distribution.json'),
    domainName: null,
    id: null,
  };
  const { nodes: originNodes, isComplete } = originsById(config, problems);
  const originIds = found !== null && isComplete ? new Set(originNodes.keys()) : null;
  const edgeJson = readEdgeJson(edge ?? unread('edge.json'), files.folder, originIds);
  const wanted = (member: string) => ({ wanted: namesIn(config, member), warnings });
  const functions = readFunctions(files);
  const originGroups = readOriginGroups(config, originIds);
  const behaviors = readBehaviors(config, {
    originIds: originIds && new Set([...originIds, ...originGroups.keys()]),
    keyGroups: readKeyGroups(files, edgeJson.extraPublicKeys, keyGroupsIn(config), warnings),
    cachePolicies: readDefinitions('CachePolicy', files, wanted('CachePolicyId'), readCachePolicy),
    originRequestPolicies: readDefinitions(
      'OriginRequestPolicy',
      files,
      wanted('OriginRequestPolicyId'),
      readOriginRequestPolicy,
    ),
    responseHeadersPolicies: readDefinitions(
      'ResponseHeadersPolicy',
      files,
      wanted('ResponseHeadersPolicyId'),
      (policy) => readResponseHeadersPolicy(policy, edgeJson.switches),
    ),
    functions,
    warnings,
  });
  const usedOriginIds = new Set(behaviors.flatMap(({ originId }) => membersOf(originId, originGroups)));
  const distribution: Distribution = {
    id: distributionId(id, edgeJson),
    aliases: config
      .get('Aliases')
      .quantityItems()
      .flatMap((item) => item.text()?.toLowerCase() ?? []),
    domainName,
    defaultRootObject: readDefaultRootObject(config.get('DefaultRootObject')),
    behaviors,
    origins: readOrigins(edge === null ? new Map() : originNodes, usedOriginIds, {
      edgeJson,
      files,
      warnings,
    }),
    originGroups,
    functions,
    customErrorResponses: readErrorResponses(config),
    publicHosts: edgeJson.publicHosts,
    pageOrigins: edgeJson.pageOrigins,
    tls: edgeJson.tls,
    switches: edgeJson.switches,
    cacheLimits: edgeJson.cacheLimits,
  };
  hintAtMissingKeys(distribution, warnings);
  const unfollowed = namesOfUnfollowed(
    config,
    files,
    functions,
    standsBehind(distribution.origins, usedOriginIds),
  );
  return problems.length > 0 ? { problems, warnings, unfollowed } : { distribution, warnings, unfollowed };
}

const DISTRIBUTION_JSON = 'what `aws cloudfront get-distribution-config --id ID` prints';
const EDGE_JSON = 'what stands behind each origin, {"origins": {"ORIGIN-ID": {"folder": "../media"}}}';

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

/** The origins by id; they are incomplete when one of them cannot be named. */
function originsById(
  config: JsonNode,
  problems: readonly FolderProblem[],
): { readonly nodes: ReadonlyMap<string, JsonNode>; readonly isComplete: boolean } {
  const nodes = new Map<string, JsonNode>();
  const before = problems.length;
  const origins = config.get('Origins');
  const items = origins.quantityItems();
  for (const node of items) {
    const id = node.get('Id').text();
    if (id !== null) nodes.set(id, node);
  }
  if (items.length === 0 && problems.length === before) origins.mistake('at least one origin');
  return { nodes, isComplete: problems.length === before };
}

function standsBehind(
  origins: Distribution['origins'],
  usedIds: ReadonlySet<string>,
): ReadonlyMap<string, StandsBehind> {
  const used = [...origins].filter(([id]) => usedIds.has(id));
  return new Map(
    used.map(([id, origin]) => [
      id,
      origin.kind === 'folder' && origin.website !== null ? 'website' : origin.kind,
    ]),
  );
}

/** The error page of a website's deep links is there, and no error comes that would show it (R111). */
function hintAtMissingKeys({ origins, customErrorResponses }: Distribution, warnings: string[]): void {
  if (customErrorResponses.get(404)?.page == null || customErrorResponses.get(403)?.page != null) return;
  for (const [id, origin] of origins) {
    if (origin.kind !== 'folder' || origin.website === null || origin.website.errorKey !== null) continue;
    if (origin.listBucket) continue;
    warnings.push(
      `edge.json origins.${id}: a missing key is 403 and not 404, for which there is an error page: say "listBucket": true if the bucket policy grants s3:ListBucket`,
    );
  }
}

/** AWS takes the name of an object alone (R119). */
function readDefaultRootObject(node: JsonNode): string {
  const name = node.optionalText();
  if (name.startsWith('/'))
    node.mistake(`the name of an object without a slash before it, "${name.slice(1)}" (R119)`);
  return name;
}

/** Every value that a member has in a behavior. */
function namesIn(config: JsonNode, member: string): readonly string[] {
  const values = behaviorNodes(config).map((node) => node.get(member).value);
  return values.filter((value): value is string => typeof value === 'string' && value !== '');
}

function keyGroupsIn(config: JsonNode): readonly string[] {
  return behaviorNodes(config).flatMap((node) => node.get('TrustedKeyGroups').get('Items').texts());
}
