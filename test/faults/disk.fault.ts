import { expect } from '@jest/globals';
import { send } from '../support/https-client.js';
import { askForGrant, entitleEveryone, startOperatedApi } from '../support/operated-api.js';
import { testWith } from '../support/required-tool.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX, startGrantLoad } from './grant-load.js';
import { untilReadinessIs } from './readiness.js';
import { ReceivedCookies } from './received-cookies.js';
import { mountSmallDisk } from './small-disk.js';
import { expectRowsForAll, sqliteStage } from './sqlite-stage.js';

/** SQLite lets its log grow to about 4 MB: on a smaller disk the log alone would fill it. */
const KILOBYTES = 6_144;

testWith(
  'root',
  'N07 a disk that fills under load is 503, no cookie, not ready; with space again it heals; every cookie has its row',
  async () => {
    const disk = mountSmallDisk(KILOBYTES);
    const stage = sqliteStage('full', disk.folder);
    const api = await startOperatedApi(stage);
    await entitleEveryone(api.url, LOAD_PREFIX);
    const received = new ReceivedCookies();
    injectedBy('tmpfs of 6 MB, filled under 100 grants/s (root)');

    const load = startGrantLoad({ url: api.url, perSecond: 100, received });
    disk.fill();
    const notReadyAfter = await untilReadinessIs(api.url, 503);
    const refused = await askForGrant(api.url, 'u1', LOAD_PREFIX);
    expect((refused.json() as { code: string }).code).toBe('audit_unavailable');
    expect(refused.setCookies).toEqual([]);
    expect((await send(`${api.url}/health/live`)).status).toBe(200);
    const given = received.all.length;

    disk.empty();
    const readyAfter = await untilReadinessIs(api.url, 200);
    expect((await askForGrant(api.url, 'u1', LOAD_PREFIX)).status).toBe(201);
    await load.stop();
    await api.process.stop();

    expect(new Set(load.statuses.keys())).toEqual(new Set([201, 503]));
    expect(received.all.length).toBeGreaterThan(given);
    const rows = expectRowsForAll(received, stage);
    evidence(
      `not ready after ${Math.round(notReadyAfter)} ms, ready ${Math.round(readyAfter)} ms after there was space; ${load.statuses.get(503)} answers 503; ${rows}`,
    );
  },
);
