import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { askForGrant, entitleEveryone, keyFile, startOperatedApi, until } from '../support/operated-api.js';
import { connectTo } from '../support/postgres-connections.js';
import { startRelay } from '../support/relay.js';
import { describeWith } from '../support/required-tool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { auditedGrantsOfPostgres } from './audited-grants.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX, startGrantLoad } from './grant-load.js';
import { makeOwnPostgres } from './own-postgres.js';
import { ReceivedCookies } from './received-cookies.js';

jest.setTimeout(120_000);

const GRANTS_PER_SECOND = 200;
const CALM_MILLISECONDS = 3_000;
/** The standby hears nothing any more this long before the primary dies. */
const LAG_MILLISECONDS = 1_500;
const STANDBY = 'standby';

/**
 * A service under load on a primary whose standby is named as synchronous. The standby falls behind, the primary is
 * killed, the standby is promoted, and the address of the database leads to it.
 * @param commit the primary's `synchronous_commit`
 */
async function failOver(commit: 'on' | 'local') {
  const primary = await makeOwnPostgres();
  const folder = temporaryFolder('failover');
  keyFile(folder);
  const first = await primary.start();
  const preparing = await startOperatedApi({ folder, databaseUrl: primary.url });
  await entitleEveryone(preparing.url, LOAD_PREFIX);
  await preparing.process.stop();
  await first.stop('SIGINT');

  const copy = join(primary.folder, 'standby');
  execFileSync('cp', ['-a', primary.data, copy]);
  const replication = await startRelay(portOf(primary.url));
  const upstream = `host=127.0.0.1 port=${replication.port} user=edgepass application_name=${STANDBY}`;
  appendFileSync(join(copy, 'postgresql.auto.conf'), `primary_conninfo = '${upstream}'\n`);
  writeFileSync(join(copy, 'standby.signal'), '');
  const standby = await primary.at(copy);
  const settings = { synchronous_standby_names: STANDBY, synchronous_commit: commit };
  const primaryProcess = await primary.start({ settings });
  const standbyProcess = await standby.start({ isStandby: true });
  await until(() => isSynchronous(primary.url));

  const address = await startRelay(portOf(primary.url));
  const url = new URL(primary.url);
  url.host = `127.0.0.1:${address.port}`;
  const api = await startOperatedApi({ folder, databaseUrl: url.href });
  const received = new ReceivedCookies();
  const load = startGrantLoad({ url: api.url, perSecond: GRANTS_PER_SECOND, received });
  await wait(CALM_MILLISECONDS);
  replication.freeze();
  await wait(LAG_MILLISECONDS);
  primaryProcess.child.kill('SIGKILL');
  const beforeFailover = received.all.length;
  const begin = performance.now();
  await address.close();
  await replication.close();
  await promote(standby.url);
  const moved = await startRelay(portOf(standby.url), address.port);
  await until(async () => (await askForGrant(api.url, 'anyone', LOAD_PREFIX)).status === 201);
  const recovery = performance.now() - begin;
  await wait(CALM_MILLISECONDS);
  await load.stop();

  const rows = await auditedGrantsOfPostgres(standby.url);
  const log = api.process.stdout();
  await api.process.stop();
  await moved.close();
  await standbyProcess.stop('SIGINT');
  const withoutRow = received.withoutRow(rows);
  const [given = 0, refused = 0] = [201, 503].map((status) => load.statuses.get(status));
  evidence(
    `${beforeFailover} cookie sets before the failover, ${received.all.length - beforeFailover} after it, ${refused} answers 503, grants again after ${Math.round(recovery)} ms; ${withoutRow.length} cookie sets without a row on the new primary`,
  );
  return { withoutRow, given, beforeFailover, statuses: new Set(load.statuses.keys()), log };
}

const portOf = (url: string): number => Number(new URL(url).port);

async function isSynchronous(url: string): Promise<boolean> {
  const client = await connectTo(url);
  try {
    const { rows } = await client.query<{ sync_state: string }>('select sync_state from pg_stat_replication');
    return rows[0]?.sync_state === 'sync';
  } finally {
    await client.end();
  }
}

async function promote(url: string): Promise<void> {
  const client = await connectTo(url);
  await client.query('select pg_promote(true, 30)');
  await client.end();
}

describeWith('postgresql', 'a standby that is promoted under 200 grants/s', () => {
  test('N23 synchronous_commit = on: every cookie that a client received has its row on the new primary', async () => {
    injectedBy(
      'a real streaming standby in synchronous_standby_names; its line falls silent for 1.5 s, kill -9 of the primary, pg_promote, the address leads to the standby',
    );
    const { withoutRow, beforeFailover, given, statuses, log } = await failOver('on');
    expect(withoutRow).toEqual([]);
    expect(beforeFailover).toBeGreaterThan(100);
    expect(given).toBeGreaterThan(beforeFailover + 100);
    expect(statuses).toEqual(new Set([201, 503]));
    expect(log).not.toContain('does not wait for its synchronous standby');
  });

  test('N23 synchronous_commit = local: cookies lose their rows, and the start has warned of it', async () => {
    injectedBy('the same, with that setting of the primary');
    const { withoutRow, log } = await failOver('local');
    expect(withoutRow.length).toBeGreaterThan(100);
    expect(log).toContain('PostgreSQL does not wait for its synchronous standby');
  });
});
