import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { openDatabase } from '../../src/database/open-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { evidence, injectedBy } from './evidence.js';

const PAGE_BYTES = 4_096;
/** In the file; one more is in its log. */
const ROWS = 500;
const silent = (): void => undefined;

let sound: string;

/** A file of some pages, as a killed process leaves it: with rows that are in its log alone. */
beforeAll(async () => {
  const folder = temporaryFolder('sound');
  const path = join(folder, 'edgepass.sqlite');
  await (await openDatabase({ kind: 'sqlite', path }, silent)).close();
  const file = new Sqlite(path);
  file.pragma('journal_mode = WAL');
  const insert = file.prepare(
    `insert into entitlements (id, subject, prefix, given_by, given_at) values (?, 'everyone', ?, 'test', 1)`,
  );
  file.transaction(() => {
    for (let row = 0; row < ROWS; row++) insert.run(`id-${row}`, `courses/${row}`);
  })();
  file.pragma('wal_checkpoint(TRUNCATE)');
  insert.run('id-in-the-log', 'courses/log');
  sound = join(folder, 'copy.sqlite');
  for (const suffix of ['', '-wal']) copyFileSync(path + suffix, sound + suffix);
  file.close();
});

function copyOfSound(): string {
  const path = join(temporaryFolder('damaged'), 'edgepass.sqlite');
  for (const suffix of ['', '-wal']) copyFileSync(sound + suffix, path + suffix);
  return path;
}

const hashOf = (path: string): string[] =>
  ['', '-wal'].map((suffix) => {
    const isThere = statSync(path + suffix, { throwIfNoEntry: false }) !== undefined;
    return isThere
      ? createHash('sha256')
          .update(readFileSync(path + suffix))
          .digest('hex')
      : 'absent';
  });

function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, bytes, 0, bytes.length, offset);
  closeSync(descriptor);
}

/** The page where the rows of a table begin. */
function rootPageOf(path: string, table: string): number {
  const file = new Sqlite(path, { readonly: true });
  try {
    const row = file.prepare('select rootpage from sqlite_schema where name = ?').get(table);
    return (row as { rootpage: number }).rootpage;
  } finally {
    file.close();
  }
}

async function countRows(path: string): Promise<number> {
  const database = await openDatabase({ kind: 'sqlite', path }, silent);
  const { count } = await database.queries
    .selectFrom('entitlements')
    .select((select) => select.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  await database.close();
  return count;
}

const random = createHash('sha512').update('edgepass').digest();

describe('an SQLite file', () => {
  it.each<[how: string, spoil: (path: string) => void]>([
    ['N03 cut in half', (path) => truncateSync(path, Math.floor(statSync(path).size / 2))],
    [
      'N03 with a page of zeros',
      (path) =>
        overwrite(path, (rootPageOf(sound, 'entitlements') - 1) * PAGE_BYTES, new Uint8Array(PAGE_BYTES)),
    ],
    [
      'N03 with random bytes in a page',
      (path) => overwrite(path, (rootPageOf(sound, 'entitlements') - 1) * PAGE_BYTES, random),
    ],
    ['N03 with random bytes at its beginning', (path) => overwrite(path, 0, random)],
    ['N04 emptied, beside a log with rows', (path) => writeFileSync(path, '')],
    ['N04 gone, beside a log with rows', (path) => rmSync(path)],
  ])('%s: the start is refused, the hint is to restore it, and no byte changes', async (how, spoil) => {
    const path = copyOfSound();
    spoil(path);
    const before = hashOf(path);

    const refused = openDatabase({ kind: 'sqlite', path }, silent);
    await expect(refused).rejects.toThrow(
      `DATABASE_URL: expected a sound SQLite file, or none; found ${path}, which is damaged (`,
    );
    const { message } = (await refused.catch((error: unknown) => error)) as Error;
    expect(message).toContain(`restore it and ${path}-wal together from a backup`);
    expect(message).not.toContain('\n');
    expect(hashOf(path)).toEqual(before);
    injectedBy(`the file ${how.slice('N03 '.length)}`);
    evidence(`refused: ${/damaged \((.*)\); nothing/.exec(message)?.[1]}; SHA-256 of file and log as before`);
  });

  it.each<[how: string, spoil: (log: string) => void]>([
    ['is lost', (log) => rmSync(log)],
    ['is garbled', (log) => overwrite(log, 32, random)],
    ['is cut off', (log) => truncateSync(log, 100)],
  ])('N04 whose log %s opens as it was at its last checkpoint, never empty', async (how, spoil) => {
    const path = copyOfSound();
    spoil(`${path}-wal`);
    expect(await countRows(path)).toBe(ROWS);
    injectedBy(`a log with one row more ${how}`);
    evidence(`${ROWS} of ${ROWS + 1} rows: what was only in the log is gone`);
  });

  it('N03 as a killed process leaves it, with rows in its log alone, is sound, and every row is there', async () => {
    const path = copyOfSound();
    expect(await countRows(path)).toBe(ROWS + 1);
    injectedBy('the file and its log copied in the middle');
    evidence(`${ROWS + 1} of ${ROWS + 1} rows`);
  });
});
