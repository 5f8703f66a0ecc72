/**
 * The secrets of the tests of one file, kept where they are made, so that whatever a process or an API of
 * these tests prints, logs, stores or answers can be searched for them (K12, K13). Knows nothing of jest.
 */
import { createPrivateKey, KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SecretRegister } from './secret-register.js';

/** Shorter texts stand in too many places by chance. */
const SHORTEST_TEXT = 12;
const TEXT_STEP = 4;
/** K12: no 8 bytes of key material that follow each other. */
const KEY_RUN = 8;
/** Whole characters of base64 in any 8 bytes, wherever they begin. */
const KEY_RUN_BASE64 = 9;

/** The register of this file's tests. */
const register = new SecretRegister();
const keptKeys = new Set<string>();

/** How many different secrets these tests have kept. */
export function secretCount(): number {
  return register.size;
}

/** The names of the secrets of which an output holds a part. */
export function secretsIn(output: string | Buffer): readonly string[] {
  return register.namesIn(output);
}

/** Throws Error, naming the place and the secrets but not their text, when an output holds a part of one. */
export function expectNoSecret(place: string, output: string | Buffer): void {
  const names = secretsIn(output);
  if (names.length > 0) throw new Error(`expected no secret in ${place}, found: ${names.join(', ')}`);
}

/** Keeps a password, token, or shared secret, as it is and in the encodings in which it might be printed. */
export function keepSecret(name: string, text: string): void {
  if (Buffer.byteLength(text) < SHORTEST_TEXT) return;
  const bytes = Buffer.from(text);
  const forms = new Set([text, encodeURIComponent(text.toWellFormed()), JSON.stringify(text).slice(1, -1)]);
  for (const form of forms) {
    register.keep(name, Buffer.from(form).toString('latin1'), SHORTEST_TEXT, TEXT_STEP);
  }
  register.keep(name, bytes.toString('hex'), 2 * SHORTEST_TEXT, TEXT_STEP);
  for (const encoded of inBase64(bytes)) register.keep(name, encoded, 16, TEXT_STEP);
}

/** Keeps what is made in great numbers, such as tokens: only as it is, and its parts in long steps. */
export function keepToken(name: string, text: string): void {
  if (text.length >= SHORTEST_TEXT) register.keep(name, text, SHORTEST_TEXT, SHORTEST_TEXT);
}

/**
 * Keeps the private numbers of a key in the forms in which they might be printed: any 8 bytes of them are
 * found. Takes a key or its text; a text that is no key is kept line by line where it looks like one.
 */
export function keepKey(name: string, key: KeyObject | string): void {
  const text = typeof key === 'string' ? key : '';
  if (typeof key === 'string' && (text === '' || keptKeys.has(text))) return;
  keptKeys.add(text);
  const read = typeof key === 'string' ? readKey(text) : key;
  if (read === null) {
    for (const line of text.match(/[A-Za-z0-9+/]{40,}/g) ?? []) register.keep(name, line, SHORTEST_TEXT, 1);
    return;
  }
  const jwk = read.export({ format: 'jwk' }) as Readonly<Record<string, unknown>>;
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) {
    const number = jwk[member];
    if (typeof number === 'string') keepNumber(`${name} (${member})`, Buffer.from(number, 'base64url'));
  }
}

function keepNumber(name: string, number: Buffer): void {
  register.keep(name, number.toString('latin1'), KEY_RUN, 1);
  const hex = number.toString('hex');
  for (const form of [hex, hex.toUpperCase()]) register.keep(name, form, 2 * KEY_RUN, 2);
  for (const encoded of inBase64(number)) register.keep(name, encoded, KEY_RUN_BASE64, 1);
}

/** What of the settings of a process is secret: what it must never print, however it ends. */
export function keepSettings(environment: Readonly<Record<string, string | undefined>>): void {
  keepSecret('AUTH_SECRET', environment['AUTH_SECRET'] ?? '');
  keepUrl('DATABASE_URL', environment['DATABASE_URL'] ?? '');
  keepKey('CLOUDFRONT_PRIVATE_KEY', environment['CLOUDFRONT_PRIVATE_KEY'] ?? '');
  for (const setting of ['CLOUDFRONT_PRIVATE_KEY_FILE', 'TLS_KEY_FILE']) {
    const path = environment[setting];
    if (path !== undefined) keepKey(setting, readSmallFile(path).toString());
  }
}

/** Keeps what a local stack makes for itself in its DATA_DIR. */
export function keepDataFolder(folder: string): void {
  for (const path of ['signing/private-key.pem', 'tls/ca-key.pem', 'tls/leaf-key.pem']) {
    keepKey(path, readSmallFile(join(folder, path)).toString());
  }
  const demoSecret = readSmallFile(join(folder, 'demo-sign-in.secret'));
  if (demoSecret.length > 0) keepNumber('demo-sign-in.secret', demoSecret);
}

/** Keeps the password of an address. */
export function keepUrl(name: string, url: string): void {
  const password = /^[a-z+]+:\/\/[^/@]*?:([^/@]+)@/.exec(url)?.[1] ?? '';
  keepSecret(`password in ${name}`, password);
  try {
    keepSecret(`password in ${name}`, decodeURIComponent(password));
  } catch {
    // Not every hostile password can be decoded; as written it is kept already.
  }
}

/** A key in one of the forms that the settings take, or null. */
function readKey(text: string): KeyObject | null {
  const unquoted = text.replaceAll('\\n', '\n').replaceAll('"', '');
  const candidates = [unquoted, Buffer.from(unquoted, 'base64').toString()];
  for (const candidate of candidates) {
    const pem = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----/.exec(
      candidate,
    )?.[0];
    if (pem === undefined) continue;
    try {
      return createPrivateKey(pem.replaceAll('\r', ''));
    } catch {
      // Truncated or encrypted: its lines are kept instead.
    }
  }
  return null;
}

/** A FIFO, a folder and a missing file are tests of their own. */
function readSmallFile(path: string): Buffer {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  try {
    return isFile ? readFileSync(path) : Buffer.alloc(0);
  } catch {
    return Buffer.alloc(0);
  }
}

/** The characters of base64 that depend on these bytes alone, for each of the three places they may begin at. */
function inBase64(bytes: Buffer): readonly string[] {
  const encoded = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return text.slice(before === 0 ? 0 : before + 1, -1);
  });
  return [...encoded, ...encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))];
}
