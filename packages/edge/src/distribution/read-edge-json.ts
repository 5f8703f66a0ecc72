import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DEFAULT_CACHE_LIMITS, type CacheLimits } from '../cache/copy-store.js';
import type { Distribution } from './distribution.js';
import type { JsonNode } from './json-node.js';
import { readOriginEntries, type OriginEntry } from './read-origin-entries.js';
import { DEFAULT_SWITCHES, SWITCHES, type Switches } from './switches.js';

const MEMBERS = [
  'origins',
  'tls',
  'publicHosts',
  'pageOrigins',
  'extraPublicKeys',
  'distributionId',
  'cache',
  'switches',
  'stack',
];
const STACK_MEMBERS = ['parameters', 'imports', 'physicalIds', 'resource'];

/** The content of `edge.json`, our own file: here an unknown member is a mistake. */
export interface EdgeJson {
  /** By origin id, also where something in the entry is a mistake. */
  readonly origins: ReadonlyMap<string, OriginEntry>;
  readonly tls: Distribution['tls'];
  readonly publicHosts: ReadonlyMap<string, string>;
  readonly pageOrigins: ReadonlyMap<string, string>;
  readonly switches: Switches;
  readonly extraPublicKeys: JsonNode | null;
  readonly distributionId: JsonNode | null;
  readonly cacheLimits: CacheLimits;
}

/** What `stack` in `edge.json` says of a template. */
export interface StackJson {
  readonly parameters: ReadonlyMap<string, string>;
  readonly imports: ReadonlyMap<string, string>;
  readonly physicalIds: ReadonlyMap<string, string>;
  readonly resource: string | null;
}

const CACHE_MEMBERS = ['totalMegabytes', 'objectMegabytes'];
const BYTES_PER_MEGABYTE = 1024 * 1024;

/** How the distribution that is read will be served; `nowhere`: its settings alone are looked at. */
export type Serving = 'https' | 'http' | 'nowhere';

/** Reads `edge.json`; paths in it are relative to `folder`. Without origin ids, names are not checked. */
export function readEdgeJson(
  root: JsonNode,
  folder: string,
  originIds: ReadonlySet<string> | null,
  serving: Serving,
): EdgeJson {
  for (const [name, node] of root.members()) {
    if (!MEMBERS.includes(name)) node.mistake(`one of ${MEMBERS.join(', ')} as name`, `"${name}"`);
  }
  const extra = root.get('extraPublicKeys');
  const distributionId = root.get('distributionId');
  return {
    origins: root.get('origins').isPresent
      ? readOriginEntries(root.get('origins'), folder, originIds, serving !== 'nowhere')
      : new Map(),
    tls: readTls(root.get('tls'), folder, serving),
    publicHosts: readPublicHosts(root.get('publicHosts')),
    pageOrigins: readPageOrigins(root.get('pageOrigins')),
    switches: readSwitches(root.get('switches')),
    extraPublicKeys: extra.isPresent ? extra : null,
    distributionId: distributionId.isPresent ? distributionId : null,
    cacheLimits: readCacheLimits(root.get('cache')),
  };
}

/** Reads `stack` of `edge.json`, which counts beside a template. */
export function readStackJson(root: JsonNode): StackJson {
  const node = root.get('stack');
  for (const [name, member] of node.isPresent ? node.members() : []) {
    if (!STACK_MEMBERS.includes(name))
      member.mistake(`one of ${STACK_MEMBERS.join(', ')} as name`, `"${name}"`);
  }
  const texts = (name: string) => {
    const members = node.get(name).isPresent ? node.get(name).members() : [];
    return new Map(members.map(([key, value]) => [key, value.text() ?? '']));
  };
  return {
    parameters: texts('parameters'),
    imports: texts('imports'),
    physicalIds: texts('physicalIds'),
    resource: node.get('resource').optionalText() || null,
  };
}

function readTls(node: JsonNode, folder: string, serving: Serving): Distribution['tls'] {
  if (serving === 'nowhere') return null;
  if (!node.isPresent) return serving === 'https' ? node.mistake('certFile and keyFile, or --http') : null;
  const certificate = readBytes(node.get('certFile'), folder);
  const key = readBytes(node.get('keyFile'), folder);
  return certificate === null || key === null ? null : { certificate, key };
}

function readBytes(node: JsonNode, folder: string): Buffer | null {
  const path = node.text();
  if (path === null) return null;
  try {
    return readFileSync(resolve(folder, path));
  } catch {
    return node.mistake('a readable PEM file');
  }
}

function readPublicHosts(node: JsonNode): Map<string, string> {
  return readTexts(
    node,
    (text) => /^[a-z0-9._-]+(:[0-9]{1,5})?$/.test(text),
    'a host in lower case, with or without port',
  );
}

function readPageOrigins(node: JsonNode): Map<string, string> {
  return readTexts(
    node,
    (text) => /^https?:\/\/[a-z0-9._-]+(:[0-9]{1,5})?$/.test(text),
    'an origin such as https://app.example.com',
  );
}

function readTexts(
  node: JsonNode,
  isValid: (text: string) => boolean,
  expected: string,
): Map<string, string> {
  const texts = new Map<string, string>();
  if (!node.isPresent) return texts;
  for (const [name, value] of node.members()) {
    const text = value.text();
    if (!isValid(name)) value.mistake(`${expected} as name`, `"${name}"`);
    if (text === null) continue;
    if (isValid(text)) texts.set(name, text);
    else value.mistake(expected);
  }
  return texts;
}

function readSwitches(node: JsonNode): Switches {
  if (!node.isPresent) return DEFAULT_SWITCHES;
  const chosen: Record<string, string> = { ...DEFAULT_SWITCHES };
  for (const [name, value] of node.members()) {
    if (!isSwitch(name)) {
      value.mistake(`one of ${Object.keys(SWITCHES).join(', ')} as name`, `"${name}"`);
      continue;
    }
    const values: readonly string[] = SWITCHES[name].values;
    chosen[name] = value.oneOf(values) ?? chosen[name] ?? '';
  }
  return chosen as Switches;
}

function isSwitch(name: string): name is keyof typeof SWITCHES {
  return Object.hasOwn(SWITCHES, name);
}

/** Reads `cache` of `edge.json`: how much memory the copies may take, and one of them. */
function readCacheLimits(node: JsonNode): CacheLimits {
  if (!node.isPresent) return DEFAULT_CACHE_LIMITS;
  for (const [name, member] of node.members()) {
    if (!CACHE_MEMBERS.includes(name))
      member.mistake(`one of ${CACHE_MEMBERS.join(', ')} as name`, `"${name}"`);
  }
  const bytes = (name: string, fallback: number) =>
    node.get(name).isPresent ? (node.get(name).wholeNumber() ?? 0) * BYTES_PER_MEGABYTE : fallback;
  return {
    totalBytes: bytes('totalMegabytes', DEFAULT_CACHE_LIMITS.totalBytes),
    objectBytes: bytes('objectMegabytes', DEFAULT_CACHE_LIMITS.objectBytes),
  };
}
