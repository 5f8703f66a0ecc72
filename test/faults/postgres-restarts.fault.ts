import { setTimeout as wait } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import {
  askForGrant,
  entitleEveryone,
  keyFile,
  startOperatedApi,
  until,
  type OperatedApi,
} from '../support/operated-api.js';
import type { RunningProcess } from '../support/processes.js';
import { describeWith } from '../support/required-tool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { auditedGrantsOfPostgres } from './audited-grants.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX, startGrantLoad, type GrantLoad } from './grant-load.js';
import { makeOwnPostgres, type OwnPostgres } from './own-postgres.js';
import { ReceivedCookies } from './received-cookies.js';
import { faultSeed, seededRandom } from './seeded-random.js';

jest.setTimeout(300_000);

const GRANTS_PER_SECOND = 200;
const RESTARTS = 20;
const KILLS = 5;
const LONGEST_RECOVERY_MILLISECONDS = 5_000;
/** Twice what a caller may wait for the database, on a machine that starts PostgreSQL at the same time. */
const LONGEST_ANSWER_MILLISECONDS = 4_000;
const OUTAGE_MILLISECONDS = 1_000;
/** PostgreSQL is there this long before it goes again, at most. */
const LONGEST_CALM_MILLISECONDS = 1_500;

interface Stage {
  readonly server: OwnPostgres;
  postgres: RunningProcess;
  readonly api: OperatedApi;
  readonly received: ReceivedCookies;
  readonly load: GrantLoad;
}

/** A service under load, on a PostgreSQL of its own. */
async function stage(): Promise<Stage> {
  const server = await makeOwnPostgres();
  const postgres = await server.start();
  const folder = temporaryFolder('restarts');
  keyFile(folder);
  const api = await startOperatedApi({ folder, databaseUrl: server.url });
  await entitleEveryone(api.url, LOAD_PREFIX);
  const received = new ReceivedCookies();
  const load = startGrantLoad({ url: api.url, perSecond: GRANTS_PER_SECOND, received });
  return { server, postgres, api, received, load };
}

/** Starts PostgreSQL again: after a kill its old children may still be there, and then it refuses. */
async function startAgain(server: OwnPostgres): Promise<RunningProcess> {
  for (let times = 0; ; times += 1) {
    try {
      return await server.start();
    } catch (error) {
      if (times > 100 || !String(error).includes('still in use')) throw error;
      await wait(50);
    }
  }
}

/** Milliseconds until the service gives a grant again. */
async function recovery(api: OperatedApi): Promise<number> {
  const begin = performance.now();
  await until(async () => (await askForGrant(api.url, 'anyone', LOAD_PREFIX)).status === 201);
  return performance.now() - begin;
}

/** Ends the load and looks: what came out, and what is in the table. */
async function outcome({ server, postgres, api, received, load }: Stage) {
  await load.stop();
  const rows = await auditedGrantsOfPostgres(server.url);
  const isAlive = api.process.child.exitCode === null && api.process.child.signalCode === null;
  await api.process.stop();
  await postgres.stop('SIGINT');
  const { statuses, slowestMilliseconds } = load;
  const [given = 0, unavailable = 0] = [201, 503].map((status) => statuses.get(status));
  return {
    rows,
    isAlive,
    statuses,
    slowestMilliseconds,
    given,
    unavailable,
    withoutRow: received.withoutRow(rows),
  };
}

const number = (value: number): string => Math.round(value).toLocaleString('en-US');

describeWith('postgresql', 'PostgreSQL under 200 grants/s', () => {
  test('N13 killed -9: requests are answered 503, the process survives, grants come 5 s after it is back at the latest', async () => {
    injectedBy(`kill -9 of the postmaster, ${KILLS} times`);
    const here = await stage();
    const seed = faultSeed();
    const random = seededRandom(seed);
    const recoveries: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      await wait(random() * LONGEST_CALM_MILLISECONDS);
      here.postgres.child.kill('SIGKILL');
      await wait(OUTAGE_MILLISECONDS);
      here.postgres = await startAgain(here.server);
      recoveries.push(await recovery(here.api));
    }
    const { isAlive, statuses, given, unavailable, withoutRow, slowestMilliseconds } = await outcome(here);
    evidence(
      `${KILLS} kills, back after at most ${number(Math.max(...recoveries))} ms; ${number(given)} grants, ${number(unavailable)} answers 503, the slowest after ${number(slowestMilliseconds)} ms; ${withoutRow.length} cookie sets without a row; seed ${seed}`,
    );
    expect(withoutRow).toEqual([]);
    expect(isAlive).toBe(true);
    expect(new Set(statuses.keys())).toEqual(new Set([201, 503]));
    expect(Math.max(...recoveries)).toBeLessThan(LONGEST_RECOVERY_MILLISECONDS);
    expect(slowestMilliseconds).toBeLessThan(LONGEST_ANSWER_MILLISECONDS);
  });

  test('N15 restarted 20 times: no row is lost, and every cookie that a client received has its row', async () => {
    injectedBy('fast and immediate shutdowns, alternating (what pg_ctl sends), at random instants');
    const here = await stage();
    const seed = faultSeed();
    const random = seededRandom(seed);
    const seen = new Set<string>();
    const recoveries: number[] = [];
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      await wait(random() * LONGEST_CALM_MILLISECONDS);
      for (const { id } of await auditedGrantsOfPostgres(here.server.url)) seen.add(id);
      await here.postgres.stop(restart % 2 === 0 ? 'SIGINT' : 'SIGQUIT');
      here.postgres = await startAgain(here.server);
      recoveries.push(await recovery(here.api));
    }
    const { rows, isAlive, statuses, given, unavailable, withoutRow } = await outcome(here);
    const kept = new Set(rows.map(({ id }) => id));
    const lost = [...seen].filter((id) => !kept.has(id));
    evidence(
      `${RESTARTS} restarts, back after at most ${number(Math.max(...recoveries))} ms; ${number(given)} grants, ${number(unavailable)} answers 503; ${number(rows.length)} rows, ${lost.length} lost, ${withoutRow.length} cookie sets without a row; seed ${seed}`,
    );
    expect(lost).toEqual([]);
    expect(withoutRow).toEqual([]);
    expect(isAlive).toBe(true);
    expect(new Set(statuses.keys())).toEqual(new Set([201, 503]));
  });
});
