import type { SelectQueryBuilder } from 'kysely';
import type { Viewer } from '../authentication/viewer.js';
import type { Database } from '../database/database.js';
import { DIALECT_FRAGMENTS } from '../database/dialect-fragments.js';
import type { EntitlementChangeRow, EntitlementRow, Queries, Tables } from '../database/schema.js';
import { askedRight, subjectsOf, type AskedRight, type Entitlement } from './entitlement.js';

/** What a page of entitlements is asked for; `afterId` is the last id of the page before. */
export interface EntitlementFilter {
  readonly subject?: string;
  readonly prefix?: string;
  readonly afterId?: string;
  readonly limit: number;
}

/** A change of an entitlement as the caller asks for it. */
export interface EntitlementChange {
  readonly id: string;
  readonly subject: string;
  readonly prefix: string;
  readonly startsAtEpochSeconds: number | null;
  readonly endsAtEpochSeconds: number | null;
  readonly changedBy: string;
  readonly changedAtEpochSeconds: number;
  /** Id of the row that records the change. */
  readonly changeId: string;
}

/** Grants that still live under an entitlement that was taken away. */
export interface OpenGrants {
  readonly count: number;
  readonly lastExpiresAtEpochSeconds: number | null;
}

export class EntitlementRepository {
  /** What {@link entitling} is about. */
  readonly askedOf = askedRight;

  constructor(private readonly database: Database) {}

  /**
   * The one entitlement that lets a viewer open a prefix: of several the one with the latest end. It is a
   * query, not an answer, so that the grant's own statement can contain it: check and audit row cannot be
   * separated by a revocation.
   */
  entitling(asked: AskedRight): SelectQueryBuilder<Tables, 'entitlements', object> {
    return this.database.queries
      .selectFrom('entitlements')
      .where('subject', 'in', asked.subjects)
      .where('prefix', 'in', asked.prefixes)
      .where((is) => is.or([is('starts_at', 'is', null), is('starts_at', '<=', asked.startedByEpochSeconds)]))
      .where((is) => is.or([is('ends_at', 'is', null), is('ends_at', '>=', asked.endsFromEpochSeconds)]))
      .modifyEnd(DIALECT_FRAGMENTS[this.database.dialect].latestEnd);
  }

  /** Every entitlement whose subject is this viewer, one of their groups, or everyone; oldest first. */
  async ofViewer(viewer: Viewer): Promise<readonly Entitlement[]> {
    const rows = await this.database.queries
      .selectFrom('entitlements')
      .selectAll()
      .where('subject', 'in', subjectsOf(viewer))
      .orderBy('prefix')
      .orderBy('id')
      .execute();
    return rows.map(toEntitlement);
  }

  async page(filter: EntitlementFilter): Promise<readonly Entitlement[]> {
    let query = this.database.queries
      .selectFrom('entitlements')
      .selectAll()
      .orderBy('id')
      .limit(filter.limit);
    if (filter.subject !== undefined) query = query.where('subject', '=', filter.subject);
    if (filter.prefix !== undefined) query = query.where('prefix', '=', filter.prefix);
    if (filter.afterId !== undefined) query = query.where('id', '>', filter.afterId);
    return (await query.execute()).map(toEntitlement);
  }

  /** Gives or changes a right (unique on subject and prefix) and records it, both or neither. */
  async put(change: EntitlementChange): Promise<{ readonly id: string; readonly created: boolean }> {
    return this.database.queries.transaction().execute(async (transaction) => {
      const { id } = await transaction
        .insertInto('entitlements')
        .values({
          id: change.id,
          subject: change.subject,
          prefix: change.prefix,
          starts_at: change.startsAtEpochSeconds,
          ends_at: change.endsAtEpochSeconds,
          given_by: change.changedBy,
          given_at: change.changedAtEpochSeconds,
        })
        .onConflict((conflict) =>
          conflict.columns(['subject', 'prefix']).doUpdateSet({
            starts_at: change.startsAtEpochSeconds,
            ends_at: change.endsAtEpochSeconds,
            given_by: change.changedBy,
            given_at: change.changedAtEpochSeconds,
          }),
        )
        .returning('id')
        .executeTakeFirstOrThrow();
      const created = id === change.id;
      await recordChange(transaction, { ...change, id }, created ? 'created' : 'changed');
      return { id, created };
    });
  }

  /**
   * Takes a right away and records it. Its row is deleted first: a grant that holds the row is waited for,
   * so the count afterwards misses none that was given: under `read committed` it sees what was committed
   * while the first statement waited, whatever isolation the database has as its default.
   * @returns `null` when there is no such entitlement
   */
  async delete(
    id: string,
    by: { readonly changedBy: string; readonly changedAtEpochSeconds: number; readonly changeId: string },
  ): Promise<OpenGrants | null> {
    const transaction = this.database.queries.transaction().setIsolationLevel('read committed');
    return transaction.execute(async (transaction) => {
      const row = await transaction
        .deleteFrom('entitlements')
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      if (!row) return null;
      await recordChange(transaction, { ...toEntitlement(row), ...by }, 'deleted');
      const open = await transaction
        .selectFrom('grants')
        .select((select) => [
          select.fn.countAll<number>().as('count'),
          select.fn.max('expires_at').as('last_expires_at'),
        ])
        .where('entitlement_id', '=', id)
        .where('expires_at', '>', by.changedAtEpochSeconds)
        .executeTakeFirstOrThrow();
      return { count: open.count, lastExpiresAtEpochSeconds: open.last_expires_at };
    });
  }
}

async function recordChange(
  queries: Queries,
  change: EntitlementChange,
  kind: EntitlementChangeRow['change'],
): Promise<void> {
  await queries
    .insertInto('entitlement_changes')
    .values({
      id: change.changeId,
      entitlement_id: change.id,
      change: kind,
      subject: change.subject,
      prefix: change.prefix,
      starts_at: change.startsAtEpochSeconds,
      ends_at: change.endsAtEpochSeconds,
      changed_by: change.changedBy,
      changed_at: change.changedAtEpochSeconds,
    })
    .execute();
}

function toEntitlement(row: EntitlementRow): Entitlement {
  return {
    id: row.id,
    subject: row.subject,
    prefix: row.prefix,
    startsAtEpochSeconds: row.starts_at,
    endsAtEpochSeconds: row.ends_at,
    givenBy: row.given_by,
    givenAtEpochSeconds: row.given_at,
  };
}
