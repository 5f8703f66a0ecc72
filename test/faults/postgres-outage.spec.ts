import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import type { Relay } from '../support/relay.js';
import { setCookieLines } from '../support/set-cookie-lines.js';
import { databaseBehindRelay, type RelayedDatabase } from './postgres-behind-relay.js';
import { startStopwatch } from '../support/stopwatch.js';

// Outages are waited for, on machines that have other work.
jest.setTimeout(60_000);

let database: RelayedDatabase;
let relay: Relay;
let api: TestApi;

beforeAll(async () => {
  database = await databaseBehindRelay();
  ({ relay } = database);
  api = await startTestApi('sqlite', { database: database.settings });
  await api.give({ subject: 'user:u1', prefix: 'courses' });
  await api.http.get('/health/ready').expect(200);
});
afterAll(async () => {
  relay.heal();
  await api.close();
  await database.close();
});

/** Waits until the relay has swallowed what the API sent: the statement is then on its way. */
const underWay = (): Promise<void> => new Promise((done) => setTimeout(done, 200));

test('N13 PostgreSQL that goes away in the middle of a statement is 503, no cookie, no crash; it heals', async () => {
  relay.freeze();
  const asking = api.ask('courses').then((response) => response);
  await underWay();
  relay.cut();

  const refused = await asking;
  expect(refused.body).toMatchObject({ status: 503, code: 'audit_unavailable' });
  expect(setCookieLines(refused)).toEqual([]);
  expect((await api.http.get('/health/live')).status).toBe(200);
  expect(api.log.join('')).toContain('a database connection was lost');

  relay.heal();
  await api.http.get('/health/ready').expect(200);
  await api.ask('courses').expect(201);
});

test('N16 PostgreSQL that falls silent is waited for a few seconds, not for ever; it heals', async () => {
  await api.http.get('/health/ready').expect(200);
  relay.freeze();
  const stopwatch = startStopwatch();

  const refused = await api.ask('courses');

  expect(stopwatch()).toBeLessThan(5_000);
  expect(refused.body).toMatchObject({ status: 503, code: 'audit_unavailable' });
  expect(refused.headers['retry-after']).toBe('2');
  expect(setCookieLines(refused)).toEqual([]);

  await database.heal();
  await api.ask('courses').expect(201);
});

test('N16 an administrator gets database_unavailable, and nothing half done remains', async () => {
  const before = await api.countOf('entitlements');
  relay.freeze();

  const refused = await api.http
    .put('/admin/entitlements')
    .set('Authorization', api.bearer('boss', { groups: ['admins'] }))
    .send({ subject: 'user:u2', prefix: 'courses' });

  expect(refused.body).toMatchObject({ status: 503, code: 'database_unavailable' });
  await database.heal();
  expect(await api.countOf('entitlements')).toBe(before);
});
