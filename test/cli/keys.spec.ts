import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SETTING_OF_FIELD } from '../../src/settings/field-names.js';
import { loadSigningKey } from '../../src/cloudfront/keys/signing-key.js';
import { run } from '../../src/cli/keys.command.js';
import { runEdgepass } from '../support/processes.js';
import { describeWith } from '../support/required-tool.js';
import { runHere, type EndedCommand } from '../support/run-here.js';
import { IS_WHOLE } from '../support/whole.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgepass-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const keysProcess = (...args: string[]) => runEdgepass(['keys', ...args], { cwd: folder });
/** The same by the function that the command calls; under `npm run whole` by the command. */
const keys = (...args: string[]): Promise<EndedCommand> =>
  IS_WHOLE ? keysProcess(...args) : runHere(run, args, {}, folder);
const publicPemOf = (privatePem: string): string =>
  createPublicKey(createPrivateKey(privatePem)).export({ type: 'spki', format: 'pem' }).toString();

describe('edgepass keys', () => {
  it.each([
    ['rsa', 'RSA-2048'],
    ['ecdsa', 'P-256'],
  ])('%s makes a key that the service accepts: %s', async (kind, type) => {
    expect((await keys(kind, '--out', 'key.pem')).code).toBe(0);
    const text = readFileSync(join(folder, 'key.pem'), 'utf8');
    expect(text.split('\n')[0]).toBe('-----BEGIN PRIVATE KEY-----');
    const loaded = loadSigningKey({ text, file: null, keyPairId: 'K2JCJMDEHXQW5F', names: SETTING_OF_FIELD });
    expect('key' in loaded ? loaded.key.type : loaded.fault).toBe(type);
  });

  it('writes the private key for its owner alone, to cloudfront-private-key.pem by default', async () => {
    await keysProcess('ecdsa');
    expect(readdirSync(folder)).toEqual(['cloudfront-private-key.pem']);
    expect(statSync(join(folder, 'cloudfront-private-key.pem')).mode & 0o777).toBe(0o600);
  });

  it('prints the public key, its fingerprint and no line of the private one', async () => {
    const { stdout, stderr } = await keys('ecdsa');
    const privatePem = readFileSync(join(folder, 'cloudfront-private-key.pem'), 'utf8');
    const der = createPublicKey(createPrivateKey(privatePem)).export({ type: 'spki', format: 'der' });
    const fingerprint = createHash('sha256').update(der).digest('hex').match(/../g)?.join(':') ?? '';
    expect(stderr).toBe('');
    expect(stdout).toContain(publicPemOf(privatePem));
    expect(stdout).toContain(`SHA-256 fingerprint: ${fingerprint}\n`);
    for (const line of privatePem.trim().split('\n')) expect(stdout).not.toContain(line);
  });

  it('names the settings that follow', async () => {
    const { stdout } = await keys('ecdsa', '--out', 'production.pem');
    expect(stdout).toContain('  CLOUDFRONT_KEY_PAIR_ID=the value of $KEY\n');
    expect(stdout).toContain(`  CLOUDFRONT_PRIVATE_KEY_FILE=${join(folder, 'production.pem')}\n`);
  });

  it('never overwrites a key', async () => {
    writeFileSync(join(folder, 'key.pem'), 'precious');
    const { code, stdout, stderr } = await keys('rsa', '--out', 'key.pem');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `--out: expected a file that does not exist yet; found ${join(folder, 'key.pem')}; move it away or name another, a key is never overwritten\n`,
    );
    expect(readFileSync(join(folder, 'key.pem'), 'utf8')).toBe('precious');
  });

  it('says that a folder does not exist', async () => {
    const { code, stderr } = await keys('rsa', '--out', 'nowhere/key.pem');
    expect(code).toBe(1);
    expect(stderr).toBe(
      `--out: expected a file that can be made; found ${join(folder, 'nowhere/key.pem')} (ENOENT); name another folder\n`,
    );
  });

  it('gives a pipe the private key alone, and writes no file', async () => {
    const { code, stdout, stderr } = await keysProcess('ecdsa', '--out', '-');
    expect(code).toBe(0);
    expect(stdout).toEqual(
      expect.stringMatching(/^-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n$/),
    );
    expect(stderr).toContain(publicPemOf(stdout));
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    [[], 'expected rsa or ecdsa'],
    [['dsa'], 'expected rsa or ecdsa, found "dsa"'],
    [['rsa', 'ecdsa'], 'expected nothing after rsa, found "ecdsa"'],
    [['rsa', '--out', ''], 'expected a file name after --out'],
  ])('is wrong use with %j', async (args, message) => {
    const { code, stdout, stderr } = await keys(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.split('\n')[0]).toBe(`edgepass keys: ${message}`);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describeWith('openssl', 'a key of edgepass keys', () => {
  it.each(['rsa', 'ecdsa'])(
    '%s is one that openssl reads, with the public key that was printed',
    async (kind) => {
      const { stdout } = await keys(kind, '--out', 'key.pem');
      const shown = execFileSync('openssl', ['pkey', '-in', join(folder, 'key.pem'), '-pubout']).toString();
      expect(stdout).toContain(shown);
    },
  );
});

describe('the aws commands that it prints', () => {
  // A stand-in for `aws` and `jq` that writes down what it was called with.
  const record =
    '#!/bin/bash\nprintf "%s\\0" "$(basename "$0")" "$@" >> "$RECORD"\nprintf "\\n" >> "$RECORD"\necho ID$RANDOM\n';

  it('are a shell script that hands over this very public key', async () => {
    const { stdout } = await keys('rsa', '--out', 'key.pem');
    const said = stdout.split('\n');
    const from = said.indexOf('Make CloudFront trust it (needs the aws command line and jq):');
    const script = said.slice(from + 1, said.indexOf('Then set:')).join('\n');
    for (const name of ['aws', 'jq']) writeFileSync(join(folder, name), record, { mode: 0o755 });
    const calls = join(folder, 'calls');
    execFileSync('bash', ['-e', '-u'], {
      input: script,
      cwd: folder,
      env: { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}`, RECORD: calls },
    });
    const made = readFileSync(calls, 'utf8')
      .trimEnd()
      .split('\0\n')
      .map((call) => call.split('\0'));
    expect(made.map((call) => call.slice(0, 3))).toEqual([
      ['aws', 'cloudfront', 'create-public-key'],
      ['aws', 'cloudfront', 'create-key-group'],
      ['aws', 'cloudfront', 'get-distribution-config'],
      ['jq', '--arg', 'group'],
      ['jq', '-r', '.ETag'],
      ['aws', 'cloudfront', 'update-distribution'],
    ]);
    const config = JSON.parse(made[0]?.at(-1)?.replace(/\0?\n?$/, '') ?? '') as {
      EncodedKey: string;
      Name: string;
    };
    expect(config.EncodedKey).toBe(publicPemOf(readFileSync(join(folder, 'key.pem'), 'utf8')));
    expect(config.Name).toEqual(expect.stringMatching(/^edgepass-[0-9a-f]{12}$/));
  });
});
