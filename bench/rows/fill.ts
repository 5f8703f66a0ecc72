// Puts many rows into a database as quickly as it takes them: indexes and triggers are taken away meanwhile and made
// again from their own definitions. What is left behind is what the service would have written.
import Sqlite from 'better-sqlite3';
import { setTimeout as wait } from 'node:timers/promises';
import { Kysely, PostgresDialect } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import { Client, Pool } from 'pg';

/** How many rows, and whose. */
export interface Filling {
  readonly grants: number;
  readonly entitlements: number;
  /** Grants are spread evenly over so many days up to now. */
  readonly days: number;
}

const DAY_SECONDS = 86_400;

/** Rows of one statement: some seconds each, so that a run that is stopped stops soon. */
const SLICE_ROWS = 1_000_000;

/** Row `i` of `grants`, written in the SQL that both databases understand, but for the id. */
const grantColumns = (id: string, viewers: number, begin: number, step: number) => `
  ${id}, 'viewer-' || (i % ${viewers}), 'courses/algebra', 'https://cdn.media.example.com/courses/algebra/*',
  'K2JCJMDEHXQW5F', 'entitlement-' || (i % ${viewers}), ${begin} + ${whole(`i * ${step}`)}, ${begin} + 900 + ${whole(`i * ${step}`)}`;

const whole = (number: string) => `cast(${number} as bigint)`;

function timesOf({ grants, days }: Filling): { readonly begin: number; readonly step: number } {
  const spanSeconds = days * DAY_SECONDS;
  return {
    begin: Math.floor(Date.now() / 1000) - spanSeconds,
    step: (spanSeconds - 60) / Math.max(1, grants),
  };
}

/** The service's own files, compiled beside the benchmarks. */
const service = (path: string): Promise<unknown> => import(new URL(`../../${path}`, import.meta.url).href);

/** Makes the schema as the service does when it starts, however long that takes. */
export async function migrate(url: string): Promise<void> {
  const [{ openDatabase }, { Secret }] = (await Promise.all([
    service('database/open-database.js'),
    service('settings/secret.js'),
  ])) as [
    { openDatabase: (settings: object, onLost: () => void) => Promise<OpenedDatabase> },
    { Secret: new (text: string) => object },
  ];
  const path = /^sqlite:(.*)/.exec(url)?.[1];
  const settings = path === undefined ? { kind: 'postgres', url: new Secret(url) } : { kind: 'sqlite', path };
  const database = await openDatabase(settings, () => undefined);
  const { readiness } = database;
  while (!readiness.isReady) {
    if (readiness.lastError !== null) throw readiness.lastError;
    // oxlint-disable-next-line no-await-in-loop -- until it is done
    await wait(100);
  }
  await database.close();
}

interface OpenedDatabase {
  readonly readiness: { readonly isReady: boolean; readonly lastError: unknown };
  close(): Promise<void>;
}

/** Makes the schema of the version before, without partitions. */
export async function migrateToVersionBefore(url: string): Promise<void> {
  const [{ DIALECT_FRAGMENTS }, { entitlementsAndGrants }, { auditLog }] = (await Promise.all([
    service('database/dialect-fragments.js'),
    service('database/migrations/0001-entitlements-and-grants.js'),
    service('database/migrations/0002-audit-log.js'),
  ])) as [
    { DIALECT_FRAGMENTS: Readonly<Record<string, object>> },
    { entitlementsAndGrants: (fragments: object | undefined) => Migration },
    { auditLog: (fragments: object | undefined) => Migration },
  ];
  const fragments = DIALECT_FRAGMENTS['postgres'];
  const migrations = {
    '0001-entitlements-and-grants': entitlementsAndGrants(fragments),
    '0002-audit-log': auditLog(fragments),
  };
  const pool = new Pool({ connectionString: url });
  pool.on('error', () => undefined);
  const queries = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  const provider = { getMigrations: () => Promise.resolve(migrations) };
  const { error } = await new Migrator({ db: queries, provider }).migrateToLatest();
  await queries.destroy();
  if (error) throw error;
}

/** An empty database beside the one that the address names; gives its address. */
export async function makePostgresDatabase(administration: string, name: string): Promise<string> {
  await onPostgres(administration, (client) => client.query(`create database ${name}`));
  const url = new URL(administration);
  url.pathname = `/${name}`;
  return url.href;
}

export async function onPostgres(url: string, use: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

/** Fills the tables of a PostgreSQL database whose schema is there. */
export async function fillPostgres(url: string, filling: Filling): Promise<void> {
  await onPostgres(url, async (client) => {
    await client.query(
      `set maintenance_work_mem = '512MB'; set synchronous_commit = off; set timezone = 'UTC'`,
    );
    const { begin, step } = timesOf(filling);
    const { rows: indexes } = await client.query<{
      name: string;
      definition: string;
      constraint: string | null;
    }>(
      `select indexrelid::regclass::text as name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') as definition,
         (select pg_get_constraintdef(oid) from pg_constraint where conindid = indexrelid and contype in ('p', 'u')) as constraint
       from pg_index where indrelid in ('grants'::regclass, 'entitlements'::regclass)`,
    );
    const tableOf = (name: string) => (name.startsWith('grants') ? 'grants' : 'entitlements');
    const statements = [
      ...indexes.map(({ name, constraint }) =>
        constraint === null ? `drop index ${name}` : `alter table ${tableOf(name)} drop constraint ${name}`,
      ),
      ...monthsOf(begin).map(
        ([from, until]) =>
          // There is no such function in the schema of the version before.
          `do $$ begin perform edgepass_add_audit_partition('grants', ${from}, ${until});
           exception when undefined_function then null; end $$`,
      ),
      `insert into entitlements (id, subject, prefix, given_by, given_at)
       select 'entitlement-' || i, 'user:viewer-' || i, 'courses/geometry', 'bench', ${begin}
       from generate_series(0, ${filling.entitlements - 1}) as i`,
      ...slices(filling.grants).map(
        ([
          from,
          until,
        ]) => `insert into grants (id, viewer_id, prefix, resource, key_pair_id, entitlement_id, issued_at, expires_at)
         select ${grantColumns(
           `substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7000-8000-' || lpad(to_hex(i), 12, '0')`,
           filling.entitlements,
           begin,
           step,
         )}
         from generate_series(${from}::bigint, ${until - 1}::bigint) as i,
           lateral (select lpad(to_hex(((${begin} + i * ${step}) * 1000)::bigint), 12, '0') as h) as time`,
      ),
      ...indexes.map(({ name, definition, constraint }) =>
        constraint === null
          ? definition
          : `alter table ${tableOf(name)} add constraint ${name} ${constraint}`,
      ),
      'vacuum analyze grants',
      'vacuum analyze entitlements',
      'checkpoint',
    ];
    for (const statement of statements) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await client.query(statement);
    }
  });
}

/** Fills the tables of an SQLite file that no service has open. */
export function fillSqlite(path: string, filling: Filling): void {
  const file = new Sqlite(path);
  try {
    file.pragma('journal_mode = OFF');
    file.pragma('synchronous = OFF');
    file.pragma('cache_size = -500000');
    const { begin, step } = timesOf(filling);
    const away = file
      .prepare<[], { type: string; name: string; sql: string }>(
        `select type, name, sql from sqlite_schema
         where type in ('index', 'trigger') and tbl_name in ('grants', 'entitlements') and sql is not null`,
      )
      .all();
    for (const { type, name } of away) file.exec(`drop ${type} ${name}`);
    const numbers = (from: number, until: number) =>
      `with recursive numbers(i) as (select ${from} union all select i + 1 from numbers where i + 1 < ${until})`;
    const ms = whole(`(${begin} + i * ${step}) * 1000`);
    file.exec('begin');
    file.exec(`${numbers(0, filling.entitlements)}
      insert into entitlements (id, subject, prefix, given_by, given_at)
      select 'entitlement-' || i, 'user:viewer-' || i, 'courses/geometry', 'bench', ${begin} from numbers`);
    for (const [from, until] of slices(filling.grants)) {
      const id = `printf('%08x-%04x-7000-8000-%012x', ${ms} >> 16, ${ms} & 65535, i)`;
      file.exec(`${numbers(from, until)}
        insert into grants (id, viewer_id, prefix, resource, key_pair_id, entitlement_id, issued_at, expires_at)
        select ${grantColumns(id, filling.entitlements, begin, step)} from numbers`);
    }
    for (const { sql } of away) file.exec(sql);
    file.exec('commit');
    file.pragma('journal_mode = WAL');
  } finally {
    file.close();
  }
}

/** The months from that time up to the current one. */
function monthsOf(beginEpochSeconds: number): readonly (readonly [from: number, until: number])[] {
  const first = new Date(beginEpochSeconds * 1000);
  const months: [number, number][] = [];
  for (let month = first.getUTCMonth(); ; month += 1) {
    const [from, until] = [month, month + 1].map((each) => Date.UTC(first.getUTCFullYear(), each) / 1000) as [
      number,
      number,
    ];
    if (until * 1000 > Date.now()) return months;
    months.push([from, until]);
  }
}

function slices(rows: number): readonly (readonly [from: number, until: number])[] {
  const count = Math.ceil(rows / SLICE_ROWS);
  return Array.from({ length: count }, (_, index) => [
    index * SLICE_ROWS,
    Math.min(rows, (index + 1) * SLICE_ROWS),
  ]);
}
