import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, test } from '@jest/globals';
import { Kysely, PostgresDialect, type CompiledQuery } from 'kysely';
import type { Client } from 'pg';
import { until } from '../../../test/support/operated-api.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/postgres.js';
import { connectTo, poolOn } from '../../../test/support/postgres-connections.js';
import { migrateToVersionBefore } from '../../../test/support/version-before.js';
import { AuditLog } from '../../audit/audit-log.js';
import { readPrefix, type Prefix } from '../../cloudfront/prefix.js';
import { EntitlementRepository } from '../../entitlements/entitlement.repository.js';
import { callerOf } from '../../authentication/viewer.js';
import { DatabaseGrantLedger } from '../../grants/database-grant-ledger.js';
import { Secret } from '../../settings/secret.js';
import type { Database } from '../database.js';
import { openDatabase } from '../open-database.js';
import type { Tables } from '../schema.js';

const DAY_SECONDS = 86_400;
const TABLES = ['grants', 'refusals'] as const;
const silent = (): void => undefined;
const now = Math.floor(Date.now() / 1000);

let server: TestDatabase;
let owner: Client;
let opened: Database[];
beforeEach(async () => {
  server = await createTestDatabase();
  owner = await connectTo(server.url);
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((database) => database.close()));
  await owner.end();
  await server.drop();
});

async function open(url = server.url, onMaintenance?: Parameters<typeof openDatabase>[3]): Promise<Database> {
  const database = await openDatabase(
    { kind: 'postgres', url: new Secret(url) },
    silent,
    silent,
    onMaintenance,
  );
  opened.push(database);
  return database;
}

/** What the service of every version writes. */
const INSERT = `insert into grants (id, viewer_id, prefix, resource, key_pair_id, entitlement_id, issued_at, expires_at)
  values ($1, 'u1', 'a', 'https://cdn.example.com/a/*', 'K1', 'e1', $2::bigint, $2::bigint + 900)`;

const grantAt = (id: string, at: number) => owner.query(INSERT, [id, at]);
const refusalAt = (id: string, at: number) =>
  owner.query(
    `insert into refusals (id, viewer_id, code, count, refused_at) values ($1, 'u1', 'not_entitled', 1, $2)`,
    [id, at],
  );

async function valuesOf(text: string, values: unknown[] = []): Promise<unknown[]> {
  const { rows } = await owner.query<unknown[]>({ text, values, rowMode: 'array' });
  return rows.map((row) => (row.length === 1 ? row[0] : row));
}

const partitionsOf = (table: string) =>
  valuesOf(
    'select partition_name from audit_partitions where table_name = $1 order by until_epoch_seconds nulls last',
    [table],
  ) as Promise<string[]>;

/** `2026_11` for the current month, `2026_12` for the next. */
function monthAhead(months: number, from = new Date()): string {
  const month = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months));
  return month.toISOString().slice(0, 7).replace('-', '_');
}

/** A partition for a month that is over, as a database of years ago has it. */
async function addPartition(table: string, year: number, month = 0): Promise<string> {
  const [from, until] = [Date.UTC(year, month) / 1000, Date.UTC(year, month + 1) / 1000];
  const added = await valuesOf('select edgepass_add_audit_partition($1, $2, $3)', [table, from, until]);
  expect(added).toEqual([true]);
  return `${table}_${monthAhead(0, new Date(from * 1000))}`;
}

describe('the audit log of a new database', () => {
  it('has a partition for this month, the three after it, and whatever else comes', async () => {
    await open();
    for (const table of TABLES) {
      expect(await partitionsOf(table)).toEqual([
        ...[0, 1, 2, 3].map((months) => `${table}_${monthAhead(months)}`),
        `${table}_default`,
      ]);
    }
  });

  it('gets the months that come while the service runs, without a word when there are none', async () => {
    const lines: unknown[] = [];
    await (await open()).close();
    const last = `grants_${monthAhead(3)}`;
    await owner.query(`drop table ${last}`);
    await open(server.url, (level, line) => lines.push([level, line]));
    expect(await partitionsOf('grants')).toContain(last);
    await open(server.url, (level, line) => lines.push([level, line]));
    expect(lines).toEqual([['info', { msg: 'partitions of the audit log were made', count: 1 }]]);
  });

  it('lets no caller wait for a month that a long reader is in the way of; it is made later', async () => {
    await open();
    await owner.query(`drop table grants_${monthAhead(3)}`);
    const reader = await connectTo(server.url);
    await reader.query('begin; select id from grants');
    const make = () => valuesOf('select edgepass_make_audit_partitions()');
    await expect(make()).rejects.toThrow('lock timeout');
    await reader.query('commit');
    await reader.end();
    expect(await make()).toEqual([1]);
  });

  it('keeps rows of a month without a partition, and leaves them where they are when that month comes', async () => {
    await open();
    await grantAt('later', Date.UTC(2099, 0, 2) / 1000);
    const [from, until] = [Date.UTC(2099, 0) / 1000, Date.UTC(2099, 1) / 1000];
    expect(await valuesOf(`select edgepass_add_audit_partition('grants', $1, $2)`, [from, until])).toEqual([
      false,
    ]);
    expect(await valuesOf('select id from grants_default')).toEqual(['later']);
    expect(await valuesOf('select id from grants')).toEqual(['later']);
  });
});

describe('a partition, asked for by its own name,', () => {
  test('refuses UPDATE and TRUNCATE, and DELETE before the retention date: the first, the made ones and the default', async () => {
    await makeVersionBefore();
    await open();
    for (const table of TABLES) {
      const column = table === 'grants' ? 'viewer_id' : 'code';
      const partitions = await partitionsOf(table);
      expect(partitions.length).toBeGreaterThanOrEqual(4);
      for (const partition of partitions) {
        await expect(owner.query(`update ${partition} set ${column} = 'other'`)).rejects.toThrow(
          `${partition} is append-only`,
        );
        await expect(owner.query(`truncate ${partition}`)).rejects.toThrow(`${partition} is append-only`);
      }
      const current = partitions.find((name) => name.includes('before'));
      await expect(owner.query(`delete from ${current}`)).rejects.toThrow(
        `${table} is kept until its retention date`,
      );
    }
    await owner.query(INSERT, ['far', Date.UTC(2099, 0) / 1000]);
    await expect(owner.query('delete from grants_default')).rejects.toThrow('is kept until');
  });

  test('is dropped by the function when its last possible row may go, and not before', async () => {
    await open();
    const old = await addPartition('grants', 2001);
    await grantAt('old', Date.UTC(2001, 0, 2) / 1000);
    const drop = (name: string) => owner.query('select edgepass_drop_audit_partition($1)', [name]);
    await expect(drop(`grants_${monthAhead(0)}`)).rejects.toThrow('is kept until its retention date');
    await expect(drop('grants_default')).rejects.toThrow('is no partition of the audit log');
    await expect(drop('entitlements')).rejects.toThrow('is no partition of the audit log');
    await drop(old);
    expect(await partitionsOf('grants')).not.toContain(old);
    expect(await valuesOf('select count(*)::int from grants')).toEqual([0]);
  });

  test('is not given up for a temporary table that says the retention is over', async () => {
    await open();
    const today = new Date();
    const young = await addPartition('grants', today.getUTCFullYear(), today.getUTCMonth() - 6);
    await grantAt('young', now);
    await owner.query('create temporary table audit_retention (id bigint, seconds bigint)');
    await owner.query('insert into pg_temp.audit_retention values (1, -9000000000)');
    await expect(owner.query(`delete from grants where id = 'young'`)).rejects.toThrow('is kept until');
    await expect(owner.query('select edgepass_drop_audit_partition($1)', [young])).rejects.toThrow(
      'is kept until',
    );
  });
});

describe('a role of the service that owns nothing', () => {
  const role = `service_${process.pid}`;
  let url: URL;
  let service: Client;
  beforeEach(async () => {
    await (await open()).close();
    await owner.query(`create role ${role} login password 'service'`);
    await owner.query(`grant select on all tables in schema public to ${role}`);
    await owner.query(`grant insert on grants, refusals, entitlement_changes to ${role}`);
    await owner.query(`grant insert, update, delete on entitlements to ${role}`);
    await owner.query(`grant insert, update on write_probe to ${role}`);
    url = new URL(server.url);
    url.username = role;
    url.password = 'service';
    service = await connectTo(url.href);
  });
  afterEach(async () => {
    await service.end();
    await Promise.all(opened.map((database) => database.close()));
    await owner.query(`drop owned by ${role}`);
    await owner.query(`drop role ${role}`);
  });

  it('starts, records grants, and has the months to come made', async () => {
    const last = `grants_${monthAhead(3)}`;
    await owner.query(`drop table ${last}`);
    const database = await open(url.href);
    expect(database.readiness.isReady).toBe(true);
    expect(await partitionsOf('grants')).toContain(last);
    await service.query(INSERT, ['g1', now]);
    expect(await valuesOf('select id from grants')).toEqual(['g1']);
  });

  it('can take nothing away, of the log or of a partition', async () => {
    const old = await addPartition('grants', 2001);
    await grantAt('old', Date.UTC(2001, 0, 2) / 1000);
    for (const statement of [
      `update grants set viewer_id = 'other'`,
      'delete from grants',
      'truncate grants',
      `delete from ${old}`,
      `truncate ${old}`,
      `drop table ${old}`,
      `alter table grants detach partition ${old}`,
      `alter table ${old} disable trigger all`,
      `drop trigger grants_retained on grants`,
      `update audit_retention set seconds = 1000000000`,
      `select edgepass_drop_audit_partition('${old}')`,
      `select edgepass_add_audit_partition('grants', 0, 1)`,
    ]) {
      await expect(service.query(statement)).rejects.toThrow(/permission denied|must be owner/);
    }
    expect(await valuesOf('select id from grants')).toEqual(['old']);
  });

  it('with the right to DELETE drops partitions whose retention is over, and no other', async () => {
    const old = await addPartition('grants', 2001);
    await owner.query(`grant delete on grants to ${role}`);
    await service.query('select edgepass_drop_audit_partition($1)', [old]);
    await expect(
      service.query('select edgepass_drop_audit_partition($1)', [`grants_${monthAhead(0)}`]),
    ).rejects.toThrow('is kept until its retention date');
    expect(await partitionsOf('grants')).not.toContain(old);
  });
});

const FIRST_ROWS = 300;

/** The schema of the version before, with grants of the last 300 days, a few refusals, and a role that may read them. */
async function makeVersionBefore(): Promise<void> {
  const queries = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: poolOn(server.url) }) });
  await migrateToVersionBefore(queries, 'postgres');
  await queries.destroy();
  await owner.query(
    `insert into grants (id, viewer_id, prefix, resource, key_pair_id, entitlement_id, issued_at, expires_at)
     select 'g' || lpad(day::text, 3, '0'), 'u1', 'a', 'https://cdn.example.com/a/*', 'K1', 'e1', issued_at, issued_at + 900
     from (select day, $1::bigint - ($2::bigint - day) * $3::bigint as issued_at from generate_series(0, $2::bigint - 1) as day) as days`,
    [now, FIRST_ROWS, DAY_SECONDS],
  );
  await refusalAt('r1', now - DAY_SECONDS);
}

describe('a log of the version before', () => {
  const countGrants = () => valuesOf('select count(*)::int from grants');

  it('becomes the first partition as it is, with the rights that others have on it', async () => {
    await makeVersionBefore();
    const reader = `reader_${process.pid}`;
    await owner.query(`create role ${reader}`);
    await owner.query(`grant select, insert on grants to ${reader}`);
    await owner.query('grant select on refusals to public');
    const [fileBefore] = await valuesOf(`select pg_relation_filenode('grants')`);
    const database = await open();
    expect(database.readiness.isReady).toBe(true);
    const [first, ...others] = await partitionsOf('grants');
    expect(first).toMatch(/^grants_before_\d{4}_\d{2}$/);
    expect(others.at(-1)).toBe('grants_default');
    expect(await valuesOf(`select pg_relation_filenode('${first}')`)).toEqual([fileBefore]);
    expect(await countGrants()).toEqual([FIRST_ROWS]);
    expect(await valuesOf('select id from refusals')).toEqual(['r1']);
    expect(
      await valuesOf(
        `select has_table_privilege($1, 'grants', 'insert'), has_table_privilege($1, 'grants', 'delete'),
                has_table_privilege($1, 'refusals', 'select')`,
        [reader],
      ),
    ).toEqual([[true, false, true]]);
    expect(
      await valuesOf(
        `select conname from pg_constraint where contype = 'c' and conrelid = '${first}'::regclass`,
      ),
    ).toEqual([]);
    await owner.query(`drop owned by ${reader}`);
    await owner.query(`drop role ${reader}`);
  });

  it('takes every grant of the version before while it is prepared and afterwards, on the same connection', async () => {
    await makeVersionBefore();
    const old = await connectTo(server.url);
    const work = { isOver: false, written: 0, enough: Number.POSITIVE_INFINITY };
    const writing = (async () => {
      while (!work.isOver || work.written < work.enough) {
        const values = [`w${String(work.written).padStart(9, '0')}`, now];
        await old.query({ name: 'grant', text: INSERT, values });
        work.written += 1;
      }
    })();
    await open();
    const during = work.written;
    // Ten more on the statement that was prepared before.
    work.enough = during + 10;
    work.isOver = true;
    await writing;
    await old.end();
    expect(during).toBeGreaterThan(0);
    expect(await countGrants()).toEqual([FIRST_ROWS + work.written]);
  });

  it('that was cut off while its index was made, or while it was checked, goes on and is whole', async () => {
    await makeVersionBefore();
    const steps: unknown[] = [];
    // What "create index concurrently" leaves when it is killed, and a check that nobody has proved.
    await owner.query('create unique index grants_id_and_time on grants (id, issued_at)');
    await owner.query(
      `update pg_index set indisvalid = false where indexrelid = 'grants_id_and_time'::regclass`,
    );
    const bound = Date.UTC(2099, 0) / 1000;
    await owner.query(
      `alter table grants add constraint grants_first_partition check (issued_at < ${bound}) not valid`,
    );
    await owner.query('create unique index refusals_id_and_time on refusals (id, refused_at)');
    const database = await open(server.url, (_, line) => steps.push(line));
    expect(database.readiness.isReady).toBe(true);
    const msg = 'the audit log is being made ready for partitions; this may take minutes';
    expect(steps.filter((line) => (line as { msg: string }).msg === msg)).toEqual([
      { msg, table: 'grants', step: 'index' },
      { msg, table: 'grants', step: 'check' },
      { msg, table: 'refusals', step: 'check' },
    ]);
    expect((await partitionsOf('grants'))[0]).toBe('grants_before_2099_01');
    expect(await valuesOf('select count(*)::int from pg_index where not indisvalid')).toEqual([0]);
    expect(await countGrants()).toEqual([FIRST_ROWS]);
  });

  it('whose index is still made by PostgreSQL for a start that was killed waits for it, and uses it', async () => {
    await makeVersionBefore();
    const [reader, killed] = [await connectTo(server.url), await connectTo(server.url)];
    // An index that is made concurrently waits for every older snapshot.
    await reader.query('begin isolation level repeatable read; select 1 from grants limit 1');
    const making = killed.query(
      'create unique index concurrently grants_id_and_time on grants (id, issued_at)',
    );
    const broken = making.catch((error: unknown) => error);
    const isTrue = (condition: string) => async () => (await valuesOf(`select ${condition}`))[0] === true;
    await until(isTrue('exists (select from pg_stat_progress_create_index)'));
    // pg's types leave it out: end() would wait for the answer.
    (killed as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
    expect(await broken).toBeInstanceOf(Error);

    const opening = open();
    await until(
      isTrue(
        `exists (select from pg_stat_activity where pid <> pg_backend_pid() and query like '%pg_stat_progress_create_index%')`,
      ),
    );
    const [file] = await valuesOf(`select pg_relation_filenode('grants_id_and_time')`);
    await reader.query('commit');
    const database = await opening;
    await reader.end();
    expect(database.readiness.isReady).toBe(true);
    const [first] = await partitionsOf('grants');
    expect(await valuesOf(`select pg_relation_filenode('${first}_pkey')`)).toEqual([file]);
    expect(await countGrants()).toEqual([FIRST_ROWS]);
  });

  it('whose preparation was left lying until its end came near is prepared anew', async () => {
    await makeVersionBefore();
    await owner.query(
      `alter table grants add constraint grants_first_partition check (issued_at < ${now + DAY_SECONDS})`,
    );
    await open();
    const [until] = await valuesOf(
      `select until_epoch_seconds::int from audit_partitions where partition_name like 'grants_before%'`,
    );
    expect(until).toBeGreaterThan(now + 28 * DAY_SECONDS);
  });
});

describe('with years of partitions', () => {
  const plan = async ({ sql: text, parameters }: CompiledQuery, mode: string): Promise<string> => {
    await owner.query(`set plan_cache_mode = ${mode}`);
    const lines = await owner.query<{ 'QUERY PLAN': string }>({
      text: `explain (costs off) ${text}`,
      values: [...parameters],
    });
    return lines.rows.map((row) => row['QUERY PLAN']).join('\n');
  };
  const partitionsIn = (text: string) => [
    ...new Set([...text.matchAll(/ on (grants_\w+)/g)].map(([, name]) => name)),
  ];

  it('a grant counts in this month alone, however often its statement was prepared', async () => {
    const database = await open();
    for (const year of [2001, 2002, 2003]) await addPartition('grants', year);
    const recorded: CompiledQuery[] = [];
    const record = database.record.bind(database);
    database.record = (query) => {
      recorded.push(query);
      return record(query);
    };
    const ledger = new DatabaseGrantLedger(database, new EntitlementRepository(database), 100);
    // The middle of a month: the minute before and after it is in no other.
    const at = Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth(), 15) / 1000;
    await ledger.permitAndRecord({
      id: 'g1',
      caller: callerOf({ id: 'u1', groups: [] }),
      prefix: prefixOf('a'),
      resource: 'https://cdn.example.com/a/*',
      issuedAs: 'cookies',
      keyPairId: 'K1',
      issuedAtEpochSeconds: at,
      expiresAtEpochSeconds: at + 900,
    });
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      expect(partitionsIn(await plan(recorded[0]!, mode))).toEqual([`grants_${monthAhead(0)}`]);
    }
  });

  it('an export of a month reads that month, and a page of the log is found without sorting', async () => {
    const database = await open();
    const names = [];
    for (const year of [2001, 2002, 2003]) names.push(await addPartition('grants', year));
    const asked: CompiledQuery[] = [];
    const queries = database.queries.withPlugin({
      transformQuery: ({ node }) => {
        asked.push(database.queries.getExecutor().compileQuery(node, { queryId: 'explained' }));
        return node;
      },
      transformResult: ({ result }) => Promise.resolve(result),
    });
    const log = new AuditLog(queries);
    const [sinceEpochSeconds, untilEpochSeconds] = [Date.UTC(2002, 0) / 1000, Date.UTC(2002, 1) / 1000];
    const range = { kinds: ['grant'], sinceEpochSeconds, untilEpochSeconds } as const;
    for await (const _ of log.completeRange(range, now, 'postgres').events);
    expect(partitionsIn(await plan(asked[0]!, 'auto'))).toEqual(['grants_2002_01']);

    await log.page({ limit: 51, afterId: '019aa0c0-0000-7000-8000-000000000000' });
    const page = asked.find(({ sql: text }) => text.includes('"grants"') && text.includes('desc'));
    await owner.query('set enable_seqscan = off; set enable_bitmapscan = off');
    const text = await plan(page!, 'auto');
    expect(text).toContain('Merge Append');
    expect(text).not.toContain('Sort\n');
    expect(partitionsIn(text)).toEqual(expect.arrayContaining(names));
  });
});

function prefixOf(text: string): Prefix {
  const read = readPrefix(text);
  if ('fault' in read) throw new Error(read.detail);
  return read.prefix;
}
