import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ObjectHeaders } from './distribution.js';
import { HEADER_VALUE } from './header-text.js';
import type { JsonNode } from './json-node.js';

const MEMBERS = ['folder', 'bucketCors', 'listBucket', 'objectHeaders'];

/** What `edge.json` says of one origin. */
export interface OriginEntry {
  /** Absolute, symbolic links resolved; null when it is a mistake. */
  readonly folder: string | null;
  /** The file with the CORS rules of the bucket, as it was named; null when none was. */
  readonly bucketCors: JsonNode | null;
  /** R111: `s3:ListBucket`, which AWS's own bucket policy for origin access control does not grant. */
  readonly listBucket: boolean;
  readonly objectHeaders: readonly ObjectHeaders[];
}

/** The metadata that S3 keeps of an object and sends with it. */
const METADATA = [
  'Cache-Control',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Type',
  'Expires',
];
const OWN_METADATA = /^x-amz-meta-[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** Reads `origins` of `edge.json`. Without origin ids, names are not checked. */
export function readOriginEntries(
  node: JsonNode,
  folder: string,
  originIds: ReadonlySet<string> | null,
): ReadonlyMap<string, OriginEntry> {
  const entries = new Map<string, OriginEntry>();
  for (const [id, origin] of node.members()) {
    if (originIds?.has(id) === false) {
      origin.mistake('the Id of an origin in distribution.json as name', `"${id}"`);
    }
    for (const [name, member] of origin.members()) {
      if (!MEMBERS.includes(name)) member.mistake(`one of ${MEMBERS.join(', ')} as name`, `"${name}"`);
    }
    const bucketCors = origin.get('bucketCors');
    entries.set(id, {
      folder: readFolder(origin.get('folder'), folder),
      bucketCors: bucketCors.isPresent ? bucketCors : null,
      listBucket: origin.get('listBucket').optionalFlag(),
      objectHeaders: readObjectHeaders(origin.get('objectHeaders')),
    });
  }
  return entries;
}

function readFolder(node: JsonNode, folder: string): string | null {
  const path = node.text();
  if (path === null) return null;
  try {
    const real = realpathSync.native(resolve(folder, path));
    if (statSync(real).isDirectory()) return real;
  } catch {
    // Reported below, in the same words as a file in its place.
  }
  return node.mistake('a folder that exists', `"${path}"`);
}

/** Reads `objectHeaders` of an origin in `edge.json`: path pattern → headers of the objects it covers. */
function readObjectHeaders(node: JsonNode): readonly ObjectHeaders[] {
  if (!node.isPresent) return [];
  return node.members().map(([pathPattern, headers]) => ({
    pathPattern,
    headers: headers.members().flatMap(([name, value]) => {
      const text = value.text();
      const known = METADATA.find((other) => other.toLowerCase() === name.toLowerCase());
      if (known === undefined && !OWN_METADATA.test(name.toLowerCase())) {
        value.mistake(`one of ${METADATA.join(', ')} or x-amz-meta-… as name`, `"${name}"`);
        return [];
      }
      if (text === null || HEADER_VALUE.test(text)) return text === null ? [] : [[known ?? name, text]];
      return value.mistake('the value of a header') ?? [];
    }),
  }));
}
