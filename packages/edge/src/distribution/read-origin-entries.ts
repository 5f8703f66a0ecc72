import { readFileSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ObjectHeaders } from './distribution.js';
import { HEADER_VALUE } from './header-text.js';
import type { JsonNode } from './json-node.js';

const FOLDER_MEMBERS = ['folder', 'bucketCors', 'bucketWebsite', 'listBucket', 'objectHeaders'];
const SERVER_MEMBERS = ['url', 'caFile', 'originPath'];

/** What `edge.json` says of one origin. */
export type OriginEntry = FolderEntry | ServerEntry;

/** A server on this machine. */
export interface ServerEntry {
  readonly kind: 'server';
  /** Scheme, host and port; null when it is a mistake. */
  readonly url: string | null;
  readonly certificateAuthority: Buffer | null;
  /** In the place of what the distribution says; null: as it says. */
  readonly originPath: string | null;
}

/** A folder that stands in for a bucket. */
export interface FolderEntry {
  readonly kind: 'folder';
  /** Absolute, symbolic links resolved; null when it is a mistake. */
  readonly folder: string | null;
  /** The file with the CORS rules of the bucket, as it was named; null when none was. */
  readonly bucketCors: JsonNode | null;
  /** The file with how its website endpoint answers, as it was named; null when none was. */
  readonly bucketWebsite: JsonNode | null;
  /** R111: `s3:ListBucket`, which AWS's own bucket policy for origin access control does not grant; null: not said. */
  readonly listBucket: boolean | null;
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
  'x-amz-website-redirect-location',
];
const OWN_METADATA = /^x-amz-meta-[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * Reads `origins` of `edge.json`. Without origin ids, names are not checked; what is not served need not exist on this
 * machine.
 */
export function readOriginEntries(
  node: JsonNode,
  folder: string,
  originIds: ReadonlySet<string> | null,
  isServed: boolean,
): ReadonlyMap<string, OriginEntry> {
  const entries = new Map<string, OriginEntry>();
  for (const [id, origin] of node.members()) {
    if (originIds?.has(id) === false) {
      origin.mistake('the Id of an origin in distribution.json as name', `"${id}"`);
    }
    const isServer = origin.get('url').isPresent;
    const members = isServer ? SERVER_MEMBERS : [...FOLDER_MEMBERS, 'url'];
    for (const [name, member] of origin.members()) {
      if (!members.includes(name)) member.mistake(`one of ${members.join(', ')} as name`, `"${name}"`);
    }
    entries.set(
      id,
      isServer ? readServer(origin, folder, isServed) : readFolderEntry(origin, folder, isServed),
    );
  }
  return entries;
}

function readServer(origin: JsonNode, folder: string, isServed: boolean): ServerEntry {
  const originPath = origin.get('originPath');
  const path = originPath.optionalText();
  if (path !== '' && !/^\/[!-~]*[!-.0-~]$/.test(path)) {
    originPath.mistake('a path that begins with / and does not end with it');
  }
  return {
    kind: 'server',
    url: readServerUrl(origin.get('url')),
    certificateAuthority: isServed ? readAuthority(origin.get('caFile'), folder) : null,
    originPath: originPath.isPresent ? path : null,
  };
}

/** Nothing but scheme, host and port: what is asked for there is what the viewer asks and the distribution says. */
function readServerUrl(node: JsonNode): string | null {
  const text = node.text();
  if (text === null) return null;
  const url = URL.parse(text);
  const isAddress = url !== null && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
  return isAddress
    ? url.origin
    : node.mistake('the address of a server without a path, http://localhost:4000');
}

function readAuthority(node: JsonNode, folder: string): Buffer | null {
  if (!node.isPresent) return null;
  const path = node.text();
  if (path === null) return null;
  try {
    return readFileSync(resolve(folder, path));
  } catch {
    return node.mistake('a readable PEM file');
  }
}

function readFolderEntry(origin: JsonNode, folder: string, isServed: boolean): FolderEntry {
  const bucketCors = origin.get('bucketCors');
  const bucketWebsite = origin.get('bucketWebsite');
  return {
    kind: 'folder',
    folder: readFolder(origin.get('folder'), folder, isServed),
    bucketCors: bucketCors.isPresent ? bucketCors : null,
    bucketWebsite: bucketWebsite.isPresent ? bucketWebsite : null,
    listBucket: origin.get('listBucket').isPresent ? origin.get('listBucket').flag() : null,
    objectHeaders: readObjectHeaders(origin.get('objectHeaders')),
  };
}

function readFolder(node: JsonNode, folder: string, isServed: boolean): string | null {
  const path = node.text();
  if (path === null) return null;
  if (!isServed) return resolve(folder, path);
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
