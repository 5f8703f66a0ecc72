import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Client } from 'pg';
import { askForGrant, entitleEveryone, keyFile, startOperatedApi } from '../support/operated-api.js';
import { send } from '../support/https-client.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { runEdgepass } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { evidence, injectedBy } from './evidence.js';
import { untilReadinessIs } from './readiness.js';
import { connectTo } from '../support/postgres-connections.js';

const role = `service_${randomBytes(6).toString('hex')}`;
const canary = (): string => `canary-${randomBytes(12).toString('hex')}`;

let folder: string;
let server: TestDatabase;
let administrator: Client;
let password: string;

beforeAll(async () => {
  folder = temporaryFolder('postgres-account');
  keyFile(folder);
  server = await createTestDatabase();
  administrator = await connectTo(server.url);
  // As an operator should: a user who may do no more than the service needs.
  await administrator.query(`create role ${role} login`);
  await administrator.query(`grant create on schema public to ${role}`);
});
afterAll(async () => {
  await administrator.query(`drop owned by ${role}`);
  await administrator.query(`drop role ${role}`);
  await administrator.end();
  await server.drop();
});
beforeEach(async () => {
  password = await givePassword();
});

async function givePassword(): Promise<string> {
  const made = canary();
  await administrator.query(`alter role ${role} password '${made}'`);
  return made;
}

function urlWith(word: string): string {
  const url = new URL(server.url);
  url.username = role;
  url.password = word;
  return url.href;
}

const endConnections = () =>
  administrator.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [role]);

const codeOf = async (answer: Promise<{ json(): unknown }>): Promise<string> =>
  ((await answer).json() as { code: string }).code;

test('N24 a password that was rotated: 503 without a cookie, not ready, alive; ready again with the old one; neither in any line', async () => {
  injectedBy('ALTER ROLE … PASSWORD, and its connections ended; a real process at LOG_LEVEL trace');
  const api = await startOperatedApi({
    folder,
    databaseUrl: urlWith(password),
    changes: { LOG_LEVEL: 'trace' },
  });
  await entitleEveryone(api.url);
  expect((await askForGrant(api.url, 'u1')).status).toBe(201);

  const rotated = await givePassword();
  // What is connected stays connected: PostgreSQL asks for the password once.
  expect((await askForGrant(api.url, 'u1')).status).toBe(201);
  await endConnections();
  const notReady = await untilReadinessIs(api.url, 503);
  const refused = await askForGrant(api.url, 'u1');
  expect([refused.status, refused.setCookies]).toEqual([503, []]);
  expect(await codeOf(Promise.resolve(refused))).toBe('audit_unavailable');
  expect((await send(`${api.url}/health/live`)).status).toBe(200);
  expect(api.process.stdout()).toContain('"reason":"28P01"');

  await administrator.query(`alter role ${role} password '${password}'`);
  const ready = await untilReadinessIs(api.url, 200);
  expect((await askForGrant(api.url, 'u1')).status).toBe(201);
  expect(await api.process.stop()).toEqual({ code: 0, signal: null });
  const printed = `${api.process.stdout()}${api.process.stderr()}`;
  expect([printed.includes(password), printed.includes(rotated)]).toEqual([false, false]);
  evidence(
    `not ready after ${Math.round(notReady)} ms, grants 503 audit_unavailable; ready ${Math.round(ready)} ms after the password was put back; 2 passwords as canaries in ${printed.split('\n').length} lines at trace: 0 hits`,
  );
});

test('N24 a password that is wrong at the start ends the start with one line, and is not in it', async () => {
  injectedBy('another password in DATABASE_URL');
  const wrong = canary();
  const ended = await runEdgepass(['api'], {
    cwd: folder,
    environment: {
      PUBLIC_URL: 'https://api.media.example.com',
      APP_ORIGINS: 'https://www.media.example.com',
      CLOUDFRONT_DOMAIN: 'cdn.media.example.com',
      CLOUDFRONT_PRIVATE_KEY_FILE: `${folder}/key.pem`,
      AUTH_SECRET: 'a secret of the tests, thirty-two bytes or more',
      AUTH_ISSUER: 'https://idp.example.com',
      AUTH_AUDIENCE: 'edgepass-api',
      TRUSTED_PROXIES: '127.0.0.1',
      DATABASE_URL: urlWith(wrong),
    },
  });
  expect([ended.code, ended.stderr]).toEqual([
    1,
    `DATABASE_URL: expected a PostgreSQL that answers and lets this user create tables; found ${new URL(server.url).host}: 28P01; correct the user or the password, whose special characters are percent-encoded (@ is %40)\n`,
  ]);
  expect(`${ended.stdout}${ended.stderr}`).not.toContain(wrong);
  evidence('exit code 1, one line');
});

test('N25 too many connections: without one a grant is 503 without a cookie, and not ready; with space again all are granted', async () => {
  injectedBy('ALTER ROLE … CONNECTION LIMIT 0 (SQLSTATE 53300), 100 callers');
  const api = await startOperatedApi({ folder, databaseUrl: urlWith(password) });
  await entitleEveryone(api.url, 'q');
  const ask = () =>
    Promise.all(Array.from({ length: 100 }, (_, index) => askForGrant(api.url, `u${index}`, 'q')));
  await administrator.query(`alter role ${role} connection limit 0`);
  await endConnections();

  const refused = await ask();

  const kinds = refused.map((answer) => `${answer.status} ${(answer.json() as { code: string }).code}`);
  expect([...new Set(kinds)]).toEqual(['503 audit_unavailable']);
  expect(refused.flatMap(({ setCookies }) => setCookies)).toEqual([]);
  await untilReadinessIs(api.url, 503);
  expect(api.process.stdout()).toContain('53300');

  await administrator.query(`alter role ${role} connection limit -1`);
  await untilReadinessIs(api.url, 200);
  expect((await ask()).map(({ status }) => status)).toEqual(refused.map(() => 201));
  expect(await api.process.stop()).toEqual({ code: 0, signal: null });
  evidence('100 of 100 callers 503 audit_unavailable, not ready; all 100 granted when the limit is gone');
});
