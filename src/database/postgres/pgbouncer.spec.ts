import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Client } from 'pg';
import { startPgBouncer } from '../../../test/support/pgbouncer.js';
import { connectTo, poolOn } from '../../../test/support/postgres-connections.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/postgres.js';
import { describeWith } from '../../../test/support/required-tool.js';
import { migrateToVersionBefore } from '../../../test/support/version-before.js';
import { Secret } from '../../settings/secret.js';
import type { Database } from '../database.js';
import { openDatabase } from '../open-database.js';
import type { Tables } from '../schema.js';

// Each test starts a pooler of its own.
jest.setTimeout(30_000);

const silent = (): void => undefined;
const openAt = (url: string): Promise<Database> =>
  openDatabase({ kind: 'postgres', url: new Secret(url) }, silent);

const FIVE = [1, 2, 3, 4, 5];

let server: TestDatabase;
let direct: Client;
let opened: Database[];

beforeEach(async () => {
  server = await createTestDatabase();
  direct = await connectTo(server.url);
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((database) => database.close()));
  await direct.end();
  await server.drop();
});

async function openThrough(settings: Parameters<typeof startPgBouncer>[1] = {}): Promise<Database> {
  const { url } = await startPgBouncer(server.url, settings);
  const database = await openAt(url);
  opened.push(database);
  return database;
}

const limitsNow = sql<{ name: string; setting: string }>`
  select name, setting from pg_settings
  where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout') order by name`;

/** In milliseconds: of a transaction while it is idle, of a lock, of a statement. */
const inOrder = (rows: readonly { setting: string }[]): readonly number[] =>
  rows.map(({ setting }) => Number(setting));

/** Records a number, and gives the id of the transaction it was recorded in. */
const note = (database: Database, number: number) =>
  database.record(
    sql<{
      transaction: string;
    }>`insert into noted select ${number}, pg_current_xact_id()::text returning transaction`.compile(
      database.queries,
    ),
  );

describeWith('pgbouncer', 'behind PgBouncer in transaction mode', () => {
  it('the schema is made, and the database is ready', async () => {
    const database = await openThrough();
    const { rows } = await direct.query('select name from kysely_migration order by name');
    expect([database.readiness.isReady, rows]).toEqual([
      true,
      [
        { name: '0001-entitlements-and-grants' },
        { name: '0002-audit-log' },
        { name: '0003-audit-partitions' },
        { name: '0004-signed-urls' },
      ],
    ]);
  });

  it('a log of the version before is brought to partitions on two of its connections', async () => {
    const queries = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: poolOn(server.url) }) });
    await migrateToVersionBefore(queries, 'postgres');
    await queries.destroy();
    await direct.query(
      `insert into grants (id, viewer_id, prefix, resource, key_pair_id, entitlement_id, issued_at, expires_at)
       values ('g1', 'u1', 'a', 'r', 'K1', 'e1', 1700000000, 1700000900)`,
    );
    const database = await openThrough({ default_pool_size: 2 });
    const { rows } = await direct.query(
      `select tableoid::regclass::text ~ '^grants_before_' as is_first, count(*)::int as rows from grants group by 1`,
    );
    expect([database.readiness.isReady, rows]).toEqual([true, [{ is_first: true, rows: 1 }]]);
  });

  it('every statement has the limits of a caller, alone and in a transaction', async () => {
    const { queries } = await openThrough();
    const alone = await limitsNow.execute(queries);
    const together = await queries.transaction().execute((transaction) => limitsNow.execute(transaction));
    expect([alone, together].map(({ rows }) => inOrder(rows))).toEqual([
      [5_000, 0, 800],
      [5_000, 0, 800],
    ]);
  });

  it('a recorded statement has them too, and waits for no row', async () => {
    const database = await openThrough();
    const { rows } = await database.record(limitsNow.compile(database.queries));
    expect(inOrder(rows)).toEqual([5_000, 100, 800]);
  });

  it('nothing of them is left to the next who gets the connection', async () => {
    const { url } = await startPgBouncer(server.url, { default_pool_size: 1 });
    const database = await openAt(url);
    opened.push(database);
    await database.record(limitsNow.compile(database.queries));
    await limitsNow.execute(database.queries);
    const other = await connectTo(url);
    const { rows } = await other.query<{ setting: string }>(limitsNow.compile(database.queries).sql);
    const { rows: statements } = await other.query('select name from pg_prepared_statements');
    await other.end();
    expect([inOrder(rows), statements]).toEqual([[0, 0, 0], []]);
  });

  it('a statement that takes too long is ended by PostgreSQL, and the connection goes on', async () => {
    const { queries } = await openThrough();
    await expect(sql`select pg_sleep(5)`.execute(queries)).rejects.toMatchObject({ code: '57014' });
    expect((await sql<{ one: number }>`select 1 as one`.execute(queries)).rows).toEqual([{ one: 1 }]);
  });

  it('grants that wait at the same time share a transaction', async () => {
    await direct.query('create table noted (number int primary key, transaction text not null)');
    const database = await openThrough();
    const answers = await Promise.all([1, 2, 3].map((number) => note(database, number)));
    expect(new Set(answers.map(({ rows }) => rows[0]?.transaction)).size).toBe(1);
  });

  it('a grant that meets a row of another transaction takes no other with it', async () => {
    await direct.query('create table noted (number int primary key, transaction text not null)');
    const database = await openThrough();
    await direct.query('begin');
    await direct.query("insert into noted values (2, 'held')");
    const settled = await Promise.allSettled([1, 2].map((number) => note(database, number)));
    await direct.query('rollback');
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('a statement that fails is not run a second time', async () => {
    await direct.query('create table noted (number int primary key, transaction text not null)');
    await direct.query('create sequence runs');
    const database = await openThrough();
    await note(database, 1);
    const again = sql`insert into noted select 1, nextval('runs')::text`.compile(database.queries);
    await expect(database.record(again)).rejects.toMatchObject({ code: '23505' });
    expect((await direct.query('select last_value from runs')).rows).toEqual([{ last_value: '1' }]);
  });

  it('instances that start at once make the schema once and leave no lock (N22)', async () => {
    const { url } = await startPgBouncer(server.url);
    opened = await Promise.all(FIVE.map(() => openAt(url)));
    const { rows } = await direct.query(
      `select count(*)::int as locks from pg_locks
       where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    );
    expect(opened.map(({ readiness }) => readiness.isReady)).toEqual(FIVE.map(() => true));
    expect(rows).toEqual([{ locks: 0 }]);
  });

  it('a migration that fails leaves nothing, and the next start succeeds', async () => {
    await direct.query('create table refusals (in_the_way text)');
    const { url } = await startPgBouncer(server.url, { default_pool_size: 1 });
    await expect(openAt(url)).rejects.toThrow('42P07');
    await direct.query('drop table refusals');
    const database = await openAt(url);
    opened.push(database);
    expect(database.readiness.isReady).toBe(true);
  });

  it('one that ignores the limits it is asked for is seen through', async () => {
    const { queries } = await openThrough({
      ignore_startup_parameters: 'statement_timeout,lock_timeout,idle_in_transaction_session_timeout',
    });
    expect(inOrder((await limitsNow.execute(queries)).rows)).toEqual([5_000, 0, 800]);
  });

  it('its session mode works as well', async () => {
    const { queries } = await openThrough({ pool_mode: 'session', default_pool_size: 20 });
    expect(inOrder((await limitsNow.execute(queries)).rows)).toEqual([5_000, 0, 800]);
  });

  it('its statement mode is refused with the reason', async () => {
    const { url, port } = await startPgBouncer(server.url, { pool_mode: 'statement' });
    await expect(openAt(url)).rejects.toThrow(
      `DATABASE_URL: expected PostgreSQL, or a pooler that keeps a transaction on one connection; found 127.0.0.1:${port}, a pooler with pool_mode = statement; set pool_mode = transaction for this database in pgbouncer.ini, or name PostgreSQL itself`,
    );
  });
});

describe('without a pooler', () => {
  it('the limits are those of the session, and a recorded statement is planned once', async () => {
    const database = await openAt(server.url);
    opened.push(database);
    const planned = sql<{ statement: string }>`select statement from pg_prepared_statements`.compile(
      database.queries,
    );
    await database.record(planned);
    const { rows } = await database.record(planned);
    expect(inOrder((await limitsNow.execute(database.queries)).rows)).toEqual([5_000, 0, 800]);
    expect(rows).toEqual([{ statement: 'select statement from pg_prepared_statements' }]);
  });
});
