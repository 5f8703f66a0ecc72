import { describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '../../../test/support/postgres.js';
import { orUnavailable } from '../database.js';
import { BoundedPool } from './postgres-pool.js';
import { poolOn } from '../../../test/support/postgres-connections.js';

const STATEMENT_MILLISECONDS = 1_000;

/** One connection, and somebody who asks for a second one while a statement of the first runs. */
async function askBehind(statement: string, waitMilliseconds: number): Promise<unknown> {
  const server = await createTestDatabase();
  const connections = poolOn(server.url, { max: 1, connectionTimeoutMillis: waitMilliseconds });
  const pool = new BoundedPool(connections, STATEMENT_MILLISECONDS, () => undefined);
  const first = await pool.connect();
  await first.query('select 1', []);
  const asking = orUnavailable('audit_unavailable', () => pool.connect()).catch((error: unknown) => error);
  const running = first.query(statement, []).catch(() => undefined);
  const answer = await asking;
  await running;
  first.release(true);
  await pool.end();
  await server.drop();
  return answer;
}

describe('a caller for whom no connection becomes free in time', () => {
  it('gets overloaded while PostgreSQL answers others (N18)', async () => {
    // As long as a busy machine may take for an answer.
    expect(await askBehind('select 1', 2_000)).toMatchObject({
      code: 'overloaded',
      reason: 'no_connection_free',
    });
  });

  it('gets the code of an outage while PostgreSQL answers no connection (N16)', async () => {
    expect(await askBehind('select pg_sleep(2)', 300)).toMatchObject({ code: 'audit_unavailable' });
  });
});
