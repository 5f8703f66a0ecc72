import { sql, type Kysely } from 'kysely';
import type { DialectFragments } from '../dialect-fragments.js';

/** 400 days: a year, and the weeks in which it is asked about. Stored, so that it can grow. */
const RETENTION_SECONDS = 400 * 86_400;

/** Refusals beside grants and changes, and a date before which none of them can be deleted. */
export const auditLog = (fragments: DialectFragments) => ({
  async up(database: Kysely<unknown>): Promise<void> {
    await database.schema
      .createTable('refusals')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('viewer_id', 'text')
      .addColumn('code', 'text', (column) => column.notNull())
      .addColumn('prefix', 'text')
      .addColumn('count', 'bigint', (column) => column.notNull())
      .addColumn('refused_at', 'bigint', (column) => column.notNull())
      .execute();
    await database.schema
      .createIndex('refusals_viewer')
      .on('refusals')
      .columns(['viewer_id', 'id'])
      .execute();
    await database.schema
      .createIndex('entitlement_changes_subject')
      .on('entitlement_changes')
      .columns(['subject', 'id'])
      .execute();

    await database.schema
      .createTable('audit_retention')
      .addColumn('id', 'bigint', (column) => column.primaryKey())
      .addColumn('seconds', 'bigint', (column) => column.notNull())
      .addCheckConstraint('audit_retention_is_one_row', sql`id = 1`)
      .execute();
    await sql`insert into audit_retention (id, seconds) values (1, ${sql.lit(RETENTION_SECONDS)})`.execute(
      database,
    );

    await database.schema
      .createTable('write_probe')
      .addColumn('id', 'bigint', (column) => column.primaryKey())
      .addColumn('filler', 'text', (column) => column.notNull())
      .execute();

    for (const statement of [
      ...fragments.appendOnly('refusals'),
      ...fragments.retained('grants', 'issued_at'),
      ...fragments.retained('entitlement_changes', 'changed_at'),
      ...fragments.retained('refusals', 'refused_at'),
      ...fragments.retentionGrows,
    ]) {
      await statement.execute(database);
    }
  },
});
