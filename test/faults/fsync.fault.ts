import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { askForGrant, entitleEveryone, startOperatedApi } from '../support/operated-api.js';
import { startProcess } from '../support/processes.js';
import { describeWith, requireTool } from '../support/required-tool.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX, startGrantLoad } from './grant-load.js';
import { untilReadinessIs } from './readiness.js';
import { ReceivedCookies } from './received-cookies.js';
import { expectRowsForAll, sqliteStage } from './sqlite-stage.js';

const FAILING_MILLISECONDS = 5_000;
const PER_SECOND = 50;

/** Makes each flush of a running process fail, or as `when` says; gives what takes strace off it again. */
async function failFlushes(pid: number, when = ''): Promise<() => Promise<unknown>> {
  const inject = `inject=fsync,fdatasync:error=EIO${when}`;
  injectedBy(`strace -f -p PID -e ${inject}, for 5 s under ${PER_SECOND} grants/s`);
  const options = ['-f', '-p', String(pid), '-e', 'trace=fsync,fdatasync', '-e', inject];
  const tracer = startProcess(requireTool('strace'), options);
  await tracer.waitForLine('attached');
  return () => tracer.stop('SIGINT');
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
    expect(new Set(load.statuses.keys())).toEqual(new Set([201, 503]));
    const answers = `${load.statuses.get(201)} grants and ${load.statuses.get(503)} answers 503`;
    return `${answers}; killed then: ${expectRowsForAll(received, stage)}`;
  };
  return { api, killAndJoin };
}

describeWith('strace', 'a disk that cannot be flushed', () => {
  test('F08 at all: each grant is refused without a cookie, the service is not ready, and heals; every cookie has its row', async () => {
    const { api, killAndJoin } = await startUnderLoad();
    const heal = await failFlushes(api.process.pid);
    const notReadyAfter = await untilReadinessIs(api.url, 503);
    const refused = await askForGrant(api.url, 'u1', LOAD_PREFIX);
    const { code } = refused.json() as { code: string };
    expect([refused.status, code, refused.setCookies]).toEqual([503, 'audit_unavailable', []]);
    await wait(FAILING_MILLISECONDS);
    await heal();
    const readyAfter = await untilReadinessIs(api.url, 200);
    expect((await askForGrant(api.url, 'u1', LOAD_PREFIX)).status).toBe(201);

    const times = `not ready after ${Math.round(notReadyAfter)} ms, ready ${Math.round(readyAfter)} ms after the disk was well`;
    evidence(`${times}; ${await killAndJoin()}`);
  });

  test('F08 now and then: those grants are refused, the next ones are whole; every cookie has its row', async () => {
    const { api, killAndJoin } = await startUnderLoad();
    const heal = await failFlushes(api.process.pid, ':when=3+7');
    await wait(FAILING_MILLISECONDS);
    await heal();
    await untilReadinessIs(api.url, 200);
    expect((await askForGrant(api.url, 'u1', LOAD_PREFIX)).status).toBe(201);
    evidence(await killAndJoin());
  });
});
