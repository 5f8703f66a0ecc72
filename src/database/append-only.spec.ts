import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { changeRow, grantRow, refusalRow } from '../../test/support/audit-rows.js';
import { createMigratedDatabase } from '../../test/support/migrated-database.js';
import type { TestDatabase } from '../../test/support/postgres.js';
import { Secret } from '../settings/secret.js';
import type { Database } from './database.js';
import { openDatabase } from './open-database.js';

const DAY_SECONDS = 86_400;
const RETENTION_SECONDS = 400 * DAY_SECONDS;
const silent = (): void => undefined;

describe.each(['sqlite', 'postgres'] as const)('the audit log in %s', (kind) => {
  let server: TestDatabase | null = null;
  let database: Database;
  const now = Math.floor(Date.now() / 1000);

  beforeAll(async () => {
    server = kind === 'postgres' ? await createMigratedDatabase() : null;
    database = await openDatabase(
      server ? { kind: 'postgres', url: new Secret(server.url) } : { kind: 'sqlite', path: ':memory:' },
      silent,
    );
    await insertRows('old', now - RETENTION_SECONDS - 60);
    await insertRows('young', now - RETENTION_SECONDS + 60);
  });
  afterAll(async () => {
    await database.close();
    await server?.drop();
  });

  async function insertRows(id: string, at: number): Promise<void> {
    const { queries } = database;
    await queries.insertInto('grants').values(grantRow(id, at)).execute();
    await queries.insertInto('entitlement_changes').values(changeRow(id, at)).execute();
    await queries.insertInto('refusals').values(refusalRow(id, at)).execute();
  }

  const tables = [
    [['grants', 'viewer_id']],
    [['entitlement_changes', 'changed_by']],
    [['refusals', 'code']],
  ] as const;

  it.each(tables)('refuses UPDATE of %j, whatever its age', async ([table, column]) => {
    const update = sql`update ${sql.table(table)} set ${sql.id(column)} = 'other' where id = 'old'`;
    await expect(update.execute(database.queries)).rejects.toThrow(`${table} is append-only`);
  });

  it.each(tables)('refuses DELETE of %j before the retention date', async ([table]) => {
    const remove = sql`delete from ${sql.table(table)} where id = 'young'`;
    await expect(remove.execute(database.queries)).rejects.toThrow(
      `${table} is kept until its retention date`,
    );
  });

  it.each(tables)('lets rows of %j go after the retention date', async ([table]) => {
    await sql`delete from ${sql.table(table)} where id = 'old'`.execute(database.queries);
    const left = await database.queries.selectFrom(table).select('id').execute();
    expect(left).toEqual([{ id: 'young' }]);
  });

  it.each(tables)('refuses to empty %j at once', async ([table]) => {
    const all =
      kind === 'postgres' ? sql`truncate ${sql.table(table)}` : sql`delete from ${sql.table(table)}`;
    await expect(all.execute(database.queries)).rejects.toThrow(
      kind === 'postgres' ? 'is append-only' : 'is kept until',
    );
  });

  it.each(tables)('refuses to write a row of %j over another', async ([table]) => {
    const columns = sql.raw(kind === 'postgres' ? 'insert into' : 'insert or replace into');
    const over = sql`${columns} ${sql.table(table)} select * from ${sql.table(table)} where id = 'young'`;
    await expect(over.execute(database.queries)).rejects.toThrow(
      kind === 'postgres' ? 'duplicate key' : 'is append-only',
    );
  });

  it('has a retention that is stored, 400 days, and only grows', async () => {
    const set = (seconds: number) =>
      sql`update audit_retention set seconds = ${sql.lit(seconds)}`.execute(database.queries);
    const stored = await database.queries.selectFrom('audit_retention').selectAll().execute();
    expect(stored).toEqual([{ id: 1, seconds: RETENTION_SECONDS }]);
    await expect(set(1)).rejects.toThrow('only grows');
    await expect(sql`delete from audit_retention`.execute(database.queries)).rejects.toThrow(
      kind === 'postgres' ? 'only grows' : 'stays',
    );
    await set(RETENTION_SECONDS + DAY_SECONDS);
    expect(await database.queries.selectFrom('audit_retention').select('seconds').execute()).toEqual([
      { seconds: RETENTION_SECONDS + DAY_SECONDS },
    ]);
  });
});
