import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { send } from '../support/https-client.js';
import {
  askForGrant,
  entitleEveryone,
  launchOperatedApi,
  startOperatedApi,
  until,
  type OperatedApi,
} from '../support/operated-api.js';
import { scrape } from '../support/scrape.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX, startGrantLoad } from './grant-load.js';
import { ReceivedCookies } from './received-cookies.js';
import { expectRowsForAll, sqliteStage, type SqliteStage } from './sqlite-stage.js';

const REFUSALS = 50;

/** A second of grants, with refusals that each write a line; gives the figures. */
async function expectServiceWithoutLog(api: OperatedApi, stage: SqliteStage): Promise<string> {
  const received = new ReceivedCookies();
  const lostBefore = (await scrape(api.metricsPort)).get('edgepass_log_lines_lost_total') ?? 0;
  const load = startGrantLoad({ url: api.url, perSecond: 50, received });
  await wait(1_000);
  const refusals = await Promise.all(
    Array.from({ length: REFUSALS }, (_, index) => askForGrant(api.url, `u${index}`, 'elsewhere')),
  );
  await load.stop();
  const lost = ((await scrape(api.metricsPort)).get('edgepass_log_lines_lost_total') ?? 0) - lostBefore;

  expect(new Set(refusals.map(({ status }) => status))).toEqual(new Set([403]));
  expect([...load.statuses.keys()]).toEqual([201]);
  expect((await send(`${api.url}/health/ready`)).status).toBe(200);
  expect(lost).toBe(REFUSALS);
  expect(await api.process.stop()).toEqual({ code: 0, signal: null });
  return `${lost} of ${REFUSALS} lines lost and counted, every answer as ever; ${expectRowsForAll(received, stage)}`;
}

describe('a log that cannot be written', () => {
  it('N46 because its reader has gone: the service goes on, counts the lines, and audits as ever', async () => {
    const stage = sqliteStage('log');
    const api = await startOperatedApi(stage);
    await entitleEveryone(api.url, LOAD_PREFIX);
    injectedBy('the reading end of stdout closed (EPIPE)');
    api.process.child.stdout?.destroy();
    evidence(await expectServiceWithoutLog(api, stage));
  });

  it('N46 because its disk is full: the service starts, goes on, counts the lines, and audits as ever', async () => {
    const stage = sqliteStage('log');
    injectedBy('stdout is /dev/full (ENOSPC)');
    const api = await launchOperatedApi({ ...stage, under: ['sh', '-c', 'exec "$@" > /dev/full', 'sh'] });
    // Nobody hears it say that it listens.
    await until(async () => (await send(`${api.url}/health/ready`)).status === 200);
    await entitleEveryone(api.url, LOAD_PREFIX);
    evidence(await expectServiceWithoutLog(api, stage));
  });
});
