import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { askForGrant, entitleEveryone, startOperatedApi, until } from '../support/operated-api.js';
import { startProcess } from '../support/processes.js';
import { send } from '../support/https-client.js';
import { startStopwatch } from '../support/stopwatch.js';
import { describeWith, requireTool } from '../support/required-tool.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX, startGrantLoad } from './grant-load.js';
import { untilReadinessIs } from './readiness.js';
import { ReceivedCookies } from './received-cookies.js';
import { expectRowsForAll, sqliteStage } from './sqlite-stage.js';

/** Ordinary operation before and after it. */
const AROUND_MILLISECONDS = 1_000;
const DISTURBED_MILLISECONDS = 5_000;
const PER_SECOND = 50;
/** Between two checks of liveness. */
const PAUSE_MILLISECONDS = 50;

/** Makes the flushes of a running process fail or wait; gives what takes strace off it again. */
async function disturbFlushes(pid: number, how: string): Promise<() => Promise<unknown>> {
  const inject = `inject=fsync,fdatasync:${how}`;
  injectedBy(`strace -f -p PID -e ${inject}, for 5 s under ${PER_SECOND} grants/s`);
  const options = ['-f', '-p', String(pid), '-e', 'trace=fsync,fdatasync', '-e', inject];
  const tracer = startProcess(requireTool('strace'), options);
  await tracer.waitForLine('attached');
  return () => tracer.stop('SIGINT');
}

/** The longest that liveness took to answer, asked again and again for so long; both in milliseconds. */
async function slowestLiveness(url: string, milliseconds: number): Promise<number> {
  const whole = startStopwatch();
  let slowest = 0;
  while (whole() < milliseconds) {
    const one = startStopwatch();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status } = await send(`${url}/health/live`);
    expect(status).toBe(200);
    slowest = Math.max(slowest, one());
    // oxlint-disable-next-line no-await-in-loop -- a pause between two
    await wait(PAUSE_MILLISECONDS);
  }
  return slowest;
}

async function startUnderLoad() {
  const stage = sqliteStage('fsync');
  const api = await startOperatedApi(stage);
  await entitleEveryone(api.url, LOAD_PREFIX);
  const received = new ReceivedCookies();
  const load = startGrantLoad({ url: api.url, perSecond: PER_SECOND, received });
  /** Ends the service the hard way: what it held in memory does not count. Gives the figures. */
  const killAndJoin = async (): Promise<string> => {
    await load.stop();
    api.process.child.kill('SIGKILL');
    await api.process.ended;
    const answers = `${load.statuses.get(201)} grants and ${load.statuses.get(503) ?? 0} answers 503`;
    return `${answers}; killed then: ${expectRowsForAll(received, stage)}`;
  };
  return { api, load, received, killAndJoin };
}

describeWith('strace', 'a disk that cannot be flushed', () => {
  test('N08 at all: each grant is refused without a cookie, the service is not ready, and heals; every cookie has its row', async () => {
    const { api, load, killAndJoin } = await startUnderLoad();
    await wait(AROUND_MILLISECONDS);
    const heal = await disturbFlushes(api.process.pid, 'error=EIO');
    const notReadyAfter = await untilReadinessIs(api.url, 503);
    const refused = await askForGrant(api.url, 'u1', LOAD_PREFIX);
    const { code } = refused.json() as { code: string };
    expect([refused.status, code, refused.setCookies]).toEqual([503, 'audit_unavailable', []]);
    await wait(DISTURBED_MILLISECONDS);
    await heal();
    const readyAfter = await untilReadinessIs(api.url, 200);
    expect((await askForGrant(api.url, 'u1', LOAD_PREFIX)).status).toBe(201);
    await wait(AROUND_MILLISECONDS);

    const figures = await killAndJoin();
    expect(new Set(load.statuses.keys())).toEqual(new Set([201, 503]));
    const times = `not ready after ${Math.round(notReadyAfter)} ms, ready ${Math.round(readyAfter)} ms after the disk was well`;
    evidence(`${times}; ${figures}`);
  });

  test('N08 now and then: those grants are refused, the next ones are whole; every cookie has its row', async () => {
    const { api, load, killAndJoin } = await startUnderLoad();
    const heal = await disturbFlushes(api.process.pid, 'error=EIO:when=3+7');
    await wait(DISTURBED_MILLISECONDS);
    await heal();
    await untilReadinessIs(api.url, 200);
    expect((await askForGrant(api.url, 'u1', LOAD_PREFIX)).status).toBe(201);
    const figures = await killAndJoin();
    expect(new Set(load.statuses.keys())).toEqual(new Set([201, 503]));
    evidence(figures);
  });
});

describeWith('strace', 'a disk that is slow', () => {
  test('N09 by 2 s for each flush: liveness answers meanwhile, grants that wait together are committed together, none is forgotten; quick again at once', async () => {
    const { api, load, received, killAndJoin } = await startUnderLoad();
    const heal = await disturbFlushes(api.process.pid, 'delay_enter=2000000');
    const slowestHealth = await slowestLiveness(api.url, DISTURBED_MILLISECONDS);
    await heal();
    await until(async () => load.underWay < PER_SECOND / 5);
    const after = startGrantLoad({ url: api.url, perSecond: PER_SECOND, received });
    await wait(3_000);
    await after.stop();
    const figures = await killAndJoin();
    // SQLite waits on a thread of its own, so that the event loop answers others.
    expect(slowestHealth).toBeLessThan(1_000);
    expect([...load.statuses.keys(), ...after.statuses.keys()]).toEqual([201, 201]);
    expect(load.slowestMilliseconds).toBeLessThan(10_000);
    expect(after.slowestMilliseconds).toBeLessThan(1_000);
    evidence(
      `the slowest liveness check took ${Math.round(slowestHealth)} ms; the slowest answer, after ${(load.slowestMilliseconds / 1000).toFixed(1)} s, was a grant; then at most ${Math.round(after.slowestMilliseconds)} ms; ${figures}`,
    );
  });

  test('N09 by 14 s for each flush: who has waited 8 s is refused, the service is not ready, and heals; every cookie has its row', async () => {
    const { api, load, killAndJoin } = await startUnderLoad();
    await wait(AROUND_MILLISECONDS);
    const heal = await disturbFlushes(api.process.pid, 'delay_enter=14000000');
    const notReadyAfter = await untilReadinessIs(api.url, 503);
    const slowestHealth = await slowestLiveness(api.url, AROUND_MILLISECONDS);
    const refused = await askForGrant(api.url, 'u1', LOAD_PREFIX);
    const { code } = refused.json() as { code: string };
    expect([refused.status, code, refused.setCookies]).toEqual([503, 'audit_unavailable', []]);
    await heal();
    const readyAfter = await untilReadinessIs(api.url, 200);
    expect((await askForGrant(api.url, 'u1', LOAD_PREFIX)).status).toBe(201);
    await wait(AROUND_MILLISECONDS);

    const figures = await killAndJoin();
    expect(new Set(load.statuses.keys())).toEqual(new Set([201, 503]));
    expect(slowestHealth).toBeLessThan(1_000);
    const times = `not ready after ${(notReadyAfter / 1000).toFixed(1)} s, ready ${(readyAfter / 1000).toFixed(1)} s after the disk was well`;
    evidence(`${times}; the slowest liveness check took ${Math.round(slowestHealth)} ms; ${figures}`);
  });
});
