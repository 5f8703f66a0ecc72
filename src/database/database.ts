import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Kysely, PostgresDialect } from 'kysely';
import type { Settings } from '../settings/settings.js';
import type { DialectName } from './dialect-fragments.js';
import { migrateToLatest } from './migrate.js';
import { BoundedPool, type OnConnectionLost } from './postgres-pool.js';
import type { Queries, Tables } from './schema.js';
import { GroupCommitDialect } from './sqlite-dialect.js';

/** How long a caller waits for PostgreSQL, in milliseconds: for a connection, then for each statement. */
const POSTGRES_WAIT_MILLISECONDS = 2_000;

/** PostgreSQL's type id of `bigint`; the driver gives it as text unless told otherwise. */
const INT8 = 20;

/** An open database with the current schema. */
export class Database implements OnApplicationShutdown {
  constructor(
    readonly queries: Queries,
    readonly dialect: DialectName,
  ) {}

  /** After the last answer: connections in flight are needed until then. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  async close(): Promise<void> {
    await this.queries.destroy();
  }
}

/**
 * Opens the database of the settings and migrates it.
 * @throws {DatabaseOpenError} naming the file or the missing driver, never a password
 */
export async function openDatabase(
  settings: Settings['database'],
  onConnectionLost: OnConnectionLost,
): Promise<Database> {
  const database =
    settings.kind === 'sqlite'
      ? new Database(await openSqlite(settings.path), 'sqlite')
      : new Database(await openPostgres(settings.url.reveal(), onConnectionLost), 'postgres');
  try {
    await migrateToLatest(database.queries, database.dialect);
  } catch (error) {
    await database.close();
    throw new DatabaseOpenError(
      settings.kind === 'sqlite'
        ? `the database ${settings.path} cannot be used: ${sqliteReason(error)}`
        : `PostgreSQL cannot be used: ${postgresReason(error)}`,
      error,
    );
  }
  return database;
}

/** The database could not be opened; the message is one line for the operator. */
export class DatabaseOpenError extends Error {
  override readonly name = 'DatabaseOpenError';

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
  }
}

async function openSqlite(path: string): Promise<Queries> {
  const { default: Sqlite } = await loadDriver('better-sqlite3', () => import('better-sqlite3'));
  let file: InstanceType<typeof Sqlite>;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    file = new Sqlite(path, { timeout: POSTGRES_WAIT_MILLISECONDS });
    // One process owns the file (contract, DATABASE_URL): a second one is refused, not interleaved.
    file.pragma('locking_mode = EXCLUSIVE');
    file.pragma('journal_mode = WAL');
    // FULL: a row is on the disk before its cookie leaves, also when the power fails.
    file.pragma('synchronous = FULL');
  } catch (error) {
    throw new DatabaseOpenError(`the database ${path} cannot be opened: ${sqliteReason(error)}`, error);
  }
  return new Kysely<Tables>({ dialect: new GroupCommitDialect(file) });
}

async function openPostgres(url: string, onConnectionLost: OnConnectionLost): Promise<Queries> {
  const { default: pg } = await loadDriver('pg', () => import('pg'));
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: POSTGRES_WAIT_MILLISECONDS,
    statement_timeout: POSTGRES_WAIT_MILLISECONDS,
    types: {
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  const bounded = new BoundedPool(pool, POSTGRES_WAIT_MILLISECONDS, onConnectionLost);
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: bounded }) });
}

async function loadDriver<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new DatabaseOpenError(
      `DATABASE_URL needs the package ${name}, which is not installed: npm install ${name}`,
      error,
    );
  }
}

function sqliteReason(error: unknown): string {
  const code = codeOf(error);
  if (code.startsWith('SQLITE_BUSY')) {
    return 'another process has it open (an sqlite: database belongs to one process; use postgres:// for several)';
  }
  if (code === 'SQLITE_CANTOPEN' || code === 'EACCES' || code === 'SQLITE_READONLY') {
    return 'it is not writable for this user';
  }
  return code;
}

function postgresReason(error: unknown): string {
  return codeOf(error);
}

function codeOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.message;
  return 'unknown reason';
}
