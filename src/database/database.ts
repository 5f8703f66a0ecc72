import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Kysely, PostgresDialect } from 'kysely';
import type { Settings } from '../settings/settings.js';
import { formatProblems } from '../settings/settings-problem.js';
import type { DialectName } from './dialect-fragments.js';
import { migrateToLatest } from './migrate.js';
import { BoundedPool, type OnConnectionLost } from './postgres-pool.js';
import type { Queries, Tables } from './schema.js';
import { GroupCommitDialect } from './sqlite-dialect.js';

/** How long a caller waits for PostgreSQL, in milliseconds: for a connection, then for each statement. */
const POSTGRES_WAIT_MILLISECONDS = 2_000;

/** SQLite's own name for no file at all; tests only. */
const IN_MEMORY = ':memory:';

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
    throw settings.kind === 'sqlite' ? sqliteProblem(settings.path, error) : postgresProblem(error);
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
    if (path !== IN_MEMORY) makePrivateFile(path);
    file = new Sqlite(path, { timeout: POSTGRES_WAIT_MILLISECONDS });
    // One process owns the file (contract, DATABASE_URL): a second one is refused, not interleaved.
    file.pragma('locking_mode = EXCLUSIVE');
    file.pragma('journal_mode = WAL');
    // FULL: a row is on the disk before its cookie leaves, also when the power fails.
    file.pragma('synchronous = FULL');
  } catch (error) {
    throw sqliteProblem(path, error);
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

/** Who watches what, and may, is for the owner alone to read; SQLite makes the files beside it with the same mode. */
function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
}

function sqliteProblem(path: string, error: unknown): DatabaseOpenError {
  const code = codeOf(error);
  const isShared = code.startsWith('SQLITE_BUSY');
  const line = formatProblems([
    {
      setting: 'DATABASE_URL',
      expected: 'an SQLite file that this user can write and no other process has open',
      found: `${path}, ${isShared ? 'which another process has open' : `which cannot be used (${code})`}`,
      todo: isShared
        ? 'stop that process, or use postgres:// for several'
        : 'name another file, or change its owner',
    },
  ]);
  return new DatabaseOpenError(line, error);
}

/** What PostgreSQL's own codes ask for (its documentation, appendix A); the rest has to do with the network. */
const TODO_BY_CODE: Readonly<Record<string, string>> = {
  '28P01': 'correct the user or the password',
  '28000': 'correct the user, or let it in (pg_hba.conf)',
  '3D000': 'create the database, or correct its name',
  '42501': 'let this user create tables: GRANT CREATE ON SCHEMA public',
};

function postgresProblem(error: unknown): DatabaseOpenError {
  const code = codeOf(error);
  const line = formatProblems([
    {
      setting: 'DATABASE_URL',
      expected: 'a PostgreSQL that answers and lets this user create tables',
      found: code,
      todo: TODO_BY_CODE[code] ?? 'check that it runs, and its host and port',
    },
  ]);
  return new DatabaseOpenError(line, error);
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown reason';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'message' in error ? String(error.message) : 'unknown reason';
}
