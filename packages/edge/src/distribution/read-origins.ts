import type { BucketCors } from '../origin/bucket-cors.js';
import type { OriginDescription, OriginGroup, Website } from './distribution.js';
import type { FolderFiles } from './folder-files.js';
import { HEADER_NAME, HEADER_VALUE } from './header-text.js';
import type { JsonNode } from './json-node.js';
import { readBucketCors } from './read-bucket-cors.js';
import type { EdgeJson } from './read-edge-json.js';
import type { FolderEntry, ServerEntry } from './read-origin-entries.js';
import { ASSUMED_WEBSITE, readWebsite, websiteBucketOf } from './read-website.js';

/** The files that a single origin need not name. */
const DEFAULT_CORS_FILE = 'bucket-cors.json';
const DEFAULT_WEBSITE_FILE = 'bucket-website.json';

/** The statuses that AWS lets an origin group fail over on. */
const FAILOVER_STATUSES = [400, 403, 404, 416, 429, 500, 502, 503, 504];

/** Where the reading of origins looks, and what it says. */
interface Reading {
  readonly edgeJson: EdgeJson;
  /** Nobody will ask the origins, so that nothing needs to stand behind them. */
  readonly isEdgeJsonLeftOut: boolean;
  readonly files: FolderFiles;
  readonly warnings: string[];
}

/** Puts together what AWS and `edge.json` say of each origin that is used. */
export function readOrigins(
  nodes: ReadonlyMap<string, JsonNode>,
  usedIds: ReadonlySet<string>,
  reading: Reading,
): ReadonlyMap<string, OriginDescription> {
  const { edgeJson, isEdgeJsonLeftOut, files } = reading;
  const origins = new Map<string, OriginDescription>();
  for (const [id, node] of nodes) {
    const originPath = node.get('OriginPath').optionalText();
    if (originPath !== '' && (!originPath.startsWith('/') || originPath.endsWith('/'))) {
      node.get('OriginPath').mistake('a path that begins with / and does not end with it');
    }
    const entry = edgeJson.origins.get(id);
    if (entry === undefined) {
      if (!usedIds.has(id)) continue;
      if (!isEdgeJsonLeftOut) reportAbsent(id, node, reading);
      const bucketCors = isEdgeJsonLeftOut ? readRules(id, null, reading) : null;
      origins.set(id, { kind: 'absent', ...inDistribution(node, originPath), bucketCors });
      continue;
    }
    const description =
      entry.kind === 'server'
        ? readServer(node, entry, originPath)
        : readFolder(id, node, entry, originPath, reading);
    if (description !== null) origins.set(id, description);
  }
  for (const [file, member] of [
    [DEFAULT_CORS_FILE, 'bucketCors'],
    [DEFAULT_WEBSITE_FILE, 'bucketWebsite'],
  ] as const) {
    refuseForgottenFile(file, member, edgeJson, files);
  }
  return origins;
}

/** A mistake where edge.json names no origin at all: the others may be left out. */
function reportAbsent(id: string, node: JsonNode, { edgeJson, warnings }: Reading): void {
  if (edgeJson.origins.size === 0) {
    node.get('Id').mistake(`a member origins.${id} with its folder or url in edge.json`, 'none');
    return;
  }
  const domainName = node.get('DomainName').optionalText();
  warnings.push(
    `edge.json origins: nothing stands behind "${id}" (${domainName}); what goes there is answered 502`,
  );
}

/** Whether CloudFront asks an origin as a bucket's REST endpoint. */
export function isS3Origin(node: JsonNode): boolean {
  return !node.get('CustomOriginConfig').isPresent && !node.get('VpcOriginConfig').isPresent;
}

function inDistribution(node: JsonNode, originPath: string) {
  return {
    originPath: originPath.slice(1),
    domainName: node.get('DomainName').optionalText().toLowerCase(),
    isS3: isS3Origin(node),
    customHeaders: readCustomHeaders(node.get('CustomHeaders')),
    bucketCors: null,
  };
}

function readServer(node: JsonNode, entry: ServerEntry, originPath: string): OriginDescription | null {
  const { url, certificateAuthority } = entry;
  const custom = node.get('CustomOriginConfig').isPresent
    ? node.get('CustomOriginConfig')
    : node.get(node.get('VpcOriginConfig').isPresent ? 'VpcOriginConfig' : 'S3OriginConfig');
  const completion = node.get('ResponseCompletionTimeout');
  const description = {
    kind: 'server',
    ...inDistribution(node, entry.originPath ?? originPath),
    certificateAuthority,
    connectionAttempts: numberUpTo(node.get('ConnectionAttempts'), 3, 3),
    connectionTimeoutSeconds: numberUpTo(node.get('ConnectionTimeout'), 10, 10),
    responseTimeoutSeconds: numberUpTo(custom.get('OriginReadTimeout'), Infinity, 30),
    keepAliveSeconds: numberUpTo(custom.get('OriginKeepaliveTimeout'), Infinity, 5),
    // Older exports write 0 where it is not set.
    completionTimeoutSeconds: completion.isPresent ? completion.wholeNumber() || null : null,
  } as const;
  return url === null ? null : { ...description, url };
}

/** A whole number from 1; a quota that AWS raised lets a response timeout be longer than its pages say. */
function numberUpTo(node: JsonNode, most: number, fallback: number): number {
  if (!node.isPresent) return fallback;
  const { value } = node;
  const isWithin = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
  if (isWithin) return value;
  node.mistake(most === Infinity ? 'a whole number above 0' : `a whole number from 1 to ${most}`);
  return fallback;
}

function readFolder(
  id: string,
  node: JsonNode,
  entry: FolderEntry,
  originPath: string,
  reading: Reading,
): OriginDescription | null {
  const bucket = reading.files.template?.buckets.get(id) ?? null;
  const rules = readRules(id, entry.bucketCors, reading);
  const website = readWebsiteOf(id, node, entry, reading);
  if (entry.folder === null) return null;
  const { folder, objectHeaders } = entry;
  const identity = node.get('S3OriginConfig').get('OriginAccessIdentity').optionalText();
  const isNamed = identity !== '' || node.get('OriginAccessControlId').optionalText() !== '';
  return {
    kind: 'folder',
    ...inDistribution(node, originPath),
    folder,
    bucketCors: rules,
    listBucket: entry.listBucket ?? bucket?.access?.isListable ?? false,
    readableKeys: bucket?.access?.readableKeys ?? null,
    objectHeaders,
    website,
    isSigned: bucket?.isSigned ?? isNamed,
  };
}

/** The CORS rules of the bucket behind an origin, from a file that is named or not, or from the template. */
function readRules(id: string, named: JsonNode | null, reading: Reading): BucketCors | null {
  const ofTemplate = reading.files.template?.buckets.get(id)?.cors ?? null;
  const rules =
    named === null && ofTemplate !== null ? ofTemplate : fileOf(named, DEFAULT_CORS_FILE, reading);
  return rules === null ? null : readBucketCors(rules, reading.edgeJson);
}

function readWebsiteOf(id: string, node: JsonNode, entry: FolderEntry, reading: Reading): Website | null {
  const bucketName = websiteBucketOf(node.get('DomainName').optionalText().toLowerCase());
  if (bucketName === null && entry.bucketWebsite === null) return null;
  const ofTemplate = reading.files.template?.buckets.get(id)?.website ?? null;
  const file =
    entry.bucketWebsite === null && ofTemplate !== null
      ? ofTemplate
      : fileOf(entry.bucketWebsite, DEFAULT_WEBSITE_FILE, reading);
  if (file !== null) return { bucketName, ...readWebsite(file) };
  if (entry.bucketWebsite === null) {
    reading.warnings.push(
      `edge.json origins.${id}: a website endpoint without the answer of \`aws s3api get-bucket-website\`: index.html is taken for its index document, and it has no error document`,
    );
  }
  return { bucketName, ...ASSUMED_WEBSITE };
}

/** The file that an origin names, or the one that a single origin need not name. */
function fileOf(named: JsonNode | null, fallback: string, { edgeJson, files }: Reading): JsonNode | null {
  if (named === null) return edgeJson.origins.size > 1 ? null : files.optional(fallback);
  const name = named.text();
  return name === null ? null : files.required(name);
}

/** With several origins nobody can guess whose this is. */
function refuseForgottenFile(
  file: string,
  member: 'bucketCors' | 'bucketWebsite',
  { origins }: EdgeJson,
  files: FolderFiles,
): void {
  if (origins.size < 2) return;
  const isNamed = [...origins.values()].some(
    (entry) => entry.kind === 'folder' && entry[member]?.value === file,
  );
  if (isNamed) return;
  files
    .optional(file)
    ?.mistake(
      `an origin in edge.json whose ${member} names this file`,
      'several origins, none of which does',
    );
}

/** Reads `CustomHeaders` of an origin: what CloudFront adds to each request it makes there (R88). */
export function readCustomHeaders(node: JsonNode): readonly (readonly [name: string, value: string])[] {
  return node.quantityItems().flatMap((item) => {
    const name = item.get('HeaderName').text();
    const value = item.get('HeaderValue').optionalText();
    if (name === null) return [];
    if (!HEADER_NAME.test(name)) return item.get('HeaderName').mistake('the name of a header') ?? [];
    if (!HEADER_VALUE.test(value)) return item.get('HeaderValue').mistake('the value of a header') ?? [];
    return [[name.toLowerCase(), value] as const];
  });
}

/** Reads `OriginGroups` (R124): two origins each, and the statuses on which the second is asked. */
export function readOriginGroups(
  config: JsonNode,
  originIds: ReadonlySet<string> | null,
): ReadonlyMap<string, OriginGroup> {
  const groups = new Map<string, OriginGroup>();
  for (const node of config.get('OriginGroups').quantityItems()) {
    const id = node.get('Id').text();
    const members = node.get('Members').quantityItems();
    const ids = members.map((member) => {
      const originId = member.get('OriginId').text();
      if (originId !== null && originIds?.has(originId) === false)
        member.get('OriginId').mistake('the Id of an origin');
      return originId;
    });
    const [primaryId, secondaryId] = ids;
    if (members.length !== 2) node.get('Members').mistake('two members', `${members.length}`);
    const statuses = node.get('FailoverCriteria').get('StatusCodes').quantityItems();
    if (statuses.length === 0) node.get('FailoverCriteria').get('StatusCodes').mistake('at least one status');
    for (const status of statuses) {
      if (!FAILOVER_STATUSES.includes(Number(status.value)))
        status.mistake(`one of ${FAILOVER_STATUSES.join(', ')}`);
    }
    if (id === null) continue;
    if (originIds?.has(id) === true || groups.has(id))
      node.get('Id').mistake('an id that no origin and no other group has');
    groups.set(id, {
      primaryId: primaryId ?? '',
      secondaryId: secondaryId ?? '',
      failoverStatuses: new Set(statuses.map(({ value }) => Number(value))),
    });
  }
  return groups;
}
