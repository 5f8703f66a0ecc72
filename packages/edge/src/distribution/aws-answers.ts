import type { FolderFiles } from './folder-files.js';
import type { JsonNode } from './json-node.js';
import {
  MANAGED_CACHE_POLICIES,
  MANAGED_ORIGIN_REQUEST_POLICIES,
  MANAGED_RESPONSE_HEADERS_POLICIES,
} from './managed-policies.js';

/** What a behavior, or a key group, names by id. */
export type EntityKind = keyof typeof KINDS;

/** Where the answers of a kind lie, which call gives them, and by which of its members a bare configuration is known. */
const KINDS = {
  CachePolicy: {
    folder: 'cache-policies',
    command: 'get-cache-policy',
    members: ['ParametersInCacheKeyAndForwardedToOrigin', 'MinTTL'],
    managed: MANAGED_CACHE_POLICIES,
  },
  OriginRequestPolicy: {
    folder: 'origin-request-policies',
    command: 'get-origin-request-policy',
    members: ['HeadersConfig', 'CookiesConfig', 'QueryStringsConfig'],
    managed: MANAGED_ORIGIN_REQUEST_POLICIES,
  },
  ResponseHeadersPolicy: {
    folder: 'response-headers-policies',
    command: 'get-response-headers-policy',
    members: [
      'CorsConfig',
      'SecurityHeadersConfig',
      'CustomHeadersConfig',
      'RemoveHeadersConfig',
      'ServerTimingHeadersConfig',
    ],
    managed: MANAGED_RESPONSE_HEADERS_POLICIES,
  },
  KeyGroup: { folder: 'key-groups', command: 'get-key-group', members: ['Items'], managed: new Map() },
  PublicKey: {
    folder: 'public-keys',
    command: 'get-public-key',
    members: ['EncodedKey'],
    managed: new Map(),
  },
} as const;

/** What the files of a sub-folder define, by id. */
export interface Definitions<Definition> {
  readonly kind: EntityKind;
  readonly byId: ReadonlyMap<string, Definition>;
  /** The ids that were asked for in vain, so that each is reported once. */
  readonly reported: Set<string>;
  /** False where a file defines what nobody can name: an id that is not found here may be that one. */
  readonly isComplete: boolean;
}

/** One definition in a file, as AWS or a person wrote it. */
interface Entity {
  /** Null where the file holds the configuration alone. */
  readonly id: JsonNode | null;
  readonly config: JsonNode;
}

/** Every definition of a kind in the folder, in whichever of AWS's forms it lies there. */
export function configurationsOf(kind: EntityKind, files: FolderFiles): readonly JsonNode[] {
  return files
    .all(KINDS[kind].folder)
    .files.flatMap((file) => entitiesIn(file, kind))
    .map(({ config }) => config);
}

/**
 * Reads the definitions of a kind by their id. A bare configuration has none: then the name of its file counts, or
 * that it is the only one of which an id is missing.
 *
 * @param wanted the ids that must be defined here, managed ones among them
 */
export function readDefinitions<Definition>(
  kind: EntityKind,
  files: FolderFiles,
  { wanted, warnings }: { readonly wanted: readonly string[]; readonly warnings: string[] },
  read: (config: JsonNode) => Definition,
): Definitions<Definition> {
  const { folder, command, managed } = KINDS[kind];
  const subFolder = files.all(folder);
  const byId = new Map<string, Definition>();
  const nameless: { readonly file: JsonNode; readonly definition: Definition }[] = [];
  let isComplete = subFolder.isComplete;
  for (const file of subFolder.files) {
    const entities = entitiesIn(file, kind);
    if (entities.length === 0) {
      file.mistake(`the answer of \`aws cloudfront ${command} --id ID\``);
      isComplete = false;
    }
    for (const { id, config } of entities) {
      const definition = read(config);
      const name = id === null ? nameOf(file, wanted) : id.text();
      if (name === null) {
        if (id === null) nameless.push({ file, definition });
        else isComplete = false;
        continue;
      }
      if (byId.has(name)) (id ?? file).mistake('an id that no other file has');
      byId.set(name, definition);
    }
  }
  const missing = [...new Set(wanted)].filter((id) => !byId.has(id) && !managed.has(id));
  const [only] = nameless;
  const [id] = missing;
  if (only !== undefined && id !== undefined && nameless.length === 1 && missing.length === 1) {
    warnings.push(
      `${only.file.file}: holds no Id; it is taken for ${id}, the only one that is missing in ${folder}/`,
    );
    return { kind, byId: byId.set(id, only.definition), reported: new Set(), isComplete };
  }
  for (const { file } of nameless) {
    if (missing.length === 0) warnings.push(`${file.file}: holds no Id, and none is missing; it is not used`);
    else
      file.mistake(
        `the answer of \`aws cloudfront ${command} --id ID\` with its Id, or the Id as the name of the file`,
        `a configuration without Id, while ${missing.length} are missing`,
      );
  }
  const isKnown = isComplete && (nameless.length === 0 || missing.length === 0);
  return { kind, byId, reported: new Set(), isComplete: isKnown };
}

function nameOf({ file }: JsonNode, wanted: readonly string[]): string | null {
  const name = file.replace(/^.*\//, '').replace(/\.json$/, '');
  return wanted.includes(name) ? name : null;
}

/** The answer of `get-…` or `list-…`, its inner object, the configuration with or without its Id. */
function entitiesIn(file: JsonNode, kind: EntityKind): readonly Entity[] {
  const listed = file.get(`${kind}List`).get('Items');
  const inner = (node: JsonNode): JsonNode => (node.get(kind).isPresent ? node.get(kind) : node);
  if (Array.isArray(listed.value)) return listed.items().flatMap((item) => entityOf(inner(item), kind));
  return entityOf(inner(file), kind);
}

function entityOf(node: JsonNode, kind: EntityKind): readonly Entity[] {
  const config = node.get(`${kind}Config`);
  const id = node.get('Id');
  // What stands under AWS's own name is meant to be one, whatever is wrong in it.
  if (node.path === kind) return [{ id, config }];
  if (config.isPresent) return [{ id: id.isPresent ? id : null, config }];
  // An item of list-public-keys and a bare configuration carry the members themselves.
  const isConfig = KINDS[kind].members.some((member) => node.get(member).isPresent);
  return isConfig ? [{ id: id.isPresent ? id : null, config: node }] : [];
}

/**
 * What an id names: a definition of the folder, or a managed one. A missing file is one mistake, however many behaviors
 * name it; where a file defines what nobody can name, it may be that one.
 */
export function definitionOf<Definition>(
  node: JsonNode,
  definitions: Definitions<Definition>,
  managed: ReadonlyMap<string, Definition>,
): Definition | null {
  const id = node.text();
  if (id === null) return null;
  const source = definitions.byId.has(id) ? definitions.byId : managed;
  if (source.has(id)) return source.get(id) ?? null;
  if (!definitions.isComplete || definitions.reported.has(id)) return null;
  definitions.reported.add(id);
  const { folder, command } = KINDS[definitions.kind];
  const orManaged = managed.size === 0 ? '' : ', or the id of a managed one';
  return node.mistake(`the answer of \`aws cloudfront ${command} --id ${id}\` in ${folder}/${orManaged}`);
}

/** A distribution's configuration, and what stands around it in AWS's answers. */
export interface FoundDistribution {
  readonly config: JsonNode;
  /** Lower case. */
  readonly domainName: string | null;
  readonly id: string | null;
}

/**
 * Finds the configuration in whatever call of AWS's wrote the file: get-distribution, get-distribution-config, their
 * inner objects, create-distribution-with-tags, list-distributions or one of its items. Null with a mistake when there
 * is none.
 *
 * @param named the id in edge.json, which chooses among several
 */
export function findDistribution(
  file: JsonNode,
  named: string | null,
  warnings: string[],
): FoundDistribution | null {
  const expected =
    'the answer of `aws cloudfront get-distribution-config --id ID`, or its DistributionConfig';
  const candidates = [file.get('Distribution'), file.get('DistributionConfigWithTags'), file].filter(
    (node) => node.get('DistributionConfig').isPresent,
  );
  const [around] = candidates;
  if (around !== undefined) return { config: around.get('DistributionConfig'), ...surroundings(around) };
  const summaries = Array.isArray(file.value) ? file : file.get('DistributionList').get('Items');
  if (Array.isArray(summaries.value)) {
    const items = summaries.items();
    const chosen = items.filter((item) => items.length === 1 || item.get('Id').value === named);
    const [item] = chosen;
    if (item === undefined || chosen.length > 1) {
      const ids = items.map((one) => String(one.get('Id').value)).join(', ');
      return summaries.mistake(
        `one distribution, or a distributionId in edge.json that names one of ${ids}`,
        `${items.length}`,
      );
    }
    return findDistribution(item, named, warnings);
  }
  const isConfig = file.get('Origins').isPresent || file.get('DefaultCacheBehavior').isPresent;
  if (!isConfig) return file.mistake(expected);
  if (file.get('ARN').isPresent && !file.get('DefaultRootObject').isPresent) {
    warnings.push(
      `${file.file}: an item of list-distributions, which carries no DefaultRootObject: \`/\` is answered as if there were none; get-distribution-config carries it`,
    );
  }
  return { config: file, ...surroundings(file) };
}

function surroundings(node: JsonNode): Pick<FoundDistribution, 'domainName' | 'id'> {
  return {
    domainName: node.get('DomainName').optionalText().toLowerCase() || null,
    id: node.get('Id').optionalText() || null,
  };
}
