import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSigningKey, type SigningKey } from '../cloudfront/keys/signing-key.js';
import { readSigningKeyFile } from '../cloudfront/keys/signing-key-file.js';
import type { CloudFrontSettings } from '../settings/settings.js';
import { formatProblems } from '../settings/settings-problem.js';
import { writeFileAtomically } from './atomic-file.js';
import { makeKeyPair } from './key-pair.js';
import { LocalProblem } from './local-problem.js';

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const ID_LENGTH = 13;

/**
 * The development key pair in DATA_DIR/signing/private-key.pem, made on the first start. RSA, because that
 * is what most distributions hold.
 * @returns the file, and a line for the terminal when an unusable one was replaced
 */
export function ensureSigningKey(dataDir: string): {
  readonly file: string;
  readonly notes: readonly string[];
} {
  const folder = join(dataDir, 'signing');
  const file = join(folder, 'private-key.pem');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const isThere = existsSync(file);
  if (isThere && 'key' in loadSigningKey({ text: readFileSync(file, 'utf8'), file, keyPairId: null })) {
    return { file, notes: [] };
  }
  // Id and key in one file: they change together or not at all.
  writeFileAtomically(file, `Key-Pair-Id: ${newKeyPairId()}\n${makeKeyPair('rsa').privateKeyPem}`, 0o600);
  const note = `A new signing key was made (${file} could not be read): access given before has ended.`;
  return { file, notes: isThere ? [note] : [] };
}

/**
 * The key that the settings name, as the local edge must know its public half.
 * @throws LocalProblem when it cannot be used
 */
export function readSigningKey(settings: CloudFrontSettings): SigningKey {
  const { privateKey, keyPairId } = settings;
  if (privateKey === null) throw new TypeError('no signing key was set or made');
  let source: { text: string; file: string | null };
  if (privateKey.kind === 'text') {
    source = { text: privateKey.text.reveal(), file: null };
  } else {
    const read = readSigningKeyFile(privateKey.path, 'development');
    if ('problem' in read) throw new LocalProblem(formatProblems([read.problem]));
    source = { text: read.text, file: privateKey.path };
  }
  const loaded = loadSigningKey({ ...source, keyPairId });
  if ('problem' in loaded) throw new LocalProblem(formatProblems([loaded.problem]));
  return loaded.key;
}

/** CloudFront's own ids are a K and 13 capital letters or digits. */
function newKeyPairId(): string {
  return `K${Array.from({ length: ID_LENGTH }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join('')}`;
}
