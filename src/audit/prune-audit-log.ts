import { sql } from 'kysely';
import type { Queries } from '../database/schema.js';
import { errorCode } from '../operation/error-code.js';
import { AUDIT_KINDS, type AuditKind } from './audit-event.js';

/** What to delete, and how. */
export interface AuditPruning {
  /** Rows of a time before this one go. It is at most {@link retentionCutoff}: of younger ones the database refuses it. */
  readonly beforeEpochSeconds: number;
  /** Only counts. */
  readonly isDryRun: boolean;
  /** Called after each step with its duration, so that others get at the database meanwhile. */
  readonly rest: (stepMilliseconds: number) => Promise<void>;
}

/** Rows that one transaction looks at: its locks and its part of the write-ahead log stay small. */
const STEP_ROWS = 1_000;

/** The table of each kind, and the column with the time from which its retention counts. */
const TABLES: Readonly<Record<AuditKind, readonly [table: string, timeColumn: string]>> = {
  grant: ['grants', 'issued_at'],
  refusal: ['refusals', 'refused_at'],
  entitlement: ['entitlement_changes', 'changed_at'],
};

/**
 * The time before which the database lets rows go.
 * @param nowEpochSeconds of the database's machine
 */
export async function retentionCutoff(queries: Queries, nowEpochSeconds: number): Promise<number> {
  const { seconds } = await queries.selectFrom('audit_retention').select('seconds').executeTakeFirstOrThrow();
  return nowEpochSeconds - seconds;
}

/**
 * The beginning of the month of a time, in UTC: where a partition of PostgreSQL begins, so that nothing before it has to
 * be deleted row by row.
 */
export function beginningOfMonth(epochSeconds: number): number {
  const time = new Date(epochSeconds * 1000);
  return Date.UTC(time.getUTCFullYear(), time.getUTCMonth()) / 1000;
}

/**
 * Drops the partitions whose rows are all old enough, where there are any, and deletes the oldest of the other rows in
 * steps of their own transactions, in the order of their ids. It may be cut off between any two steps and begun again.
 * @returns how many rows of each kind went, or would have gone
 */
export async function pruneAuditLog(
  queries: Queries,
  database: 'sqlite' | 'postgres',
  pruning: AuditPruning,
): Promise<Readonly<Record<AuditKind, number>>> {
  const pruned = { grant: 0, refusal: 0, entitlement: 0 };
  for (const kind of AUDIT_KINDS) {
    const [table, timeColumn] = TABLES[kind];
    // oxlint-disable no-await-in-loop -- one table after the other
    const whole = database === 'sqlite' ? [] : await partitionsBefore(queries, table, pruning);
    for (const partition of whole) {
      pruned[kind] += await dropPartition(queries, partition, timeColumn, pruning);
    }
    // A dry run has left them, and they are counted already.
    const counted = pruning.isDryRun ? whole : [];
    pruned[kind] += await pruneTable(queries, TABLES[kind], counted, pruning);
    // oxlint-enable no-await-in-loop
  }
  return pruned;
}

async function pruneTable(
  queries: Queries,
  [table, timeColumn]: readonly [string, string],
  besides: readonly Partition[],
  { beforeEpochSeconds, isDryRun, rest }: AuditPruning,
): Promise<number> {
  const [rows, time] = [sql.table(table), sql.ref(timeColumn)];
  const elsewhere = sql.join(
    besides.map(({ from, until }) =>
      from === null ? sql`and ${time} >= ${until}` : sql`and (${time} < ${from} or ${time} >= ${until})`,
    ),
    sql` `,
  );
  let pruned = 0;
  for (let afterId = ''; ;) {
    const begin = performance.now();
    // oxlint-disable-next-line no-await-in-loop -- one step after the other
    const step = await sql<{ last: string | null; old: number }>`
      select max(id) as last, count(case when ${time} < ${beforeEpochSeconds} then 1 end) as old
      from (select id, ${time} from ${rows} where id > ${afterId} ${elsewhere} order by id limit ${STEP_ROWS}) as step`.execute(
      queries,
    );
    const { last = null, old = 0 } = step.rows[0] ?? {};
    // Ids are in the order of time to a few milliseconds: behind a thousand younger rows stands no older one.
    if (last === null || old === 0) return pruned;
    if (isDryRun) pruned += old;
    else {
      // oxlint-disable-next-line no-await-in-loop -- one step after the other
      const { numAffectedRows = 0n } = await sql`
        delete from ${rows} where id > ${afterId} and id <= ${last} and ${time} < ${beforeEpochSeconds}`.execute(
        queries,
      );
      pruned += Number(numAffectedRows);
    }
    afterId = last;
    // oxlint-disable-next-line no-await-in-loop -- between two steps
    await rest(performance.now() - begin);
  }
}

/** A partition of PostgreSQL: what it is called, of which table, and the end of its rows' times in epoch seconds. */
interface Partition {
  readonly table: string;
  readonly name: string;
  /** `null` = nothing is before it. */
  readonly from: number | null;
  readonly until: number;
}

async function partitionsBefore(
  queries: Queries,
  table: string,
  { beforeEpochSeconds }: AuditPruning,
): Promise<readonly Partition[]> {
  const known = await sql<{ is_known: boolean }>`
    select to_regclass('audit_partitions') is not null as is_known`.execute(queries);
  // A log that no service of this version has opened yet.
  if (known.rows[0]?.is_known !== true) return [];
  const { rows } = await sql<Partition>`
    select table_name as table, partition_name as name, from_epoch_seconds as from, until_epoch_seconds as until
    from audit_partitions where table_name = ${table} and until_epoch_seconds <= ${beforeEpochSeconds}
    order by until_epoch_seconds`.execute(queries);
  return rows;
}

/** SQLSTATE of a lock that could not be had at once: a caller of the service was at work. */
const LOCK_NOT_AVAILABLE = '55P03';
const DROP_TRIES = 100;

/** @returns how many rows it had */
async function dropPartition(
  queries: Queries,
  { table, name, from, until }: Partition,
  timeColumn: string,
  { isDryRun, rest }: AuditPruning,
): Promise<number> {
  const time = sql.ref(timeColumn);
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${sql.table(table)}
    where ${time} < ${until} ${from === null ? sql`` : sql`and ${time} >= ${from}`}`.execute(queries);
  const count = rows[0]?.count ?? 0;
  if (isDryRun) return count;
  for (let tries = 1; ; tries += 1) {
    const begin = performance.now();
    try {
      // oxlint-disable-next-line no-await-in-loop -- until it could be done
      await sql`select edgepass_drop_audit_partition(${name})`.execute(queries);
      return count;
    } catch (error) {
      if (errorCode(error) !== LOCK_NOT_AVAILABLE || tries === DROP_TRIES) throw error;
      // oxlint-disable-next-line no-await-in-loop -- between two tries
      await rest(performance.now() - begin);
    }
  }
}
