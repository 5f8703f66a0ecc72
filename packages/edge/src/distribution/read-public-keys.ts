import { createPublicKey, type KeyObject } from 'node:crypto';
import type { FolderFiles } from './folder-files.js';
import type { JsonNode } from './json-node.js';

/** Reads `public-keys/*.json`, the answers of get-public-key, into keys by their id. */
export function readPublicKeys(files: FolderFiles): ReadonlyMap<string, KeyObject | null> {
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
export function readPublicKey(node: JsonNode, pem: string | null = node.text()): KeyObject | null {
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
