import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { constants } from 'node:fs';
import { errorCode } from '../operation/error-code.js';
import { formatProblems, type SettingsProblem } from '../settings/settings-problem.js';

/**
 * A key source of access tokens that cannot be used: stops the start. Carries a settings problem, so that
 * it can be listed with the others in the same form. Never contains key material.
 */
export class KeySourceError extends Error {
  override readonly name = 'KeySourceError';

  constructor(readonly problem: SettingsProblem) {
    super(formatProblems([problem]));
  }
}

const MAX_FILE_BYTES = 65_536;
const EXPECTED = 'a PEM file with one RSA (2048 bits or more) or EC public key, or a certificate with one';
const TODO = "put the issuer's public key there (-----BEGIN PUBLIC KEY-----) or its certificate";
const PEM_LABEL = /^-----BEGIN ([A-Z0-9 ]+)-----/gm;
/** The curves of ES256, ES384 and ES512 under OpenSSL's names. */
const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** Reads the key of AUTH_PUBLIC_KEY_FILE. Throws {@link KeySourceError}. The file is read once, at start. */
export async function readPublicKeyFile(path: string): Promise<KeyObject> {
  return parsePublicKey(await readSmallFile(path));
}

/** The public key in a PEM text. Throws {@link KeySourceError}; its message never quotes the text. */
export function parsePublicKey(pem: string): KeyObject {
  const labels = [...pem.matchAll(PEM_LABEL)].map((match) => match[1] ?? '');
  if (labels.some((label) => label.endsWith('PRIVATE KEY'))) {
    // createPublicKey would derive the public half without a word, and the signing key of the issuer
    // would lie on every machine that only has to verify.
    throw unusable('a private key', `remove it from this machine and ${TODO}`);
  }
  if (labels.length !== 1) throw unusable(`${labels.length} PEM blocks`, TODO);
  return checkStrength(decode(pem, labels[0] ?? ''));
}

function decode(pem: string, label: string): KeyObject {
  try {
    if (label === 'CERTIFICATE') return new X509Certificate(pem).publicKey;
    if (label === 'PUBLIC KEY' || label === 'RSA PUBLIC KEY') return createPublicKey(pem);
  } catch {
    throw unusable(`a ${label} that cannot be decoded`, TODO);
  }
  throw unusable(`a ${label}`, TODO);
}

function checkStrength(key: KeyObject): KeyObject {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048) return key;
  if (key.asymmetricKeyType === 'ec' && CURVES.has(namedCurve)) return key;
  const size = modulusLength > 0 ? ` of ${modulusLength} bits` : namedCurve && ` on the curve ${namedCurve}`;
  throw unusable(`a key of type ${key.asymmetricKeyType}${size}`, TODO);
}

async function readSmallFile(path: string): Promise<string> {
  let file: FileHandle;
  try {
    // Without O_NONBLOCK, opening a named pipe waits for a writer for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error) ?? 'an unknown error';
    throw unusable(`${code} on opening ${path}`, 'correct the path or the permissions');
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw unusable(`${path}, which is no regular file`, TODO);
    if (stats.size > MAX_FILE_BYTES) throw unusable(`${path} with ${stats.size} bytes`, TODO);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function unusable(found: string, todo: string): KeySourceError {
  return new KeySourceError({ setting: 'AUTH_PUBLIC_KEY_FILE', expected: EXPECTED, found, todo });
}
