import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { FolderFiles } from './folder-files.js';
import type { JsonNode } from './json-node.js';

/** AWS's default quota (R37): a warning, since it can be raised. */
const PUBLIC_KEYS_PER_KEY_GROUP = 5;

/** Public keys of every key group: group id → key id → key. */
export type KeyGroups = ReadonlyMap<string, ReadonlyMap<string, KeyObject>>;

/**
 * Reads `key-groups/*.json`, the answers of get-key-group, with the keys they name, and adds the
 * `extraPublicKeys` of `edge.json`: a laptop should not hold production's private key.
 */
export function readKeyGroups(
  files: FolderFiles,
  extraPublicKeys: JsonNode | null,
  warnings: string[],
): KeyGroups {
  const publicKeys = readPublicKeys(files);
  const groups = new Map<string, Map<string, KeyObject>>();
  for (const file of files.all('key-groups')) {
    const node = file.get('KeyGroup');
    const id = node.get('Id').text();
    const items = node.get('KeyGroupConfig').get('Items');
    const members = items.items();
    const keys = keysOf(members, publicKeys);
    if (id === null) continue;
    if (groups.has(id)) node.get('Id').mistake('an id that no other file has');
    if (members.length > PUBLIC_KEYS_PER_KEY_GROUP) {
      warnings.push(
        `${items.file} ${items.path}: ${members.length} public keys, AWS's default quota is ${PUBLIC_KEYS_PER_KEY_GROUP} (R37)`,
      );
    }
    groups.set(id, keys);
  }
  if (extraPublicKeys !== null) addExtraKeys(groups, extraPublicKeys, files.folder);
  return groups;
}

function keysOf(
  items: readonly JsonNode[],
  publicKeys: ReadonlyMap<string, KeyObject | null>,
): Map<string, KeyObject> {
  const keys = new Map<string, KeyObject>();
  for (const item of items) {
    const id = item.text();
    if (id === null) continue;
    const key = publicKeys.get(id);
    if (key === undefined) item.mistake('the id of a key in public-keys/');
    else if (key !== null) keys.set(id, key);
  }
  return keys;
}

function addExtraKeys(groups: Map<string, Map<string, KeyObject>>, extra: JsonNode, folder: string): void {
  for (const [groupId, list] of extra.members()) {
    const group = groups.get(groupId);
    if (group === undefined) list.mistake('the id of a key group in key-groups/ as name', `"${groupId}"`);
    for (const item of list.items()) {
      const id = item.get('id').text();
      const key = readExtraKey(item, folder);
      if (id !== null && key !== null) group?.set(id, key);
    }
  }
}

function readExtraKey(item: JsonNode, folder: string): KeyObject | null {
  if (item.get('encodedKey').isPresent) return readPublicKey(item.get('encodedKey'));
  const file = item.get('file');
  const path = file.text();
  if (path === null) return null;
  try {
    return readPublicKey(file, readFileSync(resolve(folder, path), 'utf8'));
  } catch {
    return file.mistake('a readable PEM file');
  }
}

/** Reads `public-keys/*.json`, the answers of get-public-key, into keys by their id. */
function readPublicKeys(files: FolderFiles): ReadonlyMap<string, KeyObject | null> {
  const keys = new Map<string, KeyObject | null>();
  for (const file of files.all('public-keys')) {
    const node = file.get('PublicKey');
    const id = node.get('Id').text();
    const key = readPublicKey(node.get('PublicKeyConfig').get('EncodedKey'));
    if (id === null) continue;
    if (keys.has(id)) node.get('Id').mistake('an id that no other file has');
    keys.set(id, key);
  }
  return keys;
}

/** Reads the PEM text at a place: RSA-2048 or ECDSA P-256, everything else is a mistake (R32). */
function readPublicKey(node: JsonNode, pem: string | null = node.text()): KeyObject | null {
  const expected = 'the PEM of an RSA-2048 or ECDSA P-256 public key (R32)';
  if (pem === null) return null;
  // createPublicKey would take the public half of a private key, which has no business here.
  if (pem.includes('PRIVATE KEY')) return node.mistake(expected, 'a private key');
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) {
    return node.mistake(expected, 'no line "-----BEGIN PUBLIC KEY-----"');
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    return node.mistake(expected, 'a PEM that cannot be read');
  }
  const type = describeKey(key);
  return type === 'RSA-2048' || type === 'EC prime256v1' ? key : node.mistake(expected, type);
}

function describeKey(key: KeyObject): string {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') return `RSA-${details?.modulusLength}`;
  if (key.asymmetricKeyType === 'ec') return `EC ${details?.namedCurve}`;
  return String(key.asymmetricKeyType);
}
