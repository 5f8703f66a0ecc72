import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Client } from 'pg';
import { Secret } from '../../src/settings/secret.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { setCookieLines } from '../support/set-cookie-lines.js';
import { evidence, injectedBy } from './evidence.js';
import { connectTo } from '../support/postgres-connections.js';

jest.setTimeout(60_000);

let server: TestDatabase;
let administrator: Client;
let api: TestApi;

beforeAll(async () => {
  server = await createTestDatabase();
  administrator = await connectTo(server.url);
  // The isolation under which conflicts are possible at all: an operator's mistake (docs/database.md).
  const name = new URL(server.url).pathname.slice(1);
  await administrator.query(`alter database ${name} set default_transaction_isolation = 'repeatable read'`);
  api = await startTestApi('sqlite', { database: { kind: 'postgres', url: new Secret(server.url) } });
  await api.give({ subject: 'user:u1', prefix: 'courses' });
});
afterAll(async () => {
  await api.close();
  await administrator.end();
  await server.drop();
});

/** The next `count` rows are refused with this SQLSTATE; a sequence counts on when a transaction is taken back. */
async function refuseRows(count: number, sqlState: string): Promise<void> {
  await administrator.query(`
    drop sequence if exists attempts cascade;
    create sequence attempts;
    create or replace function refuse_row() returns trigger language plpgsql as $$
    begin
      if nextval('attempts') <= ${count} then raise exception 'taken back' using errcode = '${sqlState}'; end if;
      return new;
    end $$;
    create or replace trigger refuse_row before insert on grants for each row execute function refuse_row()`);
}

async function attempts(): Promise<number> {
  const { rows } = await administrator.query<{ last_value: string }>('select last_value from attempts');
  return Number(rows[0]?.last_value);
}

describe.each([
  ['40001', 'a serialization failure'],
  ['40P01', 'a deadlock'],
])('N21 %s, %s', (sqlState, name) => {
  test('is asked again up to three times, and then it is one grant with one row', async () => {
    injectedBy('a trigger that raises the SQLSTATE');
    await refuseRows(3, sqlState);
    const before = await api.countOf('grants');
    await api.ask('courses').expect(201);
    expect([await attempts(), (await api.countOf('grants')) - before]).toEqual([4, 1]);
    evidence(`${name}: 3 repeats, 1 row`);
  });

  test('that does not end is 503 after the third repeat, without a cookie or a row', async () => {
    injectedBy('the same, without end');
    await refuseRows(1_000, sqlState);
    const before = await api.countOf('grants');
    const refused = await api.ask('courses');
    expect(refused.body).toMatchObject({ status: 503, code: 'audit_unavailable' });
    expect(setCookieLines(refused)).toEqual([]);
    expect([await attempts(), (await api.countOf('grants')) - before]).toEqual([4, 0]);
    evidence(`${name}: 4 attempts, then 503`);
  });
});

test('N21 a grant that meets a change of its right under repeatable read is taken back by PostgreSQL, and given with the right as it is then', async () => {
  injectedBy(
    'a transaction that holds the row of the right, on a database with default_transaction_isolation',
  );
  await refuseRows(0, '40001');
  const endsAt = api.clock.nowEpochSeconds() + 120;
  await administrator.query('begin');
  await administrator.query('update entitlements set ends_at = $1', [endsAt]);
  const asking = api.ask('courses').then((response) => response);
  for (let isWaiting = false; !isWaiting;) {
    // oxlint-disable-next-line no-await-in-loop -- looks until the grant waits for the row
    const locks = await administrator.query('select 1 from pg_locks where not granted');
    isWaiting = (locks.rowCount ?? 0) > 0;
  }
  await administrator.query('commit');
  const given = await asking;
  expect(given.status).toBe(201);
  expect(given.body).toMatchObject({ expiresAt: new Date(endsAt * 1000).toISOString().replace('.000', '') });
  evidence('1 conflict of PostgreSQL itself, 1 grant, which ends with the changed right');
});
