import { expect, jest, test } from '@jest/globals';
import { sql } from 'kysely';
import { Client } from 'pg';
import { openDatabase } from '../../src/database/database.js';
import { Secret } from '../../src/settings/secret.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase } from '../support/postgres.js';
import { startRelay } from '../support/relay.js';
import { setCookieLines } from '../support/set-cookie-lines.js';

// Outages are waited for, on machines that have other work.
jest.setTimeout(60_000);

/** A database behind a line that a test can cut, and the settings that lead through it. */
async function databaseBehindRelay() {
  const server = await createTestDatabase();
  const url = new URL(server.url);
  const relay = await startRelay(Number(url.port));
  url.host = `127.0.0.1:${relay.port}`;
  return { server, relay, database: { kind: 'postgres', url: new Secret(url.href) } as const };
}

/** Milliseconds until readiness answers this status; asks on and on. */
async function untilReadyIs(api: TestApi, status: number): Promise<number> {
  const begin = performance.now();
  for (;;) {
    const ready = await api.http.get('/health/ready');
    if (ready.status === status) return performance.now() - begin;
    if (performance.now() - begin > 15_000) throw new Error(`readiness stays ${ready.status}`);
  }
}

test('without PostgreSQL the process starts, lives and is not ready; ready 2 s after it appears (F12)', async () => {
  const { server, relay, database } = await databaseBehindRelay();
  relay.cut();
  const api = await startTestApi('sqlite', { database });
  expect((await api.http.get('/health/live')).status).toBe(200);
  const notReady = await api.http.get('/health/ready');
  expect(notReady.body).toMatchObject({ status: 503, code: 'database_unavailable' });
  expect(notReady.headers['retry-after']).toBe('2');
  expect((await api.ask('courses')).body).toMatchObject({ status: 503, code: 'audit_unavailable' });
  expect(api.log.join('')).toContain('the database is not ready; trying again');

  relay.heal();
  expect(await untilReadyIs(api, 200)).toBeLessThan(2_000);
  await api.give({ subject: 'user:u1', prefix: 'courses' });
  await api.ask('courses').expect(201);
  expect(api.log.join('')).toContain('the database is ready');
  await api.close();
  await relay.close();
  await server.drop();
});

test('PostgreSQL that accepts and never answers stops no start, and no caller for longer than 2 s (F16)', async () => {
  const { server, relay, database } = await databaseBehindRelay();
  const api = await startTestApi('sqlite', { database });
  await api.give({ subject: 'user:u1', prefix: 'courses' });
  await api.ask('courses').expect(201);
  relay.freeze();
  // More callers than the pool has connections: those wait for a connection, the others for an answer.
  const answers = await Promise.all(
    Array.from({ length: 14 }, async () => {
      const begin = performance.now();
      const response = await api.ask('courses');
      return { response, milliseconds: performance.now() - begin };
    }),
  );
  expect(answers.map(({ response }) => response.body as object)).toEqual(
    answers.map(() => expect.objectContaining({ status: 503, code: 'audit_unavailable' })),
  );
  expect(answers.flatMap(({ response }) => setCookieLines(response))).toEqual([]);
  expect(Math.max(...answers.map(({ milliseconds }) => milliseconds))).toBeLessThan(2_000);
  await untilReadyIs(api, 503);
  // Readiness asks nobody: it answers at once whatever PostgreSQL does.
  const begin = performance.now();
  await api.http.get('/health/ready').expect(503);
  expect(performance.now() - begin).toBeLessThan(500);

  relay.cut();
  relay.heal();
  await untilReadyIs(api, 200);
  await api.ask('courses').expect(201);
  await api.close();
  await relay.close();
  await server.drop();
});

test('connections that PostgreSQL ends, idle or not, end no process (F14)', async () => {
  const { server, relay, database } = await databaseBehindRelay();
  const api = await startTestApi('sqlite', { database });
  await api.give({ subject: 'user:u1', prefix: 'courses' });
  const administrator = new Client({ connectionString: server.url });
  await administrator.connect();
  for (let times = 0; times < 10; times++) {
    await Promise.all([api.ask('courses'), api.ask('courses')]);
    await administrator.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
    );
  }
  await administrator.end();
  expect((await api.http.get('/health/live')).status).toBe(200);
  await untilReadyIs(api, 200);
  await api.ask('courses').expect(201);
  await api.close();
  await relay.close();
  await server.drop();
});

test('a PostgreSQL that was switched to read-only is not ready, and gives no cookie (F20)', async () => {
  const { server, relay, database } = await databaseBehindRelay();
  const api = await startTestApi('sqlite', { database });
  await api.give({ subject: 'user:u1', prefix: 'courses' });
  const name = new URL(server.url).pathname.slice(1);
  const administrator = await openDatabase(
    { kind: 'postgres', url: new Secret(server.url) },
    () => undefined,
  );
  const { queries } = administrator;
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
  await administrator.close();
  await api.close();
  await relay.close();
  await server.drop();
});
