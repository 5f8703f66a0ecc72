import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ecKeyText, rsaKeyText, rsaKeyTextOf } from '../../../test/support/key-texts.js';
import { signatureVectors } from '../../../test/support/signature-vectors.js';
import { SETTING_OF_FIELD, settingsProblemOf } from '../../settings/field-names.js';
import type { SettingsProblem } from '../../settings/settings-problem.js';
import { loadSigningKey, type SigningKey } from './signing-key.js';

const KEY_PAIR_ID = 'K2JCJMDEHXQW5F';
const names = SETTING_OF_FIELD;
const pkcs8 = createPrivateKey(rsaKeyText).export({ type: 'pkcs8', format: 'pem' }).toString();

function load(text: string, keyPairId: string | null = KEY_PAIR_ID): SigningKey {
  const result = loadSigningKey({ text, file: null, keyPairId, names });
  if ('fault' in result) throw new Error(JSON.stringify(result.fault));
  return result.key;
}

function problemOf(text: string, keyPairId: string | null = KEY_PAIR_ID): SettingsProblem {
  const result = loadSigningKey({ text, file: null, keyPairId, names });
  if ('key' in result) throw new Error('the key was accepted');
  expectNothingOf(text, JSON.stringify(result.fault));
  return settingsProblemOf(result.fault);
}

/** K12: no 8-byte run of a key in a message. */
function expectNothingOf(secret: string, message: string): void {
  const body = secret.replace(/-----[^-]*-----|Key-Pair-Id:.*/g, '').replace(/\\[nr]|\s/g, '');
  const found: string[] = [];
  for (let at = 0; at + 8 <= body.length; at += 1) {
    if (message.includes(body.slice(at, at + 8))) found.push(body.slice(at, at + 8));
  }
  expect(found).toEqual([]);
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

describe('loadSigningKey understands every form a key arrives in', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  it.each([
    ['PKCS#1', rsaKeyText],
    ['PKCS#8', pkcs8],
    ['K04 \\n escapes', pkcs8.replaceAll('\n', '\\n')],
    ['\\r\\n escapes', pkcs8.replaceAll('\n', '\\r\\n')],
    ['K05 CRLF', pkcs8.replaceAll('\n', '\r\n')],
    ['K05 leading blanks, as YAML leaves them', pkcs8.replace(/^/gm, '    ')],
    ['blanks for newlines, as a shell leaves them', pkcs8.replaceAll('\n', ' ')],
    ['double quotes', `"${pkcs8}"`],
    ['double quotes round escapes', `"${pkcs8.replaceAll('\n', '\\n')}"`],
    ['single quotes', `'${pkcs8}'`],
    ['K05 base64 of the PEM', base64(pkcs8)],
    ['base64 of the PEM in lines of 76', base64(pkcs8).replace(/.{76}/g, '$&\n')],
    ['base64 of the PEM in quotes', `"${base64(pkcs8)}"`],
    ['base64 of a PEM with CRLF', base64(pkcs8.replaceAll('\n', '\r\n'))],
    ['a byte order mark', `\ufeff${pkcs8}`],
    ['blank lines around', `\n\n${pkcs8}\n\n`],
    ['no newline at the end', pkcs8.trim()],
    ['a remark above the PEM', `for the staging distribution\n${pkcs8}`],
  ])('RSA: %s', (_, text) => {
    const key = load(text);
    expect(key.type).toBe('RSA-2048');
    expect(key.publicKeyPem).toBe(signatureVectors.rsa.publicKeyPem);
    expect(key.keyPairId).toBe(KEY_PAIR_ID);
  });

  const sec1 = ecKeyText('sec1');
  it.each([
    ['SEC1', sec1],
    ['PKCS#8', pemOf(createPrivateKey(sec1))],
    ['\\n escapes', sec1.replaceAll('\n', '\\n')],
    ['base64 of the PEM', base64(sec1)],
    [
      'SEC1 below the curve, as openssl ecparam -genkey writes it',
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${sec1}`,
    ],
  ])('P-256: %s', (_, text) => {
    const key = load(text);
    expect(key.type).toBe('P-256');
    expect(key.publicKeyPem).toBe(createPublicKey(sec1).export({ type: 'spki', format: 'pem' }));
  });

  it('gives the fingerprint that openssl gives: SHA-256 of the SPKI DER, hex with colons', () => {
    // openssl pkey -in rsa.pem -pubout -outform DER | openssl dgst -sha256 -c
    expect(load(rsaKeyText).fingerprint).toBe(FINGERPRINT);
  });
});

describe('loadSigningKey takes the key pair id from the setting or from the text', () => {
  it.each([
    ['a line above the PEM', `Key-Pair-Id: ${KEY_PAIR_ID}\n${pkcs8}`],
    ['CRLF', `Key-Pair-Id: ${KEY_PAIR_ID}\r\n${pkcs8}`],
    ['blank lines and blanks around it', `\n  Key-Pair-Id:   ${KEY_PAIR_ID}  \n\n${pkcs8}`],
    ['another spelling of the name', `key-pair-id:${KEY_PAIR_ID}\n${pkcs8}`],
    ['\\n escapes', `Key-Pair-Id: ${KEY_PAIR_ID}\\n${pkcs8.replaceAll('\n', '\\n')}`],
    ['base64 of both', Buffer.from(`Key-Pair-Id: ${KEY_PAIR_ID}\n${pkcs8}`).toString('base64')],
  ])('%s', (_, text) => {
    expect(load(text, null).keyPairId).toBe(KEY_PAIR_ID);
  });

  it('accepts both when they agree', () => {
    expect(load(`Key-Pair-Id: ${KEY_PAIR_ID}\n${pkcs8}`, KEY_PAIR_ID).keyPairId).toBe(KEY_PAIR_ID);
  });

  it('refuses both when they differ', () => {
    expect(problemOf(`Key-Pair-Id: K1OTHER\n${pkcs8}`)).toEqual({
      setting: 'CLOUDFRONT_KEY_PAIR_ID',
      expected: 'the id of the public key in CloudFront, letters and digits, such as K2JCJMDEHXQW5F',
      found: 'K2JCJMDEHXQW5F, while CLOUDFRONT_PRIVATE_KEY says Key-Pair-Id: K1OTHER',
      todo: 'remove CLOUDFRONT_KEY_PAIR_ID, so that id and key change together',
    });
  });

  it('refuses to do without', () => {
    expect(problemOf(pkcs8, null)).toEqual({
      setting: 'CLOUDFRONT_KEY_PAIR_ID',
      expected: 'the id of the public key in CloudFront, letters and digits, such as K2JCJMDEHXQW5F',
      found: 'nothing',
      todo: 'set CLOUDFRONT_KEY_PAIR_ID, or begin CLOUDFRONT_PRIVATE_KEY with the line Key-Pair-Id: K…',
    });
  });

  it.each([
    ['with a blank', 'K2 JC', '5 characters that are not only letters and digits, or too many'],
    ['with a line end', 'K2JC\n', '5 characters that are not only letters and digits, or too many'],
    ['of 65 characters', 'K'.repeat(65), '65 characters that are not only letters and digits, or too many'],
    ['that is empty', '', 'nothing'],
  ])('refuses a setting %s', (_, keyPairId, found) => {
    expect(problemOf(pkcs8, keyPairId)).toMatchObject({ setting: 'CLOUDFRONT_KEY_PAIR_ID', found });
  });

  it('does not quote a private key that was pasted as the id (K12)', () => {
    const problem = problemOf(pkcs8, pkcs8);
    expect(problem.setting).toBe('CLOUDFRONT_KEY_PAIR_ID');
    expectNothingOf(pkcs8, JSON.stringify(problem));
  });

  it('refuses a malformed line in the text, and names the text', () => {
    expect(problemOf(`Key-Pair-Id: K2;JC\n${pkcs8}`, null)).toMatchObject({
      setting: 'CLOUDFRONT_PRIVATE_KEY',
      found: 'in its Key-Pair-Id line 5 characters that are not only letters and digits, or too many',
    });
  });
});

describe('loadSigningKey names the file that the text came from', () => {
  const file = '/run/secrets/cloudfront.pem';
  const fromFile = (text: string, keyPairId: string | null) => {
    const result = loadSigningKey({ text, file, keyPairId, names });
    if ('key' in result) throw new Error('the key was accepted');
    return settingsProblemOf(result.fault);
  };

  it('when the key is wrong', () => {
    expect(fromFile(signatureVectors.rsa.publicKeyPem, KEY_PAIR_ID)).toEqual({
      setting: 'CLOUDFRONT_PRIVATE_KEY_FILE',
      expected: 'an RSA-2048 or ECDSA P-256 private key as PEM',
      found: `${file}: a public key`,
      todo: 'this goes to CloudFront; give the private key that belongs to it',
    });
  });

  it('when the id in it is wrong', () => {
    expect(fromFile(`Key-Pair-Id: K2;JC\n${pkcs8}`, null)).toMatchObject({
      setting: 'CLOUDFRONT_PRIVATE_KEY_FILE',
      found: `${file}: in its Key-Pair-Id line 5 characters that are not only letters and digits, or too many`,
    });
  });

  it('when its id and the setting differ', () => {
    expect(fromFile(`Key-Pair-Id: KOTHER\n${pkcs8}`, KEY_PAIR_ID)).toMatchObject({
      setting: 'CLOUDFRONT_KEY_PAIR_ID',
      found: `${KEY_PAIR_ID}, while ${file} says Key-Pair-Id: KOTHER`,
    });
  });

  it('when neither has an id', () => {
    expect(fromFile(pkcs8, null)).toMatchObject({
      setting: 'CLOUDFRONT_KEY_PAIR_ID',
      todo: `set CLOUDFRONT_KEY_PAIR_ID, or begin ${file} with the line Key-Pair-Id: K…`,
    });
  });
});

describe('loadSigningKey refuses each wrong key with a message of its own (R32)', () => {
  const body = (text: string) => text.replace(/-----[^-]*-----|\s/g, '');
  const encrypted = createPrivateKey(rsaKeyText).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'passphrase',
  });
  const traditionallyEncrypted = createPrivateKey(rsaKeyText).export({
    type: 'pkcs1',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'passphrase',
  });
  const certificate = `-----BEGIN CERTIFICATE-----\n${Buffer.alloc(200, 7).toString('base64')}\n-----END CERTIFICATE-----\n`;
  const damaged = damageModulus(rsaKeyText);

  it.each<[string, string, string]>([
    ['K06 nothing', '', 'nothing'],
    ['K06 blanks only', ' \n ', 'nothing'],
    ['only the id line', `Key-Pair-Id: ${KEY_PAIR_ID}\n`, 'nothing'],
    ['K01 RSA 1024', rsaKeyTextOf(1024), 'an RSA key of 1024 bits'],
    ['K02 RSA 3072', rsaKeyTextOf(3072), 'an RSA key of 3072 bits'],
    ['K02 RSA 4096', rsaKeyTextOf(4096), 'an RSA key of 4096 bits'],
    ['K03 Ed25519', pemOf(generateKeyPairSync('ed25519').privateKey), 'a key of type ed25519'],
    ['X25519', pemOf(generateKeyPairSync('x25519').privateKey), 'a key of type x25519'],
    [
      'K03 P-384',
      pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey),
      'an ECDSA key on the curve secp384r1',
    ],
    [
      'K03 secp256k1',
      pemOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey),
      'an ECDSA key on the curve secp256k1',
    ],
    [
      'RSA-PSS',
      pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 1024 }).privateKey),
      'a key of type rsa-pss',
    ],
    [
      'DSA',
      pemOf(generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey),
      'a key of type dsa',
    ],
    ['K06 a public key', signatureVectors.rsa.publicKeyPem, 'a public key'],
    ['K06 a certificate', certificate, 'a certificate'],
    ['an encrypted PKCS#8 key', encrypted.toString(), 'an encrypted private key'],
    ['an encrypted PKCS#1 key', traditionallyEncrypted.toString(), 'an encrypted private key'],
    [
      'an OpenSSH key',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n',
      'a key in the form of OpenSSH',
    ],
    [
      'another PEM',
      '-----BEGIN X509 CRL-----\nb3BlbnNzaC1rZXktdjEA\n-----END X509 CRL-----\n',
      'a PEM of another kind',
    ],
    [
      'K06 a PEM without its end',
      pkcs8.slice(0, 800),
      'a truncated PEM: the END line is missing or names another kind',
    ],
    ['a PEM without its begin', pkcs8.slice(60), 'a truncated PEM: the BEGIN line is missing'],
    [
      'a PEM whose middle is missing',
      `${pkcs8.slice(0, 400)}\n${pkcs8.slice(-200)}`,
      'a truncated or damaged PEM',
    ],
    [
      'a PEM with stars for its middle',
      pkcs8.replace(/^M.*$/m, '****'),
      'a PEM block that is damaged: its body is not base64',
    ],
    ['a key with a damaged number', damaged, 'a damaged key: it cannot verify its own signature'],
    ['two keys', pkcs8 + ecKeyText(), '2 PEM blocks'],
    [
      'the base64 body alone',
      body(pkcs8),
      'base64 that is not the base64 of a PEM (the BEGIN and END lines belong to it)',
    ],
    ['a path', './keys/cloudfront.pem', 'a text that is no PEM'],
    ['a word', 'changeme', 'a text that is no PEM'],
  ])('%s', (_, text, found) => {
    expect(problemOf(text)).toMatchObject({
      setting: 'CLOUDFRONT_PRIVATE_KEY',
      expected: 'an RSA-2048 or ECDSA P-256 private key as PEM',
      found,
    });
  });

  it('says what to do about an encrypted key', () => {
    expect(problemOf(encrypted.toString()).todo).toBe(
      'take the passphrase off: openssl pkcs8 -in key.pem -out plain.pem',
    );
  });
});

const FINGERPRINT =
  '75:34:0a:48:e8:92:22:eb:6d:70:aa:88:b7:38:bf:66:f1:f9:37:b4:d7:5b:40:05:54:a2:e8:3d:01:03:15:00';

/** Flips one bit in the middle of the modulus: it still parses. */
function damageModulus(pem: string): string {
  const der = Buffer.from(pem.replace(/-----[^-]*-----|\s/g, ''), 'base64');
  der[100] = (der[100] ?? 0) ^ 0x01;
  return `-----BEGIN RSA PRIVATE KEY-----\n${der.toString('base64')}\n-----END RSA PRIVATE KEY-----\n`;
}
