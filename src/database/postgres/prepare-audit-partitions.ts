import { setTimeout as wait } from 'node:timers/promises';
import { sql, type RawBuilder } from 'kysely';
import {
  lockBriefly,
  PARTITIONED,
  preparedBound,
  preparedIndex,
} from '../migrations/0003-audit-partitions.js';
import type { Queries } from '../schema.js';

/** What is done to a table of the audit log before it becomes a partition, for the log. */
export type OnPreparation = (step: { readonly table: string; readonly step: string }) => void;

/** The first partition ends at the beginning of a month that is at least this far away. */
const FIRST_PARTITION_DAYS = 28;

/** A preparation that was cut off may be gone on with while its end is still this far away. */
const LEAST_DAYS = 7;

const DAY_SECONDS = 86_400;

/** Whether the log was made by a version without partitions. A database without any schema has none to prepare. */
export async function isAuditLogWhole(queries: Queries): Promise<boolean> {
  const known = await sql<{ is_known: boolean }>`
    select to_regclass('kysely_migration') is not null as is_known`.execute(queries);
  if (known.rows[0]?.is_known !== true) return false;
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(queries);
  const names = rows.map(({ name }) => name);
  return names.includes('0002-audit-log') && !names.includes('0003-audit-partitions');
}

/**
 * Makes ready, for a log of any size, what the migration to partitions needs of the tables as they are: a unique index
 * with the time, and a proof that no row is of a later time than the first partition will hold. Each step is a
 * transaction of its own that holds nobody up, and is left out where it has been done: it may be cut off anywhere and
 * begun again. Two at the same time are kept apart by the migration lock of the caller.
 * @param queries on one connection, outside of any transaction
 */
export async function prepareAuditPartitions(queries: Queries, onStep: OnPreparation): Promise<void> {
  for (const [table, timeColumn] of PARTITIONED) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: each reads the whole table
    await prepare(queries, table, timeColumn, (step) => onStep({ table, step }));
  }
}

async function prepare(
  queries: Queries,
  table: string,
  timeColumn: string,
  onStep: (step: string) => void,
): Promise<void> {
  await untilNobodyIndexes(queries, table);
  const before = await stateOf(queries, table);
  if (before === null) return;
  const [whole, time] = [sql.table(table), sql.ref(timeColumn)];
  const [index, bound] = [preparedIndex(table), preparedBound(table)];

  if (before.indexIsValid !== true) {
    // "If a problem arises while scanning the table … will leave behind an invalid index" (CREATE INDEX, CONCURRENTLY).
    if (before.indexIsValid === false) await sql`drop index concurrently ${sql.id(index)}`.execute(queries);
    onStep('index');
    await sql`create unique index concurrently ${sql.id(index)} on ${whole} (id, ${time})`.execute(queries);
  }

  const isStale =
    before.boundEpochSeconds !== null && before.boundEpochSeconds < before.now + LEAST_DAYS * DAY_SECONDS;
  if (isStale) await soon(queries, table, sql`alter table ${whole} drop constraint ${sql.id(bound)}`);
  if (before.boundEpochSeconds === null || isStale) {
    const { rows } = await sql<{ bound: number }>`
      select extract(epoch from date_trunc('month', to_timestamp(greatest(max(${time}),
        ${before.now + FIRST_PARTITION_DAYS * DAY_SECONDS}::bigint)) at time zone 'UTC') + interval '1 month')::bigint
        as bound from ${whole}`.execute(queries);
    const check = sql`${time} < ${sql.lit(rows[0]?.bound ?? 0)}`;
    await soon(
      queries,
      table,
      sql`alter table ${whole} add constraint ${sql.id(bound)} check (${check}) not valid`,
    );
  }
  if (!before.boundIsValid || isStale) {
    onStep('check');
    await sql`alter table ${whole} validate constraint ${sql.id(bound)}`.execute(queries);
  }
}

/**
 * PostgreSQL goes on making an index whose client was killed: it looks for the client when it has an answer for it. To
 * wait for its lock would deadlock with it ("create index concurrently" waits for every transaction before it ends).
 */
async function untilNobodyIndexes(queries: Queries, table: string): Promise<void> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- until it is so
    const { rows } = await sql`
      select pid from pg_stat_progress_create_index
      where datname = current_database() and relid = to_regclass(${table})`.execute(queries);
    if (rows.length === 0) return;
    // oxlint-disable-next-line no-await-in-loop -- between two looks
    await wait(INDEX_LOOK_MILLISECONDS);
  }
}

const INDEX_LOOK_MILLISECONDS = 500;

interface PreparationState {
  readonly now: number;
  /** `null` = there is no index. */
  readonly indexIsValid: boolean | null;
  /** `null` = there is no constraint. */
  readonly boundEpochSeconds: number | null;
  readonly boundIsValid: boolean;
}

/** `null` where there is no such table, or it has partitions already. */
async function stateOf(queries: Queries, table: string): Promise<PreparationState | null> {
  const { rows } = await sql<PreparationState>`
    select floor(extract(epoch from now()))::bigint as now,
      (select indisvalid from pg_index join pg_class as one on one.oid = indexrelid
        where indrelid = whole.oid and one.relname = ${preparedIndex(table)}) as "indexIsValid",
      (select substring(pg_get_constraintdef(oid) from '\\d+')::bigint from pg_constraint
        where conrelid = whole.oid and conname = ${preparedBound(table)}) as "boundEpochSeconds",
      exists (select from pg_constraint
        where conrelid = whole.oid and conname = ${preparedBound(table)} and convalidated) as "boundIsValid"
    from pg_class as whole where oid = to_regclass(${table}) and relkind = 'r'`.execute(queries);
  return rows[0] ?? null;
}

/**
 * Makes a change that is over at once, but needs the table for itself.
 * @throws PostgreSQL's `lock_not_available` when the table was in use all the time
 */
async function soon(queries: Queries, table: string, change: RawBuilder<unknown>): Promise<void> {
  // A parameter cannot stand in a statement of this kind, and the limit must end with it, whatever pools the connection.
  const { sql: text } = change.compile(queries);
  await sql.raw(`do $soon$ begin ${lockBriefly(table)} ${text}; end $soon$`).execute(queries);
}
