import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rsaKeyText } from '../../../test/support/key-texts.js';
import { readSigningKeyFile } from './signing-key-file.js';

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

function problemOf(environment: 'production' | 'development' = 'production') {
  const result = readSigningKeyFile(path, environment);
  if ('text' in result) throw new Error('the file was accepted');
  return result.problem;
}

describe('readSigningKeyFile', () => {
  it('gives the text of a file with a line for the id above the PEM', () => {
    expect(readSigningKeyFile(path, 'production')).toEqual({
      text: `Key-Pair-Id: K1\n${rsaKeyText}`,
      warnings: [],
    });
  });

  it('follows a symbolic link to such a file, as a rotation by rename needs', () => {
    const link = join(folder, 'current.pem');
    symlinkSync(path, link);
    expect(readSigningKeyFile(link, 'production')).toMatchObject({ warnings: [] });
  });

  it('refuses a missing file (K09)', () => {
    rmSync(path);
    expect(problemOf()).toEqual({
      setting: 'CLOUDFRONT_PRIVATE_KEY_FILE',
      expected: 'a regular file with the PEM of the private key, for its owner and at most its group to read',
      found: `${path}: no such file`,
      todo: 'make one with: edgepass keys rsa --out FILE',
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
    expect(readSigningKeyFile('/dev/zero', 'production')).toMatchObject({
      problem: { found: '/dev/zero: a FIFO, socket or device' },
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
        expect(readSigningKeyFile(path, environment)).toEqual({
          text: `Key-Pair-Id: K1\n${rsaKeyText}`,
          warnings: [],
        });
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
      expect(readSigningKeyFile(path, environment)).toMatchObject({
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
    expect(readSigningKeyFile(path, 'test')).toMatchObject({
      warnings: [
        `${path}: found a directory around it that anybody may write to, and so replace the key; run: chmod o-w ${folder}`,
      ],
    });
  });

  it('accepts a sticky directory, in which only the owner may replace the file', () => {
    chmodSync(folder, 0o1777);
    expect(readSigningKeyFile(path, 'production')).toMatchObject({ warnings: [] });
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
