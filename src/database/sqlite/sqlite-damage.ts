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

/**
 * What is wrong with an SQLite file, in a few words; `null` for a sound or empty one. It is opened for reading,
 * so that a damaged file stays as it is for its restoration, its log included (N03). A million grants take
 * about 0.2 s.
 * @throws SQLite's error when the file cannot be read: another process has it, or this user may not
 */
export function findDamage(Driver: typeof Sqlite, path: string, busyMilliseconds: number): string | null {
  const file = new Driver(path, { timeout: busyMilliseconds, readonly: true, fileMustExist: true });
  try {
    const found = String(file.pragma('quick_check(1)', { simple: true }));
    return found === 'ok' ? null : (found.split('\n').at(-1) ?? found);
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

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
