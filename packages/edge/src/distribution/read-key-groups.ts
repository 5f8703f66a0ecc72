import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { configurationsOf, definitionOf, readDefinitions, type Definitions } from './aws-answers.js';
import type { FolderFiles } from './folder-files.js';
import type { JsonNode } from './json-node.js';

/** AWS's default quota (R37): a warning, since it can be raised. */
const PUBLIC_KEYS_PER_KEY_GROUP = 5;

/** The public keys of every key group, by key id. */
export type KeyGroups = Definitions<Map<string, KeyObject>>;

/**
 * Reads `key-groups/*.json`, the answers of get-key-group, with the keys they name, and adds the
 * `extraPublicKeys` of `edge.json`: a laptop should not hold production's private key.
 *
 * @param wanted the ids of the groups that behaviors trust
 */
export function readKeyGroups(
  files: FolderFiles,
  extraPublicKeys: JsonNode | null,
  wanted: readonly string[],
  warnings: string[],
): KeyGroups {
  const publicKeys = readPublicKeys(files, warnings);
  const groups = readDefinitions('KeyGroup', files, { wanted, warnings }, (config) => {
    const items = config.get('Items');
    const members = items.items();
    if (members.length > PUBLIC_KEYS_PER_KEY_GROUP) {
      warnings.push(
        `${items.place}: ${members.length} public keys, AWS's default quota is ${PUBLIC_KEYS_PER_KEY_GROUP} (R37)`,
      );
    }
    return keysOf(members, publicKeys);
  });
  if (extraPublicKeys !== null) addExtraKeys(groups.byId, extraPublicKeys, files.folder);
  return groups;
}

function keysOf(
  items: readonly JsonNode[],
  publicKeys: Definitions<KeyObject | null>,
): Map<string, KeyObject> {
  const keys = new Map<string, KeyObject>();
  for (const item of items) {
    const id = item.text();
    if (id === null) continue;
    const key = definitionOf(item, publicKeys, new Map());
    if (key !== null) keys.set(id, key);
  }
  return keys;
}

function addExtraKeys(
  groups: ReadonlyMap<string, Map<string, KeyObject>>,
  extra: JsonNode,
  folder: string,
): void {
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
function readPublicKeys(files: FolderFiles, warnings: string[]): Definitions<KeyObject | null> {
  const wanted = configurationsOf('KeyGroup', files).flatMap((group) => group.get('Items').texts());
  return readDefinitions('PublicKey', files, { wanted, warnings }, (config) =>
    readPublicKey(config.get('EncodedKey')),
  );
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
