import { accessSync, closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { CompiledQuery, Kysely } from 'kysely';
import { formatProblems } from '../../settings/settings-problem.js';
import { codeOf, DatabaseOpenError } from '../database-open-error.js';
import { PROBE_WRITE, probeFiller, type Probe } from '../readiness.js';
import type { Queries, Tables } from '../schema.js';
import { findDamage, isLost } from './sqlite-damage.js';
import { GroupCommitDialect } from './sqlite-dialect.js';

/** How long SQLite waits for another process that has the file, in milliseconds. */
const BUSY_MILLISECONDS = 2_000;

/** SQLite's own name for no file at all; tests only. */
const IN_MEMORY = ':memory:';

/** Opens the file for this process alone. @throws {DatabaseOpenError} */
export async function openSqlite(path: string): Promise<Queries> {
  const { default: Sqlite } = await import('better-sqlite3');
  let file: InstanceType<typeof Sqlite>;
  try {
    if (path !== IN_MEMORY) {
      if (isLost(path)) throw damaged(path, 'it is gone or empty, and its log is not');
      makePrivateFile(path);
      const damage = findDamage(Sqlite, path, BUSY_MILLISECONDS);
      if (damage !== null) throw damaged(path, damage);
    }
    file = new Sqlite(path, { timeout: BUSY_MILLISECONDS });
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

/** As {@link openSqlite}, but a file that is not there stays so. @throws {DatabaseOpenError} */
export async function openExistingSqlite(path: string): Promise<Queries> {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw sqliteProblem(path, error);
  }
  return openSqlite(path);
}

/** Opens the file for reading, while no service has it. @throws {DatabaseOpenError} */
export async function openSqliteForReading(path: string): Promise<Queries> {
  const { default: Sqlite } = await import('better-sqlite3');
  try {
    const file = new Sqlite(path, { timeout: BUSY_MILLISECONDS, readonly: true, fileMustExist: true });
    // The first read takes the lock, or says who has it.
    file.pragma('user_version');
    return new Kysely<Tables>({ dialect: new GroupCommitDialect(file) });
  } catch (error) {
    throw sqliteProblem(path, error);
  }
}

/** The file is this process's own, so nothing is asked until a write has failed: a disk fills and empties. */
export function sqliteProbe(queries: Queries): Probe {
  return async (withWrite) => {
    if (withWrite) await queries.executeQuery(CompiledQuery.raw(PROBE_WRITE('?'), [probeFiller()]));
  };
}

/** What viewers watch and may watch is readable by the owner alone; SQLite makes the files beside it with the same mode. */
function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
}

function damaged(path: string, damage: string): DatabaseOpenError {
  return new DatabaseOpenError(
    formatProblems([
      {
        setting: 'DATABASE_URL',
        expected: 'a sound SQLite file, or none',
        found: `${path}, which is damaged (${damage}); nothing was changed`,
        todo: `restore it and ${path}-wal together from a backup, or move both away to begin with an empty one`,
      },
    ]),
  );
}

/** The line for the operator. */
export function sqliteProblem(path: string, error: unknown): DatabaseOpenError {
  if (error instanceof DatabaseOpenError) return error;
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
