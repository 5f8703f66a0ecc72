import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { makeTestCertificates } from '../../test/support/test-certificates.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { ecKey, ed25519Key, rsaKey } from '../../test/support/token-issuer.js';
import { KeySourceError, parsePublicKey, readPublicKeyFile } from './public-key-file.js';

const folder = temporaryFolder('public-key');
const rsa = rsaKey('rsa');

async function foundIn(path: string): Promise<string> {
  return readPublicKeyFile(path).then(
    () => 'a usable key',
    (error: unknown) =>
      error instanceof KeySourceError ? error.problem.found : `unexpected ${String(error)}`,
  );
}

async function foundInText(text: string): Promise<string> {
  const path = join(folder, 'key.pem');
  writeFileSync(path, text);
  return foundIn(path);
}

describe('the key file of access tokens', () => {
  it('may hold an RSA or EC key in SPKI, an RSA key in PKCS#1, or a certificate', async () => {
    const pkcs1 = rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }) as string;
    const { certificatePem } = await makeTestCertificates(['idp.example.com']);
    expect(parsePublicKey(rsa.publicPem).equals(rsa.publicKey)).toBe(true);
    expect(parsePublicKey(pkcs1).equals(rsa.publicKey)).toBe(true);
    expect(parsePublicKey(ecKey('ec', 'P-384').publicPem).asymmetricKeyDetails?.namedCurve).toBe('secp384r1');
    expect(parsePublicKey(certificatePem).asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  it('may have CRLF line ends and text around the key', async () => {
    expect(await foundInText(`# issuer\r\n${rsa.publicPem.replaceAll('\n', '\r\n')}\r\n`)).toBe(
      'a usable key',
    );
  });

  it('must not hold a private key, whose public half would do', async () => {
    const pkcs8 = rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const sec1 = ecKey('ec').privateKey.export({ format: 'pem', type: 'sec1' }) as string;
    expect(await foundInText(pkcs8)).toBe('a private key');
    expect(await foundInText(sec1)).toBe('a private key');
    expect(await foundInText(rsa.publicPem + pkcs8)).toBe('a private key');
  });

  it('must hold exactly one key', async () => {
    expect(await foundInText('')).toBe('0 PEM blocks');
    expect(await foundInText('not a key')).toBe('0 PEM blocks');
    expect(await foundInText(rsa.publicPem + rsa.publicPem)).toBe('2 PEM blocks');
  });

  it('must be whole', async () => {
    expect(await foundInText(rsa.publicPem.slice(0, 200))).toBe('a PUBLIC KEY that cannot be decoded');
    expect(await foundInText('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toBe(
      'a CERTIFICATE that cannot be decoded',
    );
    expect(await foundInText('-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----')).toBe('a X509 CRL');
  });

  it('must hold a key of a kind and size that signs tokens', async () => {
    const bitcoin = ecKey('ec', 'secp256k1').publicPem;
    const { publicKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    const pss = publicKey.export({ format: 'pem', type: 'spki' }) as string;
    expect(await foundInText(rsaKey('weak', 1024).publicPem)).toBe('a key of type rsa of 1024 bits');
    expect(await foundInText(bitcoin)).toBe('a key of type ec on the curve secp256k1');
    expect(await foundInText(ed25519Key('ed').publicPem)).toBe('a key of type ed25519');
    expect(await foundInText(pss)).toBe('a key of type rsa-pss of 2048 bits');
  });

  it('must be a regular file of at most 64 KB: a named pipe does not hold up the start', async () => {
    const directory = join(folder, 'directory');
    const pipe = join(folder, 'pipe');
    const large = join(folder, 'large.pem');
    mkdirSync(directory);
    execFileSync('mkfifo', [pipe]);
    writeFileSync(large, rsa.publicPem.padEnd(65_537));
    expect(await foundIn(directory)).toBe(`${directory}, which is no regular file`);
    expect(await foundIn(pipe)).toBe(`${pipe}, which is no regular file`);
    expect(await foundIn(large)).toBe(`${large} with 65537 bytes`);
    expect(await foundIn(join(folder, 'none.pem'))).toBe(`ENOENT on opening ${join(folder, 'none.pem')}`);
  });

  it('is refused with one sentence that repeats nothing of it', () => {
    expect(() => parsePublicKey(rsa.publicPem.slice(0, 200))).toThrow(
      "AUTH_PUBLIC_KEY_FILE: expected a PEM file with one RSA (2048 bits or more) or EC public key, or a certificate with one; found a PUBLIC KEY that cannot be decoded; put the issuer's public key there (-----BEGIN PUBLIC KEY-----) or its certificate",
    );
  });
});
