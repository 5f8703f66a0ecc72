import { createHmac, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { packedPackages } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { AUDIENCE, compactJws, hs256, ISSUER } from '../support/token-issuer.js';
import { startCounted, type CountedProcess, type KeyWork } from './counted-process.js';

// Two processes on a busy machine.
jest.setTimeout(30_000);

const SECRET = createHmac('sha256', 'edgepass').update('key-work').digest('hex');
const CLI = fileURLToPath(new URL('../../dist/cli/edgepass.js', import.meta.url));
const NAIVE = fileURLToPath(new URL('./sign-naively.mjs', import.meta.url));
const pem = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;

const token = (sub: string, groups: readonly string[]) =>
  compactJws(
    { alg: 'HS256', typ: 'JWT' },
    // The process has the time of the machine: this token outlives every test of it.
    { iss: ISSUER, aud: AUDIENCE, sub, groups, exp: 4_000_000_000 },
    hs256(SECRET),
  );

/** The settings of a service in production, without a signing key. */
const production = (folder: string, port: number) => ({
  NODE_ENV: 'production',
  NODE_OPTIONS: packedPackages,
  PORT: String(port),
  PUBLIC_URL: 'https://api.media.example.com',
  APP_ORIGINS: 'https://app.media.example.com',
  CLOUDFRONT_DOMAIN: 'cdn.media.example.com',
  AUTH_SECRET: SECRET,
  AUTH_ISSUER: ISSUER,
  AUTH_AUDIENCE: AUDIENCE,
  AUTH_ADMIN_GROUP: 'admins',
  DATABASE_URL: `sqlite:${join(folder, 'edgepass.sqlite')}`,
});

describe('one process in production, on SQLite', () => {
  const folder = temporaryFolder('key-work');
  const file = join(folder, 'key.pem');
  let port: number;
  let api: CountedProcess;
  beforeAll(async () => {
    writeFileSync(file, `Key-Pair-Id: KFIRST\n${pem}`, { mode: 0o600 });
    port = await freePort();
    api = await startCounted([CLI, 'api'], {
      ...production(folder, port),
      CLOUDFRONT_PRIVATE_KEY_FILE: file,
      COUNTED_FILE: file,
    });
  });
  afterAll(() => api.process.stop());

  it('reads the file of the signing key once and parses it once when it starts, and so with each reload', async () => {
    const started = await api.counts();
    expect(started).toMatchObject({ countedFileOpened: 1, privateKeysParsed: 1 });

    writeFileSync(file, `Key-Pair-Id: KSECOND\n${pem}`);
    api.process.child.kill('SIGHUP');
    await api.process.waitForLine('signing with another key');
    const reload = difference(await api.counts(), started);
    expect(reload).toMatchObject({ countedFileOpened: 1, privateKeysParsed: 1 });
  });

  it('on the path of POST /grants parses no key and opens no file, on any thread, and signs once for each policy', async () => {
    // It listens for a moment before, to find out whether the port is free.
    await api.process.waitForLine('"listening"');
    const call = (method: string, path: string, body: object) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { authorization: `Bearer ${token('u1', ['admins'])}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }).then((answer) => answer.status);
    await call('PUT', '/admin/entitlements', { subject: 'everyone', prefix: 'courses' });
    // The first grant may still load code.
    await call('POST', '/grants', { prefix: 'courses/0' });
    const before = await api.counts();

    const statuses = await Promise.all(
      Array.from({ length: 12 }, (_, index) => call('POST', '/grants', { prefix: `courses/${index + 1}` })),
    );

    expect(new Set(statuses)).toEqual(new Set([201]));
    expect(difference(await api.counts(), before)).toMatchObject({
      keysParsed: 0,
      filesOpened: 0,
      signatures: 12,
    });
  });
});

describe('the counter', () => {
  it('sees a key made from text and a file opened, on the main thread and on a worker', async () => {
    const naive = await startCounted([NAIVE], { PRIVATE_KEY_PEM: pem });

    const before = await naive.counts();

    await naive.ask('work');

    expect(difference(await naive.counts(), before)).toMatchObject({
      keysParsed: 2,
      filesOpened: 2,
      signatures: 2,
    });
    await naive.process.stop();
  });
});

function difference(after: KeyWork, before: KeyWork): KeyWork {
  return {
    keysParsed: after.keysParsed - before.keysParsed,
    privateKeysParsed: after.privateKeysParsed - before.privateKeysParsed,
    countedFileOpened: after.countedFileOpened - before.countedFileOpened,
    filesOpened: after.filesOpened - before.filesOpened,
    signatures: after.signatures - before.signatures,
  };
}
