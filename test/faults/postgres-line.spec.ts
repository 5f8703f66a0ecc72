import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { TestApi } from '../support/api.js';
import { until } from '../support/operated-api.js';
import { cookieValue, setCookieLines } from '../support/set-cookie-lines.js';
import { startStopwatch } from '../support/stopwatch.js';
import { evidence, injectedBy } from './evidence.js';
import { apiBehindRelay, isThroughPooler, type RelayedDatabase } from './postgres-behind-relay.js';
import { untilReadyIs } from './readiness.js';

// Outages are waited for, on machines that have other work.
jest.setTimeout(60_000);

const CALLERS = 300;
const CONNECTIONS = 10;
/** A caller waits 1.65 s, in which three groups of 64 statements are answered at most: 192 of 300 callers. */
const SLOW_MILLISECONDS = 500;
/** Callers, service and relay need the processor too. */
const BETWEEN_PROBES_MILLISECONDS = 25;

let database: RelayedDatabase;
let api: TestApi;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ database, api, close } = await apiBehindRelay());
});
afterAll(() => close());
beforeEach(async () => {
  database.relay.heal();
  await untilReadyIs(api, 200);
});

test('N18 300 callers at once for a slow PostgreSQL: the wait is bounded, the surplus is 503 overloaded, readiness answers at once', async () => {
  injectedBy(`a relay that delays each answer of PostgreSQL by ${SLOW_MILLISECONDS} ms`);
  // Connections are made while the line is fast.
  await Promise.all(Array.from({ length: 2 * CONNECTIONS }, () => api.ask('courses').expect(201)));
  database.relay.slow(SLOW_MILLISECONDS);
  let isOver = false;
  const asking = Promise.all(
    Array.from({ length: CALLERS }, async () => {
      const stopwatch = startStopwatch();
      const response = await api.ask('courses');
      return { response, milliseconds: stopwatch() };
    }),
  ).finally(() => (isOver = true));
  const probes: number[] = [];
  // oxlint-disable-next-line no-unmodified-loop-condition -- the callers end it
  while (!isOver) {
    const stopwatch = startStopwatch();
    // oxlint-disable-next-line no-await-in-loop -- one probe after the other
    expect((await api.http.get('/health/ready')).status).toBe(200);
    probes.push(stopwatch());
    // oxlint-disable-next-line no-await-in-loop
    await pause(BETWEEN_PROBES_MILLISECONDS);
  }
  const answers = await asking;

  const given = answers.filter(({ response }) => response.status === 201);
  const refused = answers.filter(({ response }) => response.status !== 201);
  expect(given.length).toBeGreaterThanOrEqual(CONNECTIONS);
  const codes = refused.map(({ response }) => (response.body as { code: string }).code);
  const shed = codes.filter((code) => code === 'overloaded').length;
  // A statement may be given up as well where this process, which is caller, service and relay, is slow itself.
  expect(codes.filter((code) => !['overloaded', 'audit_unavailable'].includes(code))).toEqual([]);
  expect(shed).toBeGreaterThan(refused.length / 2);
  expect(refused.flatMap(({ response }) => setCookieLines(response))).toEqual([]);
  const slowest = Math.max(...answers.map(({ milliseconds }) => milliseconds));
  const inOrder = probes.toSorted((one, other) => one - other);
  const probeOf = (share: number): number => Math.round(inOrder[Math.floor(inOrder.length * share)] ?? 0);
  // 300 callers and their answers share this process with the probe.
  expect(slowest).toBeLessThan(3_000);
  expect(probeOf(0.5)).toBeLessThan(250);
  database.relay.heal();
  await api.ask('courses').expect(201);
  evidence(
    `${given.length} granted, ${shed} overloaded, ${refused.length - shed} audit_unavailable; slowest ${Math.round(slowest)} ms; readiness 200 meanwhile, p50 ${probeOf(0.5)} ms, p99 ${probeOf(0.99)} ms`,
  );
});

test('N19 a line cut between COMMIT and its answer: 503 without a cookie, a row that nobody received, and the next try is a grant of its own', async () => {
  injectedBy('a relay that passes the statement on and ends the connection before the answer');
  const before = await api.countOf('grants');
  // The name of the prepared statement: its text has been sent once, long ago. Through a pooler it has none.
  database.relay.loseAnswersTo(isThroughPooler ? 'commit' : 'edgepass_');
  const refused = await api.ask('courses');
  expect(refused.body).toMatchObject({ status: 503, code: 'audit_unavailable' });
  expect(setCookieLines(refused)).toEqual([]);
  database.relay.heal();
  expect([database.relay.answersLost, (await api.countOf('grants')) - before]).toEqual([1, 1]);

  const given = await api.ask('courses').expect(201);
  expect(cookieValue(given, 'CloudFront-Policy')).not.toBe('');
  expect((await api.countOf('grants')) - before).toBe(2);
  evidence('1 row without a cookie, 0 cookies without a row (the API has no Idempotency-Key)');
});

test('N19 a revocation whose COMMIT was not answered is 503, and either whole or not there: here it holds', async () => {
  injectedBy('the same, at the word commit');
  await api.give({ subject: 'user:u2', prefix: 'courses' });
  await api.ask('courses', { sub: 'u2' }).expect(201);
  const asAdmin = { Authorization: api.bearer('boss', { groups: ['admins'] }) };
  const { body } = await api.http.get('/admin/entitlements?subject=user:u2').set(asAdmin);
  const [right] = (body as { entitlements: readonly { id: string }[] }).entitlements;
  const changes = await api.countOf('entitlement_changes');
  // As the protocol ends a text; `read committed` is another.
  database.relay.loseAnswersTo('commit\u0000');
  const revoking = await api.http.delete(`/admin/entitlements/${right?.id}`).set(asAdmin);
  expect(revoking.body).toMatchObject({ status: 503, code: 'database_unavailable' });
  database.relay.heal();
  expect(await api.countOf('entitlement_changes')).toBe(changes + 1);
  expect((await api.ask('courses', { sub: 'u2' })).status).toBe(403);
  expect((await api.http.delete(`/admin/entitlements/${right?.id}`).set(asAdmin)).status).toBe(404);
  evidence('503, the right and its audit row both as after the revocation; asked again it is 404');
});

test('N13 PostgreSQL that goes away in the middle of a statement is 503, no cookie, no crash; it heals', async () => {
  const { relay } = database;
  relay.freeze();
  const asking = api.ask('courses').then((response) => response);
  // The statement is on its way.
  await until(async () => relay.swallowedBytes > 0);
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
  database.relay.freeze();
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
  database.relay.freeze();

  const refused = await api.http
    .put('/admin/entitlements')
    .set('Authorization', api.bearer('boss', { groups: ['admins'] }))
    .send({ subject: 'user:u2', prefix: 'courses' });

  expect(refused.body).toMatchObject({ status: 503, code: 'database_unavailable' });
  await database.heal();
  expect(await api.countOf('entitlements')).toBe(before);
});
