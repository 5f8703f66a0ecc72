import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeKeyPair, type KeyPair } from '../local/key-pair.js';
import { keyGroupSteps } from './key-group-steps.js';

export const summary = 'makes a CloudFront key pair and prints the steps for the key group';

const DEFAULT_FILE = 'cloudfront-private-key.pem';

const HELP = `Usage: edgepass keys rsa|ecdsa [--out FILE]

Makes a key pair that CloudFront accepts: RSA-2048 or ECDSA P-256.

  --out FILE   where the private key goes: PKCS#8 PEM, readable by you alone (0600).
               Default: ${DEFAULT_FILE}. A file that exists is never overwritten.
  --out -      the private key alone to stdout, for a pipe into a secret store; refused on a terminal.
               What is printed otherwise then goes to stderr.

Prints the public key, its SHA-256 fingerprint, and the aws commands that make CloudFront trust it.
Nothing is sent anywhere.

Example: edgepass keys rsa --out production.pem
`;

/** Gives the exit code: 0 made, 1 the file cannot be written, 2 wrong use. */
export async function run(args: readonly string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      options: { out: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
  } catch (error) {
    return wrongUse((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const [kind, ...more] = positionals;
  if (kind !== 'rsa' && kind !== 'ecdsa') {
    return wrongUse(
      kind === undefined ? 'expected rsa or ecdsa' : `expected rsa or ecdsa, found ${JSON.stringify(kind)}`,
    );
  }
  if (more.length > 0) return wrongUse(`expected nothing after ${kind}, found ${JSON.stringify(more[0])}`);
  if (values.out === '') return wrongUse('expected a file name after --out');

  const isPipe = values.out === '-';
  if (isPipe && process.stdout.isTTY) {
    return wrongUse('--out - would print the private key on this terminal; pipe it, or name a file');
  }
  const pair = makeKeyPair(kind);
  if (isPipe) {
    process.stdout.write(pair.privateKeyPem);
    process.stderr.write(report(pair, null));
    return 0;
  }
  const file = resolve(values.out ?? DEFAULT_FILE);
  const problem = writeNew(file, pair.privateKeyPem);
  if (problem !== null) {
    process.stderr.write(`${problem}\n`);
    return 1;
  }
  process.stdout.write(report(pair, file));
  return 0;
}

function wrongUse(message: string): number {
  process.stderr.write(`edgepass keys: ${message}\n\n${HELP}`);
  return 2;
}

function report(pair: KeyPair, file: string | null): string {
  const where = file === null ? 'went to stdout' : `is in ${file} (only you can read it)`;
  return [
    `The private key ${where}.`,
    '',
    'The public key, which CloudFront gets:',
    '',
    pair.publicKeyPem.trimEnd(),
    '',
    `SHA-256 fingerprint: ${pair.fingerprint}`,
    '',
    keyGroupSteps(pair, file),
  ].join('\n');
}

/** Writes a file that did not exist, readable by its owner alone from the first byte. Gives the problem, or null. */
function writeNew(file: string, text: string): string | null {
  try {
    const descriptor = openSync(file, 'wx', 0o600);
    writeSync(descriptor, text);
    fsyncSync(descriptor);
    closeSync(descriptor);
    return null;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return code === 'EEXIST'
      ? `--out: expected a file that does not exist yet; found ${file}; move it away or name another, a key is never overwritten`
      : `--out: expected a file that can be made; found ${file} (${code}); name another folder`;
  }
}
