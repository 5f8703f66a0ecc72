import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SETTING_OF_FIELD } from '../../../src/settings/field-names.js';
import { loadSigningKey } from '../../../src/cloudfront/keys/signing-key.js';
import { ensureSigningKey } from './signing-key.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgepass-key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** As the service reads it. */
function readBack(file: string) {
  const loaded = loadSigningKey({
    text: readFileSync(file, 'utf8'),
    file,
    keyPairId: null,
    names: SETTING_OF_FIELD,
  });
  if ('fault' in loaded) throw new Error(JSON.stringify(loaded.fault));
  return loaded.key;
}

describe('the development signing key', () => {
  it('is a P-256 key whose file names its id', () => {
    const { file, notes, ...made } = ensureSigningKey(folder);
    const [firstLine = '', secondLine] = readFileSync(file, 'utf8').split('\n');
    expect(firstLine).toEqual(expect.stringMatching(/^Key-Pair-Id: K[A-Z0-9]{13}$/));
    expect(secondLine).toBe('-----BEGIN PRIVATE KEY-----');
    expect(notes).toEqual([]);
    const key = readBack(file);
    expect(key.type).toBe('P-256');
    expect(made).toEqual({ keyPairId: key.keyPairId, publicKeyPem: key.publicKeyPem });
    expect(`Key-Pair-Id: ${key.keyPairId}`).toBe(firstLine);
  });

  it('is readable by this user alone', () => {
    expect(statSync(ensureSigningKey(folder).file).mode & 0o777).toBe(0o600);
  });

  it('stays the same over a second start', () => {
    const before = readFileSync(ensureSigningKey(folder).file, 'utf8');
    expect(readFileSync(ensureSigningKey(folder).file, 'utf8')).toBe(before);
  });

  it('is read from its file as it was made', () => {
    const made = ensureSigningKey(folder);
    expect(ensureSigningKey(folder)).toEqual(made);
  });

  it('is replaced when half a file is found, and one line says what that ends', () => {
    const { file } = ensureSigningKey(folder);
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 120));
    expect(ensureSigningKey(folder).notes).toEqual([
      `A new signing key was made (${file} could not be read): access given before has ended.`,
    ]);
    expect(readBack(file).type).toBe('P-256');
  });
});
