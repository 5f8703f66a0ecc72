import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { sql } from 'kysely';
import { openDatabase } from '../../src/database/open-database.js';
import { Secret } from '../../src/settings/secret.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { setCookieLines } from '../support/set-cookie-lines.js';
import { evidence, injectedBy } from './evidence.js';
import { apiBehindRelay, databaseBehindRelay, type RelayedDatabase } from './postgres-behind-relay.js';
import { untilReadyIs } from './readiness.js';
import { connectTo } from '../support/postgres-connections.js';
import { startStopwatch } from '../support/stopwatch.js';

// Outages are waited for, on machines that have other work.
jest.setTimeout(60_000);

/** pino's number of the level. */
const INFO = 30;

/** Of a service that has started; N12 has another one. */
let database: RelayedDatabase;
let api: TestApi;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ database, api, close } = await apiBehindRelay());
});
afterAll(() => close());
beforeEach(async () => {
  await untilReadyIs(api, 200);
  await api.ask('courses').expect(201);
});

test('N12 without PostgreSQL the API starts, lives and is not ready; ready by itself when it appears', async () => {
  const absent = await databaseBehindRelay();
  const { relay } = absent;
  injectedBy('a relay that refuses every connection');
  relay.cut();
  const waiting = await startTestApi('sqlite', { database: absent.settings });
  expect((await waiting.http.get('/health/live')).status).toBe(200);
  const notReady = await waiting.http.get('/health/ready');
  expect(notReady.body).toMatchObject({ status: 503, code: 'database_unavailable' });
  expect(notReady.headers['retry-after']).toBe('2');
  expect((await waiting.ask('courses')).body).toMatchObject({ status: 503, code: 'audit_unavailable' });
  const said = waiting.log.find((line) => line.includes('the database is not ready; trying again'));
  expect(JSON.parse(said ?? '{}')).toMatchObject({ host: new URL(absent.url).host });
  // A state that lasts is logged once, not at each probe of the balancer.
  const lines = waiting.log.length;
  for (let probes = 0; probes < 20; probes++) await waiting.http.get('/health/ready').expect(503);
  const levels = waiting.log.slice(lines).map((line) => (JSON.parse(line) as { level: number }).level);
  expect(levels.filter((level) => level >= INFO)).toEqual([]);

  relay.heal();
  const milliseconds = await untilReadyIs(waiting, 200);
  // 2 s on a machine without other work (`postgres-start.fault.ts`): at most one pause, and the migration.
  expect(milliseconds).toBeLessThan(6_000);
  await waiting.give({ subject: 'user:u1', prefix: 'courses' });
  await waiting.ask('courses').expect(201);
  expect(waiting.log.join('')).toContain('the database is ready');
  evidence(`ready ${Math.round(milliseconds)} ms after PostgreSQL is there`);
  await waiting.close();
  await absent.close();
});

test('N16 PostgreSQL that accepts and never answers stops no start, and no caller for longer than 2 s', async () => {
  const { relay } = database;
  injectedBy('a relay that swallows everything and tells nobody');
  relay.freeze();
  // More callers than the pool has connections: those wait for a connection, the others for an answer.
  const answers = await Promise.all(
    Array.from({ length: 14 }, async () => {
      const stopwatch = startStopwatch();
      const response = await api.ask('courses');
      return { response, milliseconds: stopwatch() };
    }),
  );
  expect(answers.map(({ response }) => response.body as object)).toEqual(
    answers.map(() => expect.objectContaining({ status: 503, code: 'audit_unavailable' })),
  );
  expect(answers.flatMap(({ response }) => setCookieLines(response))).toEqual([]);
  const slowest = Math.max(...answers.map(({ milliseconds }) => milliseconds));
  expect(slowest).toBeLessThan(2_000);
  evidence(`14 of 14 callers 503 audit_unavailable, the slowest after ${Math.round(slowest)} ms, no cookie`);
  await untilReadyIs(api, 503);
  // Readiness asks nobody: it answers at once whatever PostgreSQL does.
  const stopwatch = startStopwatch();
  await api.http.get('/health/ready').expect(503);
  expect(stopwatch()).toBeLessThan(500);
  const second = await startTestApi('sqlite', { database: database.settings });
  await second.http.get('/health/live').expect(200);
  await second.http.get('/health/ready').expect(503);
  await second.close();

  relay.cut();
  relay.heal();
  await untilReadyIs(api, 200);
  await api.ask('courses').expect(201);
});

test('N14 connections that PostgreSQL ends, idle or not, end no process', async () => {
  const administrator = await connectTo(database.serverUrl);
  for (let times = 0; times < 10; times++) {
    await Promise.all([api.ask('courses'), api.ask('courses')]);
    // Each is waited for: a backend ends some time after it is asked to.
    await administrator.query(
      'select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
    );
  }
  await administrator.end();
  expect((await api.http.get('/health/live')).status).toBe(200);
  await untilReadyIs(api, 200);
  await api.ask('courses').expect(201);
  evidence('10 times all connections, the process lives and grants');
});

test('N20 a PostgreSQL that was switched to read-only is not ready, and gives no cookie', async () => {
  const { relay } = database;
  const name = new URL(database.serverUrl).pathname.slice(1);
  const administrator = await openDatabase(
    { kind: 'postgres', url: new Secret(database.serverUrl) },
    () => undefined,
  );
  const { queries } = administrator;
  injectedBy('default_transaction_read_only on the database, and all connections cut');
  await sql`alter database ${sql.id(name)} set default_transaction_read_only = on`.execute(queries);
  relay.cut();
  relay.heal();
  await untilReadyIs(api, 503);
  const refused = await api.ask('courses');
  expect(refused.body).toMatchObject({ status: 503, code: 'audit_unavailable' });
  expect(setCookieLines(refused)).toEqual([]);

  const one = queries.connection();
  await one.execute(async (connection) => {
    await sql`set transaction_read_only = off`.execute(connection).catch(() => undefined);
    await sql`alter database ${sql.id(name)} set default_transaction_read_only = off`.execute(connection);
  });
  relay.cut();
  relay.heal();
  await untilReadyIs(api, 200);
  await api.ask('courses').expect(201);
  evidence(
    '503 audit_unavailable without a cookie, not ready; ready and granting when it takes writes again',
  );
  await administrator.close();
});
