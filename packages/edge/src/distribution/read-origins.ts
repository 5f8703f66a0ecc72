import type { BucketCors } from '../origin/bucket-cors.js';
import type { FolderOriginDescription } from './distribution.js';
import type { FolderFiles } from './folder-files.js';
import { HEADER_NAME, HEADER_VALUE } from './header-text.js';
import type { JsonNode } from './json-node.js';
import { readBucketCors } from './read-bucket-cors.js';
import type { EdgeJson } from './read-edge-json.js';
import type { OriginEntry } from './read-origin-entries.js';

/** The file that a single origin need not name. */
const DEFAULT_CORS_FILE = 'bucket-cors.json';

/** Puts together what AWS and `edge.json` say of each origin. */
export function readOrigins(
  nodes: ReadonlyMap<string, JsonNode>,
  usedIds: ReadonlySet<string>,
  edgeJson: EdgeJson,
  files: FolderFiles,
): ReadonlyMap<string, FolderOriginDescription> {
  const origins = new Map<string, FolderOriginDescription>();
  for (const [id, node] of nodes) {
    const originPath = node.get('OriginPath').optionalText();
    if (originPath !== '' && (!originPath.startsWith('/') || originPath.endsWith('/'))) {
      node.get('OriginPath').mistake('a path that begins with / and does not end with it');
    }
    const entry = edgeJson.origins.get(id);
    if (entry === undefined) {
      if (usedIds.has(id))
        node.get('Id').mistake(`a member origins.${id} with its folder in edge.json`, 'none');
      continue;
    }
    const bucketCors = readCorsOf(entry, edgeJson, files);
    if (entry.folder === null) continue;
    const { folder, listBucket, objectHeaders } = entry;
    origins.set(id, {
      folder,
      originPath: originPath.slice(1),
      bucketCors,
      listBucket,
      domainName: node.get('DomainName').optionalText().toLowerCase(),
      isS3: !node.get('CustomOriginConfig').isPresent,
      customHeaders: readCustomHeaders(node.get('CustomHeaders')),
      objectHeaders,
    });
  }
  refuseForgottenRules(edgeJson, files);
  return origins;
}

function readCorsOf(entry: OriginEntry, edgeJson: EdgeJson, files: FolderFiles): BucketCors | null {
  const { bucketCors } = entry;
  if (bucketCors === null) {
    if (edgeJson.origins.size > 1) return null;
    const node = files.optional(DEFAULT_CORS_FILE);
    return node === null ? null : readBucketCors(node, edgeJson);
  }
  const name = bucketCors.text();
  if (name === null) return null;
  const node = files.required(name);
  return node === null ? null : readBucketCors(node, edgeJson);
}

/** With several origins nobody can guess whose rules these are. */
function refuseForgottenRules(edgeJson: EdgeJson, files: FolderFiles): void {
  if (edgeJson.origins.size < 2) return;
  const isNamed = [...edgeJson.origins.values()].some(
    ({ bucketCors }) => bucketCors?.value === DEFAULT_CORS_FILE,
  );
  if (isNamed) return;
  files
    .optional(DEFAULT_CORS_FILE)
    ?.mistake(
      'an origin in edge.json whose bucketCors names this file',
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
