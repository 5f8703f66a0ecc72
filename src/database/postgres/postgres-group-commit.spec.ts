import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CompiledQuery } from 'kysely';
import type { Client, Pool } from 'pg';
import { until } from '../../../test/support/operated-api.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/postgres.js';
import { startRelay, type Relay } from '../../../test/support/relay.js';
import { PostgresGroupCommit, type GroupCommitParts } from './postgres-group-commit.js';
import { PoolExhaustedError } from './postgres-pool.js';
import { connectTo, poolOn } from '../../../test/support/postgres-connections.js';
import { startStopwatch } from '../../../test/support/stopwatch.js';

const GROUP_MILLISECONDS = 950;
const CALLER_MILLISECONDS = 1_000;
/** Also a busy machine has a connection by then. */
const CONNECT_MILLISECONDS = 10_000;
/**
 * And where nobody answers a connection is given up after those who waited for the one before it, and before those who
 * come then: each by half a second, for a busy machine.
 */
const SILENT_CONNECT_MILLISECONDS = 550;

let database: TestDatabase;
let relay: Relay;
let direct: Client;
let others: Pool;
let groups: PostgresGroupCommit;
let parts: () => GroupCommitParts;
let connections: number;
let connectMilliseconds: number;
/** Statements that were run outside any group. */
let alone: string[];

beforeEach(async () => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  relay = await startRelay(Number(url.port));
  url.host = `127.0.0.1:${relay.port}`;
  direct = await connectTo(database.url);
  await direct.query('create table noted (number int primary key, transaction text not null)');
  others = poolOn(database.url, { lock_timeout: 200 });
  alone = [];
  connections = 0;
  connectMilliseconds = CONNECT_MILLISECONDS;
  parts = () => ({
    connect: async () => {
      connections += 1;
      return connectTo(url.href, {
        connectionTimeoutMillis: connectMilliseconds,
        lock_timeout: 100,
        pipeline: true,
      });
    },
    limitsOf: () => null,
    runAlone: async ({ sql, parameters }) => {
      alone.push(String(parameters[0]));
      return { rows: (await others.query(sql, [...parameters])).rows as never[] };
    },
    groupMilliseconds: GROUP_MILLISECONDS,
    callerMilliseconds: CALLER_MILLISECONDS,
  });
  groups = new PostgresGroupCommit(parts());
});
afterEach(async () => {
  relay.heal();
  await groups.close();
  await others.end();
  await direct.end();
  await relay.close();
  await database.drop();
});

const insert = (number: number) =>
  ({
    sql: 'insert into noted select $1, pg_current_xact_id()::text returning transaction',
    parameters: [number],
  }) as unknown as CompiledQuery<{ transaction: string }>;

const note = (number: number) => groups.run(insert(number));

/** The groups have their connection, and PostgreSQL answers nothing from now on. */
async function fallSilent(): Promise<void> {
  await note(0);
  connectMilliseconds = SILENT_CONNECT_MILLISECONDS;
  relay.freeze();
}

/** What was asked last has left for a PostgreSQL that is silent. */
const isSent = (): Promise<void> => until(async () => relay.swallowedBytes > 0);

const germanRefusal = (): Error =>
  Object.assign(new Error('gesperrt'), { code: '55P03', severity: 'FEHLER' });

async function noted(): Promise<readonly number[]> {
  const { rows } = await direct.query<{ number: number }>('select number from noted order by number');
  return rows.map(({ number }) => number);
}

const outcomes = async (running: readonly Promise<unknown>[]): Promise<readonly string[]> =>
  (await Promise.allSettled(running)).map(({ status }) => status);

describe('statements that wait at the same time', () => {
  it('are one transaction, and each gets its own rows', async () => {
    const answers = await Promise.all([1, 2, 3].map(note));

    const transactions = new Set(answers.map(({ rows }) => rows[0]?.transaction));
    expect(transactions.size).toBe(1);
    expect(await noted()).toEqual([1, 2, 3]);
  });

  it('are run alone when one of them fails: it takes no other with it', async () => {
    await note(2);
    const running = [1, 2, 3].map(note);

    expect(await outcomes(running)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(running[1]).rejects.toMatchObject({ code: '23505' });
    expect(alone).toEqual(['1', '2', '3']);
    expect(await noted()).toEqual([1, 2, 3]);
  });

  it('are run alone when another transaction holds what one of them needs', async () => {
    await direct.query('begin');
    await direct.query("insert into noted values (2, 'held')");
    expect(await outcomes([1, 2].map(note))).toEqual(['fulfilled', 'rejected']);
    await direct.query('rollback');
    expect(alone).toEqual(['1', '2']);
  });

  it('are not repeated when the connection breaks: whether they were committed is unknown', async () => {
    await note(0);
    expect(alone).toEqual([]);
    relay.freeze();
    const running = [1, 2].map(note);
    await isSent();
    relay.cut();

    expect(await outcomes(running)).toEqual(['rejected', 'rejected']);
    expect(alone).toEqual([]);
    relay.heal();
    await note(3);
    expect(await noted()).toEqual([0, 3]);
  });
});

describe('a statement alone', () => {
  it('is committed without a transaction around it, and its refusal is its own', async () => {
    await note(1);
    await expect(note(1)).rejects.toMatchObject({ code: '23505' });
    expect(await noted()).toEqual([1]);
  });
});

describe('a statement that would work on another connection', () => {
  it('is run there when its plan does not fit the table any more, and the next one here again', async () => {
    const all = (number: number) =>
      groups.run({
        sql: "insert into noted (number, transaction) values ($1, '') returning *",
        parameters: [number],
      } as unknown as CompiledQuery<object>);
    await all(1);
    await direct.query('alter table noted add column later int');

    await all(2);
    await all(3);

    expect(alone).toEqual(['2']);
    expect(await noted()).toEqual([1, 2, 3]);
  });

  it('is run there when no connection can be made here', async () => {
    relay.cut();

    await Promise.all([1, 2].map(note));

    expect(alone).toEqual(['1', '2']);
  });
});

describe('a PostgreSQL that speaks another language', () => {
  it('is understood by its codes', async () => {
    const stubborn = new PostgresGroupCommit({
      ...parts(),
      connect: async () => {
        const client = await parts().connect();
        // As with `lc_messages = de_DE`, which needs the languages of the system.
        client.query = () => Promise.reject(germanRefusal());
        return client;
      },
    });
    await stubborn.run(insert(1));
    await stubborn.run(insert(2));
    await stubborn.close();
    expect([alone, await noted(), connections]).toEqual([['1', '2'], [1, 2], 1]);
  });
});

describe('a PostgreSQL that falls silent', () => {
  it('is never called our own load, however many wait behind the first group', async () => {
    await fallSilent();

    const settled = await Promise.allSettled(Array.from({ length: 70 }, (_, index) => note(index + 1)));

    const reasons = settled.map((one) => (one.status === 'rejected' ? (one.reason as unknown) : null));
    expect(reasons.filter((reason) => reason instanceof PoolExhaustedError || reason === null)).toEqual([]);
  });

  it('is given up in time, and what was given up before it was sent is never recorded', async () => {
    await fallSilent();
    const stopwatch = startStopwatch();
    const first = note(1);
    await isSent();

    expect(await outcomes([first, note(2)])).toEqual(['rejected', 'rejected']);

    expect(stopwatch()).toBeLessThan(CALLER_MILLISECONDS + 2_000);
    relay.heal();
    await note(3);
    expect(await noted()).toEqual([0, 3]);
  });

  it('has another error than when others took all the time', async () => {
    // Half a statement and more is left of each limit, for a busy machine.
    const patient = new PostgresGroupCommit({
      ...parts(),
      groupMilliseconds: 1_950,
      callerMilliseconds: 2_000,
    });
    const sleep = () =>
      patient.run({ sql: 'select pg_sleep(1.2)', parameters: [] } as unknown as CompiledQuery<object>);
    await patient.run(insert(0));
    const first = sleep();
    await new Promise((next) => setTimeout(next, 50));
    const second = sleep();

    expect(await outcomes([first])).toEqual(['fulfilled']);
    await expect(second).rejects.toBeInstanceOf(PoolExhaustedError);
    await patient.close();
  });
});
