import { createPrivateKey, createPublicKey, generateKeyPairSync, randomInt } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from './atomic-file.js';
import { systemCode } from './problem.js';

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const ID_LENGTH = 13;
const FIRST_LINE = /^Key-Pair-Id: (K[A-Z0-9]+)\n/;

export interface MadeSigningKey {
  readonly file: string;
  readonly keyPairId: string;
  /** SPKI, as CloudFront's `create-public-key` takes it. */
  readonly publicKeyPem: string;
  /** A line for the terminal when an unusable file was replaced. */
  readonly notes: readonly string[];
}

/**
 * The development key pair in DATA_DIR/signing/private-key.pem, made on the first start. P-256, as
 * `edgepass keys` proposes for a real distribution. Id and key stand in one file: they change together or not at all.
 */
export function ensureSigningKey(dataDir: string): MadeSigningKey {
  const folder = join(dataDir, 'signing');
  const file = join(folder, 'private-key.pem');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const text = readIfThere(file);
  const found = text === null ? null : parse(text);
  if (found !== null) return { ...found, file, notes: [] };

  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyPairId = newKeyPairId();
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  writeFileAtomically(file, `Key-Pair-Id: ${keyPairId}\n${pem}`, 0o600);
  const note = `A new signing key was made (${file} could not be read): access given before has ended.`;
  return {
    file,
    keyPairId,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    notes: text === null ? [] : [note],
  };
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** `null` for a file that was cut off or is none of ours. */
function parse(text: string): Pick<MadeSigningKey, 'keyPairId' | 'publicKeyPem'> | null {
  const [line = '', keyPairId] = FIRST_LINE.exec(text) ?? [];
  if (keyPairId === undefined) return null;
  try {
    const publicKey = createPublicKey(createPrivateKey(text.slice(line.length)));
    return { keyPairId, publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
  } catch {
    return null;
  }
}

/** CloudFront's own ids are a K and 13 capital letters or digits. */
function newKeyPairId(): string {
  return `K${Array.from({ length: ID_LENGTH }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join('')}`;
}
