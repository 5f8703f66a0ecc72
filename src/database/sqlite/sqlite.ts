import { accessSync, closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { CompiledQuery, Kysely } from 'kysely';
import { formatProblems } from '../../settings/settings-problem.js';
import { codeOf, DatabaseOpenError } from '../database-open-error.js';
import { PROBE_WRITE, probeFiller, type Probe } from '../readiness.js';
import type { Queries, Tables } from '../schema.js';
import { onOwnThread, onThisThread, type FileJobs, type GroupCommit } from './group-commit.js';
import { findDamage, isLost } from './sqlite-damage.js';
import { GroupCommitDialect } from './sqlite-dialect.js';

/** How long SQLite waits for another process that has the file, in milliseconds. */
const BUSY_MILLISECONDS = 2_000;

/** SQLite's own name for no file at all; tests only. */
const IN_MEMORY = ':memory:';

/** An open file: for kysely, and below it for single statements that nothing else of kysely is needed for. */
export interface SqliteFile {
  readonly queries: Queries;
  readonly group: GroupCommit;
}

/** Opens the file for this process alone, on a thread of its own. @throws {DatabaseOpenError} */
export async function openSqlite(path: string): Promise<SqliteFile> {
  const toOpen = { path, busyMilliseconds: BUSY_MILLISECONDS };
  try {
    if (path === IN_MEMORY) {
      const { openFile, Statements } = await import('./statements.worker.js');
      return opened(onThisThread(new Statements(openFile(toOpen))));
    }
    if (isLost(path)) throw damaged(path, 'it is gone or empty, and its log is not');
    makePrivateFile(path);
    const { default: Sqlite } = await import('better-sqlite3');
    const damage = findDamage(Sqlite, path, BUSY_MILLISECONDS);
    if (damage !== null) throw damaged(path, damage);
    return opened(await onOwnThread(toOpen));
  } catch (error) {
    throw sqliteProblem(path, error);
  }
}

/** As {@link openSqlite}, but a file that is not there stays so. @throws {DatabaseOpenError} */
export async function openExistingSqlite(path: string): Promise<Queries> {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw sqliteProblem(path, error);
  }
  return (await openSqlite(path)).queries;
}

/** Opens the file for reading, while no service has it. @throws {DatabaseOpenError} */
export async function openSqliteForReading(path: string): Promise<Queries> {
  const [{ default: Sqlite }, { Statements }] = await Promise.all([
    import('better-sqlite3'),
    import('./statements.worker.js'),
  ]);
  try {
    const file = new Sqlite(path, { timeout: BUSY_MILLISECONDS, readonly: true, fileMustExist: true });
    // The first read takes the lock, or says who has it.
    file.pragma('user_version');
    return opened(onThisThread(new Statements(file))).queries;
  } catch (error) {
    throw sqliteProblem(path, error);
  }
}

function opened(file: FileJobs): SqliteFile {
  const dialect = new GroupCommitDialect(file);
  return { queries: new Kysely<Tables>({ dialect }), group: dialect.group };
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
