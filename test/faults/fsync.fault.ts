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

/** Makes system calls of a running process fail; gives what takes strace off it again. */
async function failCalls(pid: number, injection: string): Promise<() => Promise<void>> {
  const calls = injection.split(':')[0] ?? '';
  const tracer = startProcess(requireTool('strace'), [
    '-f',
    ...['-p', String(pid)],
    ...['-e', `trace=${calls}`],
    ...['-e', `inject=${injection}`],
  ]);
  await tracer.waitForLine('attached');
  return async () => void (await tracer.stop('SIGINT'));
}

describeWith('strace', 'F08 a disk that cannot be flushed', () => {
  test.each([
    ['each time', 'fsync,fdatasync:error=EIO'],
    ['now and then', 'fsync,fdatasync:error=EIO:when=3+7'],
  ])(
    '%s: the grant is refused without a cookie and nothing is flushed again in hope; it heals; every cookie has its row',
    async (_how, injection) => {
      const stage = sqliteStage('fsync');
      const api = await startOperatedApi(stage);
      await entitleEveryone(api.url, LOAD_PREFIX);
      const received = new ReceivedCookies();
      injectedBy(`strace -f -p PID -e inject=${injection}, for 5 s under 50 grants/s`);
      const load = startGrantLoad({ url: api.url, perSecond: 50, received });
      await wait(500);

      const stopFailing = await failCalls(api.process.pid, injection);
      const isConstant = !injection.includes('when');
      if (isConstant) {
        await untilReadinessIs(api.url, 503);
        const refused = await askForGrant(api.url, 'u1', LOAD_PREFIX);
        expect([refused.status, (refused.json() as { code: string }).code, refused.setCookies]).toEqual([
          503,
          'audit_unavailable',
          [],
        ]);
      }
      await wait(5_000);
      await stopFailing();
      const readyAfter = await untilReadinessIs(api.url, 200);
      expect((await askForGrant(api.url, 'u1', LOAD_PREFIX)).status).toBe(201);
      await load.stop();
      // The page as it would be read after a crash now: nothing of the process's memory counts.
      api.process.child.kill('SIGKILL');
      await api.process.ended;

      expect(new Set(load.statuses.keys())).toEqual(new Set([201, 503]));
      evidence(
        `${load.statuses.get(201)} grants and ${load.statuses.get(503)} answers 503; ready ${Math.round(readyAfter)} ms after the disk was well; killed then: ${expectRowsForAll(received, stage)}`,
      );
    },
  );
});
