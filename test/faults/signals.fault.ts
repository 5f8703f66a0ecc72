import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { send } from '../support/https-client.js';
import {
  askForGrant,
  bearer,
  entitleEveryone,
  keyFile,
  startOperatedApi,
  until,
} from '../support/operated-api.js';
import { createTestDatabase } from '../support/postgres.js';
import { startRelay } from '../support/relay.js';
import { testWith } from '../support/required-tool.js';
import { scrape } from '../support/scrape.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX, startGrantLoad } from './grant-load.js';
import { sendHalf } from './half-sent.js';
import { ReceivedCookies } from './received-cookies.js';
import { expectRowsForAll, sqliteStage } from './sqlite-stage.js';

// EDGEPASS_FAULT_STOPS=200 npm run faults -- -t N39: the long run, about 10 minutes.
const STOPS = Number(process.env['EDGEPASS_FAULT_STOPS'] ?? 20);
const STOP_TIMEOUT_MILLISECONDS = 60_000 + STOPS * 20_000;
const UNDER_WAY = 200;
const FROZEN_MILLISECONDS = 8_000;

describe('SIGSTOP', () => {
  it('N38 for seconds: who waited is answered, who left changes nothing, nothing piles up; every cookie has its row', async () => {
    const stage = sqliteStage('frozen');
    const api = await startOperatedApi(stage);
    await entitleEveryone(api.url, LOAD_PREFIX);
    const received = new ReceivedCookies();
    injectedBy(`SIGSTOP, ${FROZEN_MILLISECONDS / 1000} s, SIGCONT, under 100 grants/s`);
    const load = startGrantLoad({ url: api.url, perSecond: 100, received });
    await wait(1_000);

    process.kill(api.process.pid, 'SIGSTOP');
    const leaving = Array.from({ length: 50 }, (_, index) => {
      const over = new AbortController();
      const asking = fetch(`${api.url}/grants`, {
        method: 'POST',
        headers: { Authorization: bearer(`leaving-${index}`), 'Content-Type': 'application/json' },
        body: JSON.stringify({ prefix: LOAD_PREFIX }),
        signal: over.signal,
      });
      return { over, asking: asking.then(() => 'answered').catch(() => 'left') };
    });
    await wait(FROZEN_MILLISECONDS);
    for (const { over } of leaving) over.abort();
    process.kill(api.process.pid, 'SIGCONT');
    const begin = performance.now();
    expect((await send(`${api.url}/health/ready`)).status).toBe(200);
    const backAfter = performance.now() - begin;
    await wait(2_000);
    await load.stop();
    expect(new Set(await Promise.all(leaving.map(({ asking }) => asking)))).toEqual(new Set(['left']));
    const lag = (await scrape(api.metricsPort)).get('edgepass_requests_in_flight');
    await api.process.stop();

    expect([...load.statuses.keys()]).toEqual([201]);
    expect(lag).toBe(0);
    expect(backAfter).toBeLessThan(5_000);
    evidence(
      `ready ${Math.round(backAfter)} ms after SIGCONT, ${load.statuses.get(201)} grants, none refused, 0 left under way; ${expectRowsForAll(received, stage)}`,
    );
  });
});

describe('SIGTERM', () => {
  it(
    `N39 with ${UNDER_WAY} requests under way, again and again: every one is answered, no reset, exit 0`,
    async () => {
      const stage = sqliteStage('stops');
      injectedBy(
        `SIGTERM with ${UNDER_WAY} half-sent grants, DRAIN_SECONDS=1; EDGEPASS_FAULT_STOPS sets how often`,
      );
      let answered = 0;
      let slowest = 0;
      for (let stop = 0; stop < STOPS; stop++) {
        const api = await startOperatedApi({ ...stage, changes: { DRAIN_SECONDS: '1' } });
        if (stop === 0) await entitleEveryone(api.url);
        const requests = await Promise.all(
          Array.from({ length: UNDER_WAY }, (_, index) => sendHalf(api.port, `u${index}`)),
        );
        await until(
          async () => (await scrape(api.metricsPort)).get('edgepass_requests_in_flight') === UNDER_WAY,
        );
        const begin = performance.now();
        api.process.child.kill('SIGTERM');
        await until(async () => (await send(`${api.url}/health/ready`)).status === 503);
        const answers = await Promise.all(requests.map((request) => request.finish()));
        expect(await api.process.ended).toEqual({ code: 0, signal: null });
        slowest = Math.max(slowest, performance.now() - begin);
        expect(
          answers.filter((answer) => !/^HTTP\/1\.1 201 [^]*\r\nConnection: close\r\n/i.test(answer)),
        ).toEqual([]);
        answered += answers.length;
      }
      expect(slowest).toBeLessThan(10_000);
      evidence(
        `${STOPS} stops, ${answered} of ${STOPS * UNDER_WAY} requests answered 201 with Connection: close, 0 resets, exit 0 each time, the slowest end after ${(slowest / 1000).toFixed(1)} s`,
      );
    },
    STOP_TIMEOUT_MILLISECONDS,
  );

  it('N40 twice ends the process at once, and the file is sound', async () => {
    const stage = sqliteStage('twice');
    const api = await startOperatedApi({ ...stage, changes: { DRAIN_SECONDS: '5' } });
    await entitleEveryone(api.url, LOAD_PREFIX);
    const received = new ReceivedCookies();
    const load = startGrantLoad({ url: api.url, perSecond: 100, received });
    await wait(500);
    injectedBy('SIGTERM, then SIGTERM while it drains, under 100 grants/s');
    api.process.child.kill('SIGTERM');
    await api.process.waitForLine('draining');
    const begin = performance.now();
    api.process.child.kill('SIGTERM');
    expect(await api.process.ended).toEqual({ code: 143, signal: null });
    const milliseconds = performance.now() - begin;
    await load.stop();
    expect(milliseconds).toBeLessThan(1_000);
    evidence(`exit 143 after ${Math.round(milliseconds)} ms; ${expectRowsForAll(received, stage)}`);
  });

  testWith(
    'postgresql',
    'N40 while the database hangs: the callers get their 503, and the process ends by the deadline with 0',
    async () => {
      const folder = temporaryFolder('hanging');
      keyFile(folder);
      const database = await createTestDatabase();
      const url = new URL(database.url);
      const relay = await startRelay(Number(url.port));
      url.host = `127.0.0.1:${relay.port}`;
      const api = await startOperatedApi({ folder, databaseUrl: url.href, changes: { DRAIN_SECONDS: '1' } });
      await entitleEveryone(api.url);
      injectedBy('a relay before PostgreSQL that falls silent, 20 grants, SIGTERM');
      relay.freeze();
      const asked = Array.from({ length: 20 }, (_, index) => askForGrant(api.url, `u${index}`));
      await until(
        async () => (await scrape(api.metricsPort)).get('edgepass_requests_in_flight') === asked.length,
      );
      const begin = performance.now();
      api.process.child.kill('SIGTERM');
      const answers = await Promise.all(asked);
      expect(await api.process.ended).toEqual({ code: 0, signal: null });
      const milliseconds = performance.now() - begin;
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
      expect(answers.flatMap(({ setCookies }) => setCookies)).toEqual([]);
      expect(milliseconds).toBeLessThan(10_000);
      evidence(`20 of 20 answered 503 without a cookie, exit 0 after ${(milliseconds / 1000).toFixed(1)} s`);
      await relay.close();
      await database.drop();
    },
  );
});
