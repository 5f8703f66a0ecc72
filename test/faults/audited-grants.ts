import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { temporaryFolder } from '../support/temporary-folder.js';
import { connectTo } from '../support/postgres-connections.js';

/** A row of the `grants` table. */
export interface AuditedGrant {
  readonly id: string;
  readonly viewer: string;
  readonly resource: string;
  readonly expiresAtEpochSeconds: number;
}

const QUERY = 'select id, viewer_id as viewer, resource, expires_at as expires from grants';

interface Row {
  readonly id: string;
  readonly viewer: string;
  readonly resource: string;
  readonly expires: number | string;
}

const read = ({ id, viewer, resource, expires }: Row): AuditedGrant => ({
  id,
  viewer,
  resource,
  expiresAtEpochSeconds: Number(expires),
});

/** The rows of a PostgreSQL, read with the bare driver, also while services write. */
export async function auditedGrantsOfPostgres(url: string): Promise<readonly AuditedGrant[]> {
  const client = await connectTo(url);
  try {
    return (await client.query<Row>(QUERY)).rows.map(read);
  } finally {
    await client.end();
  }
}

/**
 * The rows of an SQLite file that no process has open, and what `quick_check` says of it. Reads a copy, so that
 * what a killed process left is for the next process alone to recover.
 */
export function auditedGrantsOfSqlite(path: string): {
  readonly rows: readonly AuditedGrant[];
  readonly quickCheck: string;
} {
  const folder = temporaryFolder('audited');
  const copy = join(folder, 'copy.sqlite');
  for (const suffix of ['', '-wal', '-journal']) {
    if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
  }
  const file = new Sqlite(copy);
  try {
    const quickCheck = String(file.pragma('quick_check', { simple: true }));
    return { rows: file.prepare<[], Row>(QUERY).all().map(read), quickCheck };
  } finally {
    file.close();
    rmSync(folder, { recursive: true });
  }
}
