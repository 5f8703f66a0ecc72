import { PostgresAdapter, PostgresDialect, sql, type DialectAdapter, type Kysely } from 'kysely';
import type { Queries } from '../schema.js';

/** kysely's own key, so that an instance of a version that locked by session waits for this one and is waited for. */
const MIGRATION_LOCK = '3853314791062309107';

/** PostgreSQL for {@link underMigrationLock}: kysely's migrator takes no lock of its own. */
export class MigratingDialect extends PostgresDialect {
  override createAdapter(): DialectAdapter {
    return new NoLock();
  }
}

/**
 * kysely's lock belongs to a session. A pooler that gives sessions away between transactions would lock one, migrate on
 * another, and leave the first locked for good.
 */
class NoLock extends PostgresAdapter {
  override acquireMigrationLock(_database: Kysely<unknown>): Promise<void> {
    return Promise.resolve();
  }

  override releaseMigrationLock(_database: Kysely<unknown>): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * Runs a migration in one transaction that no other instance is in at the same time. `read committed`, whatever the
 * database has as its default: who waited must see what the other instance has made.
 */
export function underMigrationLock(
  queries: Queries,
  migrate: (transaction: Queries) => Promise<void>,
): Promise<void> {
  return queries
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(${sql.lit(BigInt(MIGRATION_LOCK))})`.execute(transaction);
      await migrate(transaction);
    });
}
