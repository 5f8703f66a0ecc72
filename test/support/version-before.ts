import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { DIALECT_FRAGMENTS, type DialectName } from '../../src/database/dialect-fragments.js';
import { entitlementsAndGrants } from '../../src/database/migrations/0001-entitlements-and-grants.js';
import { auditLog } from '../../src/database/migrations/0002-audit-log.js';
import type { Tables } from '../../src/database/schema.js';

/** Makes the schema that version 0.1.0 left: the first two migrations. */
export async function migrateToVersionBefore(queries: Kysely<Tables>, name: DialectName): Promise<void> {
  const fragments = DIALECT_FRAGMENTS[name];
  const migrations = {
    '0001-entitlements-and-grants': entitlementsAndGrants(fragments),
    '0002-audit-log': auditLog(fragments),
  };
  const migrator = new Migrator({
    db: queries,
    provider: { getMigrations: () => Promise.resolve(migrations) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}
