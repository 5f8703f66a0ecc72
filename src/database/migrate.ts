import { Migrator } from 'kysely/migration';
import { DIALECT_FRAGMENTS, type DialectName } from './dialect-fragments.js';
import { entitlementsAndGrants } from './migrations/0001-entitlements-and-grants.js';
import { auditLog } from './migrations/0002-audit-log.js';
import { auditPartitions } from './migrations/0003-audit-partitions.js';
import { signedUrls } from './migrations/0004-signed-urls.js';
import type { Queries } from './schema.js';

/** Brings the schema to this version. Several instances may call it at once: kysely takes a lock. */
export async function migrateToLatest(queries: Queries, dialect: DialectName): Promise<void> {
  const fragments = DIALECT_FRAGMENTS[dialect];
  const migrator = new Migrator({
    db: queries,
    provider: {
      getMigrations: () =>
        Promise.resolve({
          '0001-entitlements-and-grants': entitlementsAndGrants(fragments),
          '0002-audit-log': auditLog(fragments),
          ...(dialect === 'postgres' ? { '0003-audit-partitions': auditPartitions } : {}),
          '0004-signed-urls': signedUrls(dialect),
        }),
    },
  });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}
