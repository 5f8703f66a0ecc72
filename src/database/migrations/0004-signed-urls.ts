import { sql, type Kysely } from 'kysely';
import type { DialectName } from '../dialect-fragments.js';
import { actAsOwner, lockBriefly } from './0003-audit-partitions.js';

/** Whether a grant left as cookies or as a signed URL. Both databases add such a column without touching a row. */
export const signedUrls = (dialect: DialectName) => ({
  async up(database: Kysely<unknown>): Promise<void> {
    if (dialect === 'postgres') {
      await actAsOwner(database);
      await sql.raw(`do $migrate$ begin ${lockBriefly('grants')} end $migrate$`).execute(database);
    }
    await database.schema
      .alterTable('grants')
      .addColumn('issued_as', 'text', (column) => column.notNull().defaultTo('cookies'))
      .execute();
    if (dialect === 'postgres') await sql`select set_config('role', 'none', true)`.execute(database);
  },
});
