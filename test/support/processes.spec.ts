import { describe, expect, test } from '@jest/globals';
import { startProcess, type StartOptions } from './processes.js';

const node = (script: string, options: StartOptions = {}): ReturnType<typeof startProcess> =>
  startProcess(process.execPath, ['-e', script], options);

describe('a started process', () => {
  test('is waited for by a line that it prints on either stream', async () => {
    const started = node("console.log('one'); console.error('ready on 1'); setInterval(() => {}, 1000)");
    expect(await started.waitForLine(/^ready on \d$/)).toBe('ready on 1');
    expect(await started.waitForLine('one')).toBe('one');
    expect(await started.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  test('that ends without the line rejects with all that it printed', async () => {
    const started = node("console.error('port taken'); process.exitCode = 1");
    await expect(started.waitForLine('ready')).rejects.toThrow(
      /ended with exit code 1; it printed:\nport taken/,
    );
  });

  test('that stays silent rejects at the deadline', async () => {
    const started = node('setInterval(() => {}, 1000)');
    await expect(started.waitForLine('ready', 20)).rejects.toThrow('20 ms passed');
  });

  test('that does not exist rejects with the reason', async () => {
    await expect(startProcess('/does/not/exist', []).waitForLine('ready')).rejects.toThrow('ENOENT');
  });

  test('sees nothing of our environment but PATH, HOME, TMPDIR and where compiled code is kept', async () => {
    const started = node('console.log(Object.keys(process.env).sort().join())', {
      environment: { GIVEN: '1', HOME: undefined, TMPDIR: '/tmp' },
    });
    await started.ended;
    expect(started.stdout()).toBe('GIVEN,NODE_COMPILE_CACHE,PATH,TMPDIR\n');
  });
});
