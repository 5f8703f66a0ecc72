import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { Secret } from '../../src/settings/secret.js';
import { DATABASES, startTestApi, TEST_AUTHENTICATION, type TestApi } from '../support/api.js';
import { until } from '../support/operated-api.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { ADMIN_ROUTES } from './administration.attacks.js';

/** A: without an admin group, under the role of the service, and on two instances: on three APIs of its own. */
export function rightAttacks(): void {
  /** One on SQLite, whose settings name no admin group, and two on one PostgreSQL. */
  let lone: TestApi;
  let instances: readonly [TestApi, TestApi];
  let server: TestDatabase;
  beforeAll(async () => {
    server = await createTestDatabase();
    const database = { kind: 'postgres', url: new Secret(server.url) } as const;
    const start = () => startTestApi('sqlite', { database });
    instances = await Promise.all([start(), start()]);
    lone = await startTestApi('sqlite', { authentication: { ...TEST_AUTHENTICATION, adminGroup: null } });
  });
  afterAll(async () => {
    await Promise.all([lone, ...instances].map((api) => api.close()));
    await server.drop();
  });

  describe('without an admin group', () => {
    test.each(ADMIN_ROUTES)('A02 %s %s does not exist for any caller', async (method, path) => {
      const call = () => lone.http[method.toLowerCase() as 'get' | 'put' | 'delete'](path).send({});
      const administrator = lone.bearer('boss', { groups: ['admins', '', 'null', 'undefined'] });
      for (const answer of [await call(), await call().set('Authorization', administrator)]) {
        expect(answer.body).toMatchObject({ status: 404, code: 'not_found' });
      }
    });
  });

  describe.each(DATABASES)('the audit log under the role of the service (%s)', (kind) => {
    const api = () => (kind === 'postgres' ? instances[0] : lone);

    test('A12 no row of it is changed, removed, written over or emptied', async () => {
      await api().give({ subject: 'user:u1', prefix: 'private/a' });
      await api().ask('private/a').expect(201);
      await api().ask('private/b').expect(403);
      const { queries } = api().database;
      await until(async () => (await queries.selectFrom('refusals').select('id').execute()).length > 0);
      const all = async () =>
        JSON.stringify(
          await Promise.all(
            (['grants', 'entitlement_changes', 'refusals'] as const).map((table) =>
              queries.selectFrom(table).selectAll().execute(),
            ),
          ),
        );
      const before = await all();

      const columns = { grants: 'viewer_id', entitlement_changes: 'changed_by', refusals: 'code' };
      for (const [table, column] of Object.entries(columns)) {
        const attempts = [
          sql`update ${sql.table(table)} set ${sql.id(column)} = 'nobody'`,
          sql`delete from ${sql.table(table)}`,
          kind === 'postgres'
            ? sql`truncate ${sql.table(table)}`
            : sql`insert or replace into ${sql.table(table)} select * from ${sql.table(table)}`,
        ];
        for (const attempt of attempts) {
          await expect(attempt.execute(queries)).rejects.toThrow(/append-only|is kept until/);
        }
      }
      await expect(sql`update audit_retention set seconds = 0`.execute(queries)).rejects.toThrow(
        'only grows',
      );
      expect(await all()).toBe(before);
    });

    test('A07 a user id that looks like SQL is stored as text, and opens its own right alone', async () => {
      const sub = "x'; DELETE FROM entitlements;--";
      await api().ask('private/sql', { sub }).expect(403);
      await api().give({ subject: `user:${sub}`, prefix: 'private/sql' });
      const before = await api().countOf('entitlements');
      await api().ask('private/sql', { sub }).expect(201);
      expect(await api().countOf('entitlements')).toBe(before);
    });
  });

  describe('two instances', () => {
    test('A14 a right that one of them took away opens nothing on the other, at once', async () => {
      const [one, other] = instances;
      const admin = one.bearer('boss', { groups: ['admins'] });
      for (let times = 0; times < 10; times++) {
        const put = await one.http
          .put('/admin/entitlements')
          .set('Authorization', admin)
          .send({ subject: 'user:u1', prefix: 'private/a' });
        const { id = '' } = put.body as { readonly id?: string };
        const before = await other.ask('private/a');
        await one.http.delete(`/admin/entitlements/${id}`).set('Authorization', admin).expect(200);
        const after = await other.ask('private/a');
        expect([before.status, after.status]).toEqual([201, 403]);
      }
    });
  });
}
