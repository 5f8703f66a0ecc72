import { statSync } from 'node:fs';
import type Sqlite from 'better-sqlite3';
import { codeOf } from '../database-open-error.js';

/**
 * Whether only the log of a file is left: SQLite would begin a new database, and throw the log of the one that
 * was here away.
 */
export function isLost(path: string): boolean {
  return sizeOf(path) === 0 && sizeOf(`${path}-wal`) > 0;
}

/** A file up to this size, a log of about half a million grants, is read as a whole at each start. */
const LARGE_BYTES = 256 * 1024 * 1024;

/** What grows with the callers: of a large file it is not read again as long as its owner ended in order. */
const LOG_TABLES: ReadonlySet<string> = new Set(['grants', 'refusals']);

/**
 * What is wrong with an SQLite file, in a few words; `null` for a sound or empty one. It is opened for reading,
 * so that a damaged file stays as it is for its restoration, its log included (N03). A million grants take
 * about 0.2 s from memory, and as long as the disk takes where they are not; so of a large file that was closed in order
 * (SQLite then removes the log) the rows of the audit log are left out: else a start would take longer with every grant.
 * @throws SQLite's error when the file cannot be read: another process has it, or this user may not
 */
export function findDamage(
  Driver: typeof Sqlite,
  path: string,
  busyMilliseconds: number,
  largeBytes = LARGE_BYTES,
): string | null {
  const size = sizeOf(path);
  const isWhole = size <= largeBytes || sizeOf(`${path}-wal`) > 0;
  const file = new Driver(path, { timeout: busyMilliseconds, readonly: true, fileMustExist: true });
  try {
    return isWhole ? quickCheck(file) : (lengthFault(file, size) ?? checkAllButTheLog(file));
  } catch (error) {
    const code = codeOf(error);
    if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(code)) return code;
    // The power failed in the middle of a change, which the first start makes before there is a log: SQLite undoes
    // it when the file is opened for writing.
    if (code === 'SQLITE_READONLY_ROLLBACK') return null;
    throw error;
  } finally {
    file.close();
  }
}

function quickCheck(file: Sqlite.Database, what: string | 1 = 1): string | null {
  const argument = what === 1 ? '1' : `"${what.replaceAll('"', '""')}"`;
  const found = String(file.pragma(`quick_check(${argument})`, { simple: true }));
  return found === 'ok' ? null : (found.split('\n').at(-1) ?? found);
}

function checkAllButTheLog(file: Sqlite.Database): string | null {
  const tables = file
    .prepare<[], { name: string }>(`select name from sqlite_schema where type = 'table' and rootpage > 0`)
    .all();
  for (const { name } of tables) {
    const fault = LOG_TABLES.has(name) ? null : quickCheck(file, name);
    if (fault !== null) return fault;
  }
  return null;
}

/** A file that was cut off, as by a copy that was not finished. Without a log its pages are all in the file. */
function lengthFault(file: Sqlite.Database, size: number): string | null {
  const expected =
    Number(file.pragma('page_count', { simple: true })) * Number(file.pragma('page_size', { simple: true }));
  return expected === size ? null : `${size} bytes of ${expected}`;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
