import { expect, test } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { Kysely } from 'kysely';
import { migrateToLatest } from './migrate.js';
import type { Tables } from './schema.js';
import { onThisThread } from './sqlite/group-commit.js';
import { GroupCommitDialect } from './sqlite/sqlite-dialect.js';
import { Statements } from './sqlite/statements.worker.js';

test('a migration of an SQLite file that is cut off in the middle leaves nothing, and the next one succeeds (N06)', async () => {
  const file = new Sqlite(':memory:');
  const prepare = file.prepare.bind(file);
  let isCut = true;
  file.prepare = (text: string) => {
    if (isCut && text.includes('create table "entitlement_changes"')) throw new Error('cut off');
    return prepare(text);
  };
  const queries = new Kysely<Tables>({ dialect: new GroupCommitDialect(onThisThread(new Statements(file))) });
  const tables = (): unknown =>
    prepare(
      `select name from sqlite_master where type = 'table' and name not like 'kysely%' order by 1`,
    ).all();

  await expect(migrateToLatest(queries, 'sqlite')).rejects.toThrow('cut off');
  expect(tables()).toEqual([]);

  isCut = false;
  await migrateToLatest(queries, 'sqlite');
  expect(tables()).toContainEqual({ name: 'entitlement_changes' });
  await queries.destroy();
});
