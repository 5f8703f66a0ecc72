import { closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { temporaryFolder } from '../../../test/support/temporary-folder.js';
import { findDamage } from './sqlite-damage.js';

const PAGE_BYTES = 4_096;
const ROWS = 400;

/** A file of some pages that its owner closed in order, with the tables that matter. */
let path: string;
beforeEach(() => {
  path = join(temporaryFolder('damage'), 'edgepass.sqlite');
  const file = new Sqlite(path);
  file.pragma('journal_mode = WAL');
  for (const table of ['grants', 'refusals', 'entitlements']) {
    file.exec(`create table ${table} (id text primary key, filler text not null)`);
    const insert = file.prepare(`insert into ${table} values (?, ?)`);
    for (let row = 0; row < ROWS; row += 1) insert.run(`id-${row}`, 'x'.repeat(100));
  }
  file.close();
});

const damageOf = (largeBytes: number): string | null => findDamage(Sqlite, path, 100, largeBytes);

/** Zeros over the page where the rows of a table begin. */
function spoil(table: string): void {
  const file = new Sqlite(path, { readonly: true });
  const { rootpage } = file.prepare('select rootpage from sqlite_schema where name = ?').get(table) as {
    rootpage: number;
  };
  file.close();
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, new Uint8Array(PAGE_BYTES), 0, PAGE_BYTES, (rootpage - 1) * PAGE_BYTES);
  closeSync(descriptor);
}

const SMALL = Number.MAX_SAFE_INTEGER;
const LARGE = 0;

describe('a sound SQLite file', () => {
  it.each([SMALL, LARGE])('has no damage (large from %d bytes on)', (largeBytes) => {
    expect(damageOf(largeBytes)).toBeNull();
  });
});

describe('a damaged page of the audit log', () => {
  it('is found in a small file, and in a large one whose owner did not end in order', () => {
    spoil('grants');
    expect(damageOf(SMALL)).toMatch(/malformed|CORRUPT|Tree/);
    writeFileSync(`${path}-wal`, 'left by a process that was killed');
    expect(damageOf(LARGE)).toMatch(/malformed|CORRUPT|Tree/);
  });

  it('is not looked for in a large one that was closed in order, so that a start takes no longer with every grant', () => {
    spoil('grants');
    expect(damageOf(LARGE)).toBeNull();
  });
});

describe('a large file that was closed in order', () => {
  it('is damaged when a page of the rights is', () => {
    spoil('entitlements');
    expect(damageOf(LARGE)).toMatch(/malformed|CORRUPT|Tree/);
  });

  it('is damaged when its end is missing', () => {
    truncateSync(path, 10 * PAGE_BYTES);
    expect(damageOf(LARGE)).not.toBeNull();
  });
});
