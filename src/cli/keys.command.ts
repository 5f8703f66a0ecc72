import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { makeKeyPair, type KeyPair } from '../cloudfront/keys/key-pair.js';
import { errorCode } from '../operation/error-code.js';
import { runCommand, WrongUse } from './command-line.js';

const DEFAULT_FILE = 'cloudfront-private-key.pem';

const USAGE = `Usage: edgepass keys rsa|ecdsa [--out FILE]

Makes a key pair that CloudFront accepts. ecdsa (P-256) signs at an eighth of the cost and makes smaller
cookies; rsa (RSA-2048) is for tools that know nothing else.

  --out FILE   where the private key goes: PKCS#8 PEM, readable by you alone (0600).
               Default: ${DEFAULT_FILE}. A file that exists is never overwritten.
  --out -      the private key alone to stdout, for a pipe into a secret store; refused on a terminal.
               What is printed otherwise then goes to stderr.

Prints the public key, its SHA-256 fingerprint, and the aws commands that make CloudFront trust it.
Nothing is sent anywhere.

Example: edgepass keys ecdsa --out production.pem
`;

/** Gives the exit code: 0 made, 1 the file cannot be written, 2 wrong use. */
export function run(args: readonly string[]): Promise<number> {
  const form = { name: 'keys', usage: USAGE, options: { out: { type: 'string' } }, words: true } as const;
  return runCommand(form, args, ({ out }, [kind, ...more]) => {
    if (kind !== 'rsa' && kind !== 'ecdsa') {
      const found = kind === undefined ? '' : `, found ${JSON.stringify(kind)}`;
      throw new WrongUse(`expected rsa or ecdsa${found}`);
    }
    if (more.length > 0)
      throw new WrongUse(`expected nothing after ${kind}, found ${JSON.stringify(more[0])}`);
    if (out === '') throw new WrongUse('expected a file name after --out');
    return out === '-' ? toPipe(kind) : toFile(kind, resolve(out ?? DEFAULT_FILE));
  });
}

function toPipe(kind: 'rsa' | 'ecdsa'): number {
  if (process.stdout.isTTY) {
    throw new WrongUse('--out - would print the private key on this terminal; pipe it, or name a file');
  }
  const pair = makeKeyPair(kind);
  process.stdout.write(pair.privateKeyPem);
  process.stderr.write(report(pair, null));
  return 0;
}

function toFile(kind: 'rsa' | 'ecdsa', file: string): number {
  const pair = makeKeyPair(kind);
  const problem = writeNew(file, pair.privateKeyPem);
  if (problem !== null) {
    process.stderr.write(`${problem}\n`);
    return 1;
  }
  process.stdout.write(report(pair, file));
  return 0;
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
    const code = errorCode(error) ?? 'unknown';
    return code === 'EEXIST'
      ? `--out: expected a file that does not exist yet; found ${file}; move it away or name another, a key is never overwritten`
      : `--out: expected a file that can be made; found ${file} (${code}); name another folder`;
  }
}

/**
 * The commands that make a real distribution trust a new key, and the settings that follow. The name
 * carries the key's fingerprint: CloudFront wants names to be unique, and a repeated call to find its first.
 */
function keyGroupSteps(pair: KeyPair, file: string | null): string {
  const name = `edgepass-${pair.fingerprint.replaceAll(':', '').slice(0, 12)}`;
  const config = JSON.stringify({
    CallerReference: name,
    Name: name,
    EncodedKey: pair.publicKeyPem,
    Comment: '',
  });
  return `Make CloudFront trust it (needs the aws command line and jq):

  # 1. Hand over the public key, and put it in a key group
  KEY=$(aws cloudfront create-public-key --query PublicKey.Id --output text --public-key-config \\
    '${config}')
  GROUP=$(aws cloudfront create-key-group --query KeyGroup.Id --output text \\
    --key-group-config "Name=${name},Items=$KEY")

  # 2. Attach the group to the behavior that serves the private files (here: the default one)
  DISTRIBUTION=E1234567890ABC
  aws cloudfront get-distribution-config --id "$DISTRIBUTION" > distribution.json
  jq --arg group "$GROUP" '.DistributionConfig
    | .DefaultCacheBehavior.TrustedKeyGroups = {Enabled: true, Quantity: 1, Items: [$group]}' \\
    distribution.json > trusting.json
  aws cloudfront update-distribution --id "$DISTRIBUTION" --distribution-config file://trusting.json \\
    --if-match "$(jq -r .ETag distribution.json)"

  # Instead, to rotate: add the key to the group that is attached already, change the settings below
  # when the distribution is deployed, and take the old key out once its last cookie has expired
  # (GRANT_MAX_TTL_SECONDS).

Then set:

  CLOUDFRONT_KEY_PAIR_ID=the value of $KEY
  ${file === null ? 'CLOUDFRONT_PRIVATE_KEY=the private key, from your secret store' : `CLOUDFRONT_PRIVATE_KEY_FILE=${file}`}
${
  file === null
    ? ''
    : `
or let id and key change together by one rename: begin the file with the line

  Key-Pair-Id: the value of $KEY
`
}`;
}
