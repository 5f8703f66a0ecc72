import type { Kysely } from 'kysely';
import type { DialectFragments } from '../dialect-fragments.js';

/** Epoch seconds are `bigint`: PostgreSQL's `integer` ends in January 2038 (T15 of the hostile inputs). */
export const entitlementsAndGrants = (fragments: DialectFragments) => ({
  async up(database: Kysely<unknown>): Promise<void> {
    await database.schema
      .createTable('entitlements')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('prefix', 'text', (column) => column.notNull())
      .addColumn('starts_at', 'bigint')
      .addColumn('ends_at', 'bigint')
      .addColumn('given_by', 'text', (column) => column.notNull())
      .addColumn('given_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('entitlements_subject_prefix', ['subject', 'prefix'])
      .execute();

    await database.schema
      .createTable('grants')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('viewer_id', 'text', (column) => column.notNull())
      .addColumn('prefix', 'text', (column) => column.notNull())
      .addColumn('resource', 'text', (column) => column.notNull())
      .addColumn('key_pair_id', 'text', (column) => column.notNull())
      .addColumn('entitlement_id', 'text', (column) => column.notNull())
      .addColumn('issued_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
    await database.schema
      .createIndex('grants_viewer')
      .on('grants')
      .columns(['viewer_id', 'expires_at'])
      .execute();
    await database.schema
      .createIndex('grants_entitlement')
      .on('grants')
      .columns(['entitlement_id', 'expires_at'])
      .execute();

    await database.schema
      .createTable('entitlement_changes')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('entitlement_id', 'text', (column) => column.notNull())
      .addColumn('change', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('prefix', 'text', (column) => column.notNull())
      .addColumn('starts_at', 'bigint')
      .addColumn('ends_at', 'bigint')
      .addColumn('changed_by', 'text', (column) => column.notNull())
      .addColumn('changed_at', 'bigint', (column) => column.notNull())
      .execute();

    for (const table of ['grants', 'entitlement_changes']) {
      for (const statement of fragments.appendOnly(table)) await statement.execute(database);
    }
  },
});
