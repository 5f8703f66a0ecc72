import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  type KeyObject,
} from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const given = new Map<number, number>();

/**
 * An RSA key that this spec file has not been given yet. To make one takes 0.1 s of work, with 4096 bits 1 s, so
 * the spec files of a run share them: the first of a file is the first of each other file, and so on. Larger ones than
 * the service takes are kept between runs too.
 */
export function rsaKeyPair(modulusLength: number): {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
} {
  const index = given.get(modulusLength) ?? 0;
  given.set(modulusLength, index + 1);
  const ofTheRun = process.env['EDGEPASS_TEST_KEY_FILE'];
  if (ofTheRun === undefined) return generateKeyPairSync('rsa', { modulusLength });
  const folder = modulusLength > 2048 ? keptBetweenRuns() : dirname(ofTheRun);
  const file = join(folder, `rsa-${modulusLength}-${index}.pem`);
  const privateKey = createPrivateKey(readOrMake(file, modulusLength));
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function keptBetweenRuns(): string {
  const folder = join(import.meta.dirname, '../../node_modules/.cache/refused-keys');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function readOrMake(file: string, modulusLength: number): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
    const text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    // Another worker may do the same now, and nobody may read half of it.
    const made = `${file}.${randomUUID()}`;
    writeFileSync(made, text, { mode: 0o600 });
    renameSync(made, file);
    return text;
  }
}
