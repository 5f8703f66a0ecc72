import { sql } from 'kysely';
import type { Queries } from '../database/schema.js';
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
 * Deletes the oldest rows in steps of their own transactions, in the order of their ids. It may be cut off between any
 * two of them and begun again.
 * @returns how many rows of each kind went, or would have gone
 */
export async function pruneAuditLog(
  queries: Queries,
  pruning: AuditPruning,
): Promise<Readonly<Record<AuditKind, number>>> {
  const pruned = { grant: 0, refusal: 0, entitlement: 0 };
  for (const kind of AUDIT_KINDS) {
    // oxlint-disable-next-line no-await-in-loop -- one table after the other
    pruned[kind] = await pruneTable(queries, TABLES[kind], pruning);
  }
  return pruned;
}

async function pruneTable(
  queries: Queries,
  [table, timeColumn]: readonly [string, string],
  { beforeEpochSeconds, isDryRun, rest }: AuditPruning,
): Promise<number> {
  const [rows, time] = [sql.table(table), sql.ref(timeColumn)];
  let pruned = 0;
  for (let afterId = ''; ;) {
    const begin = performance.now();
    // oxlint-disable-next-line no-await-in-loop -- one step after the other
    const step = await sql<{ last: string | null; old: number }>`
      select max(id) as last, count(case when ${time} < ${beforeEpochSeconds} then 1 end) as old
      from (select id, ${time} from ${rows} where id > ${afterId} order by id limit ${STEP_ROWS}) as step`.execute(
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
