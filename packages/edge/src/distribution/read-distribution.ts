import { findDistribution, readDefinitions } from './aws-answers.js';
import type { Behavior, Distribution } from './distribution.js';
import type { FolderFiles } from './folder-files.js';
import { formatFolderProblem, type FolderProblem, type JsonNode } from './json-node.js';
import { openFiles, unread, type ReadOptions } from './open-files.js';
import { behaviorNodes, readBehaviors } from './read-behaviors.js';
import { readCachePolicy, readOriginRequestPolicy } from './read-cache-policies.js';
import { readEdgeJson, type EdgeJson } from './read-edge-json.js';
import { functionNames, readFunctions } from './read-functions.js';
import { readErrorResponses } from './read-error-responses.js';
import { readKeyGroups } from './read-key-groups.js';
import { readOriginGroups, readOrigins } from './read-origins.js';
import { readResponseHeadersPolicy } from './read-response-headers-policies.js';
import { membersOf } from './routing.js';
import { namesOfUnfollowed, type StandsBehind } from './unfollowed.js';

/** A distribution without mistakes, or all of its mistakes; and what should be said at start. */
export type DistributionResult = (
  | {
      readonly distribution: Distribution;
      /** What it was read from: the names of policies stand there, and where each setting is written. */
      readonly files: FolderFiles;
      /** The `DistributionConfig`, also of a template, as AWS would answer it. */
      readonly config: JsonNode;
    }
  | { readonly problems: readonly FolderProblem[] }
) & {
  readonly warnings: readonly string[];
  /** Members that are set to something the edge does not follow yet, one line each. */
  readonly unfollowed: readonly string[];
};

/**
 * Reads a distribution: a folder of AWS's own answers as they came and our `edge.json`, one of these answers alone, or a
 * CloudFormation template. Never throws: every mistake is given at once, with its file and JSON path, in a template with
 * its line.
 *
 * @example
 * const result = readDistribution('./distribution');
 * if ('problems' in result) console.error(result.problems.map(formatFolderProblem).join('\n'));
 * else console.log(result.distribution.behaviors.length);
 * @example
 * const options = { parameters: new Map([['AppOrigin', 'https://app.example.com']]) };
 * const result = readDistribution('./cdk.out/Media.template.json', options);
 */
export function readDistribution(path: string, options: ReadOptions = {}): DistributionResult {
  const problems: FolderProblem[] = [];
  const warnings: string[] = [];
  const opened = openFiles(path, options, problems, warnings);
  if (opened === null) return { problems, warnings, unfollowed: [] };
  const { files, answer, edge } = opened;
  const named = (edge ?? unread('edge.json')).get('distributionId').value;
  const found = answer && findDistribution(answer, typeof named === 'string' ? named : null, warnings);
  const { config, domainName, id } = found ?? {
    config: unread('distribution.json'),
    domainName: null,
    id: null,
  };
  const { nodes: originNodes, isComplete } = originsById(config, problems);
  const originIds = found !== null && isComplete ? new Set(originNodes.keys()) : null;
  const edgeJson = readEdgeJson(
    edge ?? unread('edge.json'),
    files.folder,
    originIds,
    options.serving ?? 'http',
  );
  const isEdgeJsonLeftOut = options.edgeJson === null;
  const wanted = (member: string) => ({ wanted: namesIn(config, member), warnings });
  const functions = readFunctions(files, functionNames(behaviorNodes(config)));
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
    origins: readOrigins(edge === null && !isEdgeJsonLeftOut ? new Map() : originNodes, usedOriginIds, {
      edgeJson,
      isEdgeJsonLeftOut,
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
  if (problems.length === 0) hintAtEmptyKeyGroups(config, behaviors, warnings);
  const unfollowed = namesOfUnfollowed(
    config,
    files,
    functions,
    standsBehind(distribution.origins, usedOriginIds),
  );
  return problems.length > 0
    ? { problems: distinct(problems), warnings, unfollowed }
    : { distribution, files, config, warnings, unfollowed };
}

/** The rules of a bucket behind two origins, for example, are read for each of them. */
function distinct(problems: readonly FolderProblem[]): readonly FolderProblem[] {
  return [...new Map(problems.map((problem) => [formatFolderProblem(problem), problem])).values()];
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
  let isComplete = true;
  for (const node of items) {
    const id = node.get('Id').text();
    if (id === null) isComplete = false;
    else nodes.set(id, node);
  }
  if (items.length === 0 && problems.length === before) origins.mistake('at least one origin');
  return { nodes, isComplete: isComplete && problems.length === before && items.length > 0 };
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

/** What such a behavior answers is no other than for a wrong key: nothing but this line tells the cause. */
function hintAtEmptyKeyGroups(config: JsonNode, behaviors: readonly Behavior[], warnings: string[]): void {
  const closed = behaviors.filter(({ trustedKeys }) => trustedKeys?.size === 0);
  if (closed.length === 0) return;
  const names = closed.map(({ pathPattern }) => `"${pathPattern}"`).join(', ');
  warnings.push(
    `${config.place}: no file opens by ${names}: the key groups trusted there hold no public key`,
  );
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
