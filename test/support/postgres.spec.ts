import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { QueryResult } from 'pg';
import { createTestDatabase, testServer, type TestDatabase } from './postgres.js';
import { describeWith } from './required-tool.js';
import { connectTo } from './postgres-connections.js';

describeWith('postgresql', 'the PostgreSQL of a test run', () => {
  let first: TestDatabase;
  let second: TestDatabase;

  beforeAll(async () => {
    [first, second] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  });

  afterAll(() => Promise.all([first.drop(), second.drop()]));

  test('is a real server, at least version 15', async () => {
    const { rows } = await query(first.url, "SELECT current_setting('server_version_num')::int AS version");
    expect(Number(rows[0]?.['version'])).toBeGreaterThanOrEqual(150_000);
  });

  test('gives every suite a database of its own on the same server', async () => {
    await query(first.url, 'CREATE TABLE only_here (id int)');
    await expect(query(second.url, 'SELECT * FROM only_here')).rejects.toThrow('does not exist');
    expect(new URL(first.url).port).toBe(new URL(second.url).port);
  });

  test('orders text as a cluster made for people does, not by bytes', async () => {
    const { rows } = await query(first.url, "SELECT v FROM (VALUES ('b'), ('B'), ('a')) AS t(v) ORDER BY v");
    expect(rows.map((row) => row['v'])).toEqual(['a', 'b', 'B']);
  });

  test('drops a database although a client is still connected', async () => {
    const database = await createTestDatabase();
    const client = await connectTo(database.url);
    const ended = new Promise<string>((resolve) => client.on('error', (error) => resolve(error.message)));
    await database.drop();
    expect(await ended).toContain('terminating connection');
    await expect(query(database.url, 'SELECT 1')).rejects.toThrow('does not exist');
  });

  test('names the process of its server', async () => {
    const { pid } = await testServer();
    expect(process.kill(pid, 0)).toBe(true);
  });
});

async function query(url: string, statement: string): Promise<QueryResult<Record<string, unknown>>> {
  const client = await connectTo(url);
  try {
    return await client.query<Record<string, unknown>>(statement);
  } finally {
    await client.end();
  }
}
