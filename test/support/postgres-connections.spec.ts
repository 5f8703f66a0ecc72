import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from './postgres.js';
import { connectTo, poolOn } from './postgres-connections.js';
import { describeWith } from './required-tool.js';

const END_ALL_OTHERS =
  'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()';

describeWith('postgresql', 'a connection whose end nobody waits for', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(() => database.drop());

  test('ends no test run where it is idle in a pool, and the pool connects anew', async () => {
    const pool = poolOn(database.url);
    await pool.query('select 1');
    const removed = new Promise<unknown>((resolve) => pool.once('remove', resolve));
    const administrator = await connectTo(database.url);
    await administrator.query(END_ALL_OTHERS);
    await administrator.end();
    await removed;
    expect((await pool.query<{ one: number }>('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test('ends no test run where it is a single client, whose next query rejects', async () => {
    const client = await connectTo(database.url);
    const lost = new Promise<unknown>((resolve) => client.once('end', () => resolve(null)));
    const administrator = await connectTo(database.url);
    await administrator.query(END_ALL_OTHERS);
    await administrator.end();
    await lost;
    await expect(client.query('select 1')).rejects.toThrow('not queryable');
  });
});
