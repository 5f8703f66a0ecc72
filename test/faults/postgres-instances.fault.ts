import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { send } from '../support/https-client.js';
import { entitleEveryone, keyFile, startOperatedApi, type OperatedApi } from '../support/operated-api.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { auditedGrantsOfPostgres } from './audited-grants.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX, startGrantLoad, type GrantLoad } from './grant-load.js';
import { databaseBehindRelay, type RelayedDatabase } from './postgres-behind-relay.js';
import { untilReadinessIs } from './readiness.js';
import { ReceivedCookies } from './received-cookies.js';
import { connectTo } from '../support/postgres-connections.js';

const LONGEST_MILLISECONDS = 180_000;

let folder: string;
let database: RelayedDatabase;
/** Behind the line that the tests cut. */
let near: OperatedApi;
/** With a line of its own. */
let other: OperatedApi;

beforeAll(async () => {
  folder = temporaryFolder('postgres-instances');
  keyFile(folder);
  database = await databaseBehindRelay();
  near = await startOperatedApi({ folder, databaseUrl: database.url });
  other = await startOperatedApi({ folder, databaseUrl: database.serverUrl });
  await entitleEveryone(other.url, LOAD_PREFIX);
});
afterAll(async () => {
  database.relay.heal();
  const ends = await Promise.all([near, other].map((api) => api.process.stop()));
  await database.close();
  if (ends.some(({ code }) => code !== 0))
    throw new Error(`expected exit code 0, found ${JSON.stringify(ends)}`);
});

const counted = ({ statuses }: GrantLoad): string =>
  [...statuses]
    .toSorted(([one], [another]) => one - another)
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ');
const withoutRow = async (received: ReceivedCookies) =>
  received.withoutRow(await auditedGrantsOfPostgres(database.serverUrl));

test(
  'N52 an instance that is cut off from PostgreSQL for 60 s is not ready and grants nothing, the other one serves on; it comes back by itself',
  async () => {
    injectedBy('two real processes, one behind a relay: 30 s of silence, then 30 s refused');
    const received = new ReceivedCookies();
    const before = [near, other].map(({ url }) => startGrantLoad({ url, perSecond: 50, received }));
    await wait(2_000);
    await Promise.all(before.map((load) => load.stop()));
    expect(before.map(({ statuses }) => [...statuses.keys()])).toEqual([[201], [201]]);

    database.relay.freeze();
    const notReady = await untilReadinessIs(near.url, 503);
    const cut = startGrantLoad({ url: near.url, perSecond: 20, received });
    const on = startGrantLoad({ url: other.url, perSecond: 50, received });
    const readiness = new Set<string>();
    for (let seconds = 0; seconds < 60; seconds++) {
      if (seconds === 30) database.relay.cut();
      await wait(1_000);
      const answers = await Promise.all([near, other].map(({ url }) => send(`${url}/health/ready`)));
      readiness.add(answers.map(({ status }) => status).join(' '));
    }
    await Promise.all([cut, on].map((load) => load.stop()));
    expect([...readiness]).toEqual(['503 200']);
    expect([...cut.statuses.keys()]).toEqual([503]);
    expect([...on.statuses.keys()]).toEqual([201]);

    database.relay.heal();
    const ready = await untilReadinessIs(near.url, 200);
    expect(ready).toBeLessThan(5_000);
    const after = startGrantLoad({ url: near.url, perSecond: 50, received });
    await wait(2_000);
    await after.stop();
    expect([...after.statuses.keys()]).toEqual([201]);
    expect(await withoutRow(received)).toEqual([]);
    evidence(
      `cut off: ${counted(cut)}, not ready after ${(notReady / 1000).toFixed(1)} s; the other: ${counted(on)}, ready all the time; back ${(ready / 1000).toFixed(1)} s after the line; ${received.all.length} cookies, 0 without a row`,
    );
  },
  LONGEST_MILLISECONDS,
);

test(
  'N14 all connections ended every second for 60 s under load: the same process, more than half of the grants given, no cookie without a row',
  async () => {
    injectedBy('pg_terminate_backend on everything but ours, 60 times; a real process');
    const administrator = await connectTo(database.serverUrl);
    const received = new ReceivedCookies();
    const load = startGrantLoad({ url: other.url, perSecond: 100, received });
    let ended = 0;
    const readiness = new Map<number, number>();
    for (let second = 0; second < 60; second++) {
      const { rowCount } = await administrator.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
      );
      ended += rowCount ?? 0;
      await wait(1_000);
      const { status } = await send(`${other.url}/health/ready`);
      readiness.set(status, (readiness.get(status) ?? 0) + 1);
    }
    await load.stop();
    await administrator.end();
    expect([...load.statuses.keys()].filter((status) => ![201, 503].includes(status))).toEqual([]);
    const given = load.statuses.get(201) ?? 0;
    const refused = load.statuses.get(503) ?? 0;
    expect(given).toBeGreaterThan(refused);
    expect(other.process.child.exitCode).toBeNull();
    await untilReadinessIs(other.url, 200);
    expect(await withoutRow(received)).toEqual([]);
    evidence(
      `${ended} connections ended; ${counted(load)}; readiness 200 in ${readiness.get(200) ?? 0} of 60 looks; ${received.all.length} cookies, 0 without a row`,
    );
  },
  LONGEST_MILLISECONDS,
);

test(
  'N17 a PostgreSQL that takes 500 ms for each query: every answer within 2.5 s, the surplus is shed',
  async () => {
    injectedBy(
      'a relay that delays each answer of PostgreSQL by 500 ms; a real process, 400 callers a second',
    );
    await untilReadinessIs(near.url, 200);
    const received = new ReceivedCookies();
    // Connections are made while the line is fast: a TLS or password handshake is several answers.
    const warm = startGrantLoad({ url: near.url, perSecond: 300, received });
    await wait(2_000);
    await warm.stop();
    database.relay.slow(500);
    const load = startGrantLoad({ url: near.url, perSecond: 400, received });
    await wait(10_000);
    const { status } = await send(`${near.url}/health/ready`);
    await load.stop();
    database.relay.heal();
    expect(status).toBe(200);
    expect([...load.statuses.keys()].filter((kind) => ![201, 503].includes(kind))).toEqual([]);
    // A group of 64 every half second.
    expect(load.statuses.get(201)).toBeGreaterThan(200);
    expect(load.slowestMilliseconds).toBeLessThan(2_500);
    expect(await withoutRow(received)).toEqual([]);
    evidence(`${counted(load)} in 10 s, slowest ${Math.round(load.slowestMilliseconds)} ms, readiness 200`);
  },
  LONGEST_MILLISECONDS,
);
