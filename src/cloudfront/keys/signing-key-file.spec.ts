import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rsaKeyText } from '../../../test/support/key-texts.js';
import { signatureVectors } from '../../../test/support/signature-vectors.js';
import { SETTING_OF_FIELD, settingsProblemOf } from '../../settings/field-names.js';
import { loadSigningKeyFile, type SigningKeyFile } from './signing-key-file.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgepass-key-'));
  path = join(folder, 'private-key.pem');
  writeFileSync(path, `Key-Pair-Id: K1\n${rsaKeyText}`, { mode: 0o600 });
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

type Environment = SigningKeyFile['environment'];

function load(file: string, environment: Environment) {
  return loadSigningKeyFile({ path: file, environment, keyPairId: null, names: SETTING_OF_FIELD });
}

/** What an accepted file gives: the id in it, and what is said at start. */
function accepted(file: string, environment: Environment) {
  const result = load(file, environment);
  if ('fault' in result) throw new Error(result.fault.found);
  return { id: result.key.keyPairId, warnings: result.warnings };
}

function problemOf(environment: Environment = 'production') {
  const result = load(path, environment);
  if ('key' in result) throw new Error('the file was accepted');
  return settingsProblemOf(result.fault);
}

describe('loadSigningKeyFile', () => {
  it('gives the key of a file with a line for the id above the PEM', () => {
    expect(load(path, 'production')).toMatchObject({
      key: { keyPairId: 'K1', publicKeyPem: signatureVectors.rsa.publicKeyPem },
      warnings: [],
    });
  });

  it('takes the id that was set beside a file without one', () => {
    writeFileSync(path, rsaKeyText);
    const file = { path, environment: 'production', names: SETTING_OF_FIELD } as const;
    expect(loadSigningKeyFile({ ...file, keyPairId: 'K2' })).toMatchObject({ key: { keyPairId: 'K2' } });
  });

  it('names the file that holds no key', () => {
    writeFileSync(path, 'changeme');
    expect(problemOf()).toMatchObject({
      setting: 'CLOUDFRONT_PRIVATE_KEY_FILE',
      found: `${path}: a text that is no PEM`,
    });
  });

  it('follows a symbolic link to such a file, as a rotation by rename needs', () => {
    const link = join(folder, 'current.pem');
    symlinkSync(path, link);
    expect(load(link, 'production')).toMatchObject({ warnings: [] });
  });

  it('refuses a missing file (K09)', () => {
    rmSync(path);
    expect(problemOf()).toEqual({
      setting: 'CLOUDFRONT_PRIVATE_KEY_FILE',
      expected: 'a regular file with the PEM of the private key, for its owner and at most its group to read',
      found: `${path}: no such file`,
      todo: 'make one with: edgepass keys ecdsa --out FILE',
    });
  });

  it('refuses a directory (K09)', () => {
    rmSync(path);
    mkdirSync(path);
    expect(problemOf().found).toBe(`${path}: a directory`);
  });

  it('refuses a FIFO at once, though nobody ever writes to it (K09)', () => {
    rmSync(path);
    execFileSync('mkfifo', [path]);
    expect(problemOf().found).toBe(`${path}: a FIFO, socket or device`);
  });

  it('refuses a device that never ends', () => {
    expect(load('/dev/zero', 'production')).toMatchObject({
      fault: { found: '/dev/zero: a FIFO, socket or device' },
    });
  });

  it('refuses a file that this user may not read (K09)', () => {
    chmodSync(path, 0o000);
    chmodSync(folder, 0o700);
    expect(asOrdinaryUser(() => problemOf().found)).toBe(`${path}: a file that this user may not read`);
  });

  it('refuses a file that is far too large for a key', () => {
    writeFileSync(path, Buffer.alloc(65_537));
    expect(problemOf().found).toBe(`${path}: 65537 bytes`);
  });

  it.each([0o400, 0o440, 0o600, 0o640])(
    'takes mode %o without a word everywhere: fsGroup makes 0440 of a Kubernetes secret (K08)',
    (mode) => {
      chmodSync(path, mode);
      for (const environment of ['production', 'development', 'test'] as const) {
        expect(accepted(path, environment)).toEqual({ id: 'K1', warnings: [] });
      }
    },
  );

  const read = 'every user may read the key';
  const write = 'other users may replace it';
  it.each([
    [0o444, `mode 0444: ${read}`],
    [0o644, `mode 0644: ${read}`],
    [0o604, `mode 0604: ${read}`],
    [0o620, `mode 0620: ${write}`],
    [0o660, `mode 0660: ${write}`],
    [0o602, `mode 0602: ${write}`],
    [0o666, `mode 0666: ${read}, and ${write}`],
    [0o777, `mode 0777: ${read}, and ${write}`],
  ])('refuses mode %o in production, and warns elsewhere (K08)', (mode, found) => {
    chmodSync(path, mode);
    const todo = `run: chmod 600 ${path} (in a Kubernetes secret volume: defaultMode: 0400), or give the key as CLOUDFRONT_PRIVATE_KEY instead of a file`;
    expect(problemOf()).toMatchObject({ found: `${path}: ${found}`, todo });
    for (const environment of ['development', 'test'] as const) {
      expect(load(path, environment)).toMatchObject({
        warnings: [`${path}: found ${found}; ${todo}`],
      });
    }
  });

  it('refuses a directory that anybody may write to in production, and warns elsewhere (K08)', () => {
    chmodSync(folder, 0o777);
    expect(problemOf()).toMatchObject({
      found: `${path}: a directory around it that anybody may write to, and so replace the key`,
      todo: `run: chmod o-w ${folder}`,
    });
    expect(load(path, 'test')).toMatchObject({
      warnings: [
        `${path}: found a directory around it that anybody may write to, and so replace the key; run: chmod o-w ${folder}`,
      ],
    });
  });

  it('accepts a sticky directory, in which only the owner may replace the file', () => {
    chmodSync(folder, 0o1777);
    expect(load(path, 'production')).toMatchObject({ warnings: [] });
  });

  it('a problem holds no byte of the key (K12)', () => {
    chmodSync(path, 0o644);
    const message = JSON.stringify(problemOf());
    const body = rsaKeyText.replace(/-----[^-]*-----|\s/g, '');
    for (let at = 0; at + 8 <= body.length; at += 1) expect(message).not.toContain(body.slice(at, at + 8));
  });
});

/** Root may read everything, so it steps down for the moment of the question. */
function asOrdinaryUser<Answer>(ask: () => Answer): Answer {
  if (process.geteuid?.() !== 0) return ask();
  process.seteuid?.(65_534);
  try {
    return ask();
  } finally {
    process.seteuid?.(0);
  }
}
