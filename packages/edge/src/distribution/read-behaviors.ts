import { definitionOf, type Definitions } from './aws-answers.js';
import type { Behavior, ResponseHeadersPolicy } from './distribution.js';
import type { JsonNode } from './json-node.js';
import { MANAGED_RESPONSE_HEADERS_POLICIES } from './managed-policies.js';
import type { FunctionSources } from '../functions/function-runner.js';
import { readAssociations } from './read-functions.js';
import { readCaching, type CachingReferences } from './read-caching.js';
import type { KeyGroups } from './read-key-groups.js';

/** AWS's default quota (R37): a warning, since it can be raised. */
const KEY_GROUPS_PER_BEHAVIOR = 4;

const PROTOCOL_POLICIES = ['allow-all', 'https-only', 'redirect-to-https'] as const;

/** What a behavior may refer to by id. */
export interface BehaviorReferences extends CachingReferences {
  /** Null where the origins could not be read: no name is wrong then. */
  readonly originIds: ReadonlySet<string> | null;
  readonly keyGroups: KeyGroups;
  readonly responseHeadersPolicies: Definitions<ResponseHeadersPolicy>;
  readonly functions: FunctionSources;
  readonly warnings: string[];
}

const MAX_LENGTH = 255;
/** What AWS documents; a copy of a distribution that AWS took may hold more, so others are a warning. */
const DOCUMENTED = /^[A-Za-z0-9_.*$/~"'@:+&?-]*$/;

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'] as const;
const READ = ['GET', 'HEAD'] as const;
const READ_AND_ASK = [...READ, 'OPTIONS'] as const;

/** The methods of a behavior: those it takes (R80) and those whose answers may be cached (R81). */
interface BehaviorMethods {
  readonly allowedMethods: ReadonlySet<string>;
  readonly cachedMethods: ReadonlySet<string>;
}

/** Reads the cache behaviors in their order of precedence, the default one last. */
export function readBehaviors(config: JsonNode, references: BehaviorReferences): readonly Behavior[] {
  const listed: Behavior[] = [];
  for (const node of config.get('CacheBehaviors').quantityItems()) {
    const earlier = listed.map(({ pathPattern }) => pathPattern);
    const pathPattern = readPathPattern(node.get('PathPattern'), earlier, references.warnings);
    listed.push(readBehavior(node, pathPattern, references));
  }
  const fallback = config.get('DefaultCacheBehavior');
  if (fallback.members().length === 0) return listed;
  return [...listed, readBehavior(fallback, '*', references)];
}

/** The nodes of all behaviors, the default one first: looking at them records no mistake of the list. */
export function behaviorNodes(config: JsonNode): readonly JsonNode[] {
  const listed = config.get('CacheBehaviors').get('Items');
  return [config.get('DefaultCacheBehavior'), ...(Array.isArray(listed.value) ? listed.items() : [])];
}

function readBehavior(node: JsonNode, pathPattern: string, references: BehaviorReferences): Behavior {
  return {
    pathPattern,
    originId: readOriginId(node.get('TargetOriginId'), references),
    ...readMethods(node.get('AllowedMethods')),
    viewerProtocolPolicy: node.get('ViewerProtocolPolicy').oneOf(PROTOCOL_POLICIES) ?? 'https-only',
    trustedKeys: readTrustedKeys(node, references),
    compress: node.get('Compress').optionalFlag(),
    ...readCaching(node, references),
    responseHeadersPolicy: readPolicy(node.get('ResponseHeadersPolicyId'), references),
    functions: readAssociations(node, references.functions),
  };
}

function readOriginId(node: JsonNode, references: BehaviorReferences): string {
  const id = node.text() ?? '';
  if (id !== '' && references.originIds?.has(id) === false) node.mistake('the Id of an origin');
  return id;
}

/** A behavior must never be open because its trust could not be read: that is a mistake instead. */
function readTrustedKeys(node: JsonNode, references: BehaviorReferences): Behavior['trustedKeys'] {
  const signers = node.get('TrustedSigners');
  if (signers.isPresent && signers.get('Enabled').optionalFlag()) {
    signers.mistake('key groups; the keys of an AWS account cannot be exported', 'trusted signers');
  }
  const trust = node.get('TrustedKeyGroups');
  if (!trust.isPresent) return null;
  const isEnabled = trust.get('Enabled').flag() ?? true;
  const groups = trust.quantityItems();
  if (!isEnabled && groups.length === 0) return null;
  if (isEnabled !== groups.length > 0) {
    trust.mistake(
      'Enabled true with at least one key group, or false with none',
      `${isEnabled} with ${groups.length}`,
    );
  }
  if (groups.length > KEY_GROUPS_PER_BEHAVIOR) {
    references.warnings.push(
      `${trust.place}: ${groups.length} key groups, AWS's default quota is ${KEY_GROUPS_PER_BEHAVIOR} (R37)`,
    );
  }
  return new Map(groups.flatMap((group) => keysOfGroup(group, references)));
}

function keysOfGroup(node: JsonNode, references: BehaviorReferences) {
  return [...(definitionOf(node, references.keyGroups, new Map()) ?? [])];
}

function readPolicy(node: JsonNode, references: BehaviorReferences): ResponseHeadersPolicy | null {
  if (node.optionalText() === '') return null;
  return definitionOf(node, references.responseHeadersPolicies, MANAGED_RESPONSE_HEADERS_POLICIES);
}

/** Reads the path pattern of a behavior; one that can never decide gets a warning. */
function readPathPattern(node: JsonNode, earlier: readonly string[], warnings: string[]): string {
  const pattern = node.text() ?? '';
  if (pattern.length > MAX_LENGTH) node.mistake(`a path pattern of at most ${MAX_LENGTH} characters`);
  const { place } = node;
  if (!DOCUMENTED.test(pattern)) {
    warnings.push(`${place}: ${JSON.stringify(pattern)} has characters that AWS does not name for patterns`);
  }
  const shadow = earlier.find((other) => isSame(other, pattern) || other === '*' || other === '/*');
  if (pattern !== '' && shadow !== undefined) {
    warnings.push(
      `${place}: never decides, because ${JSON.stringify(shadow)} stands before it and covers the same paths`,
    );
  }
  return pattern;
}

/** A leading `/` is optional and changes nothing. */
function isSame(one: string, other: string): boolean {
  return one.replace(/^\//, '') === other.replace(/^\//, '');
}

/** Reads `AllowedMethods`; where AWS leaves it out, a behavior takes and caches GET and HEAD. */
function readMethods(node: JsonNode): BehaviorMethods {
  const allowed = node.isPresent
    ? readSet(node, [READ, READ_AND_ASK, METHODS], 'GET and HEAD, with OPTIONS, or all seven methods (R80)')
    : new Set<string>(READ);
  const cachedNode = node.get('CachedMethods');
  if (!node.isPresent || !cachedNode.isPresent) {
    return { allowedMethods: allowed, cachedMethods: new Set(READ) };
  }
  const cached = readSet(cachedNode, [READ, READ_AND_ASK], 'GET and HEAD, or these and OPTIONS (R81)');
  if (cached.has('OPTIONS') && !allowed.has('OPTIONS')) {
    cachedNode.mistake('no method that is not allowed', 'OPTIONS');
  }
  return { allowedMethods: allowed, cachedMethods: cached };
}

function readSet(
  node: JsonNode,
  possible: readonly (readonly string[])[],
  expected: string,
): ReadonlySet<string> {
  const items = node.quantityItems();
  const methods = new Set<string>(items.flatMap((item) => item.oneOf(METHODS) ?? []));
  const isPossible = possible.some(
    (set) => set.length === methods.size && set.every((method) => methods.has(method)),
  );
  // A method that does not exist was reported already.
  if (!isPossible && items.every((item) => methods.has(String(item.value)))) {
    node.mistake(expected, [...methods].join(', ') || 'none');
  }
  return methods;
}
