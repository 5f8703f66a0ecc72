import { Migrator } from 'kysely/migration';
import { formatProblems } from '../settings/settings-problem.js';
import { DatabaseOpenError } from './database-open-error.js';
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
  if (error) throw ofLaterVersion(error) ?? error;
}

/** kysely's words for a schema that has more than this version knows of: an update that was taken back. */
const MORE_THAN_KNOWN = /previously executed migration (\S+) is missing/;

function ofLaterVersion(error: unknown): DatabaseOpenError | null {
  const name = MORE_THAN_KNOWN.exec(error instanceof Error ? error.message : '')?.[1];
  if (name === undefined) return null;
  const problem = {
    setting: 'DATABASE_URL',
    expected: 'a database of this version of edgepass, or of one before',
    found: `the change ${name} of a later version`,
    todo: 'start that version, or restore the backup from before it',
  };
  return new DatabaseOpenError(formatProblems([problem]), error);
}
