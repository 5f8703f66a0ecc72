import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { lastLines, runStep, testEnvironment } from './run-everything.js';

const allPassed = { passed: 3, failures: [], skipped: [], slowest: [] };
const oneSkipped = { ...allPassed, skipped: ['a.spec.ts: b [skipped: no chromium on this machine] c'] };

describe('the last lines of npm test', () => {
  test('count each check and each test, alone on the last line', () => {
    const steps = [{ name: 'build', passed: true }];
    expect(lastLines(steps, allPassed, false)).toEqual({ lines: ['4 passed, 0 failed'], exitCode: 0 });
  });

  test('name a skipped test with its reason, and pass', () => {
    expect(lastLines([], oneSkipped, false)).toEqual({
      lines: [
        'skipped:',
        '  a.spec.ts: b [skipped: no chromium on this machine] c',
        '3 passed, 0 failed, 1 skipped',
      ],
      exitCode: 0,
    });
  });

  test('count a skipped test as failed under EDGEPASS_REQUIRE_ALL', () => {
    const { lines, exitCode } = lastLines([], oneSkipped, true);
    expect(lines.at(-1)).toBe('3 passed, 1 failed');
    expect(exitCode).toBe(1);
  });

  test('name every failed check and test', () => {
    const steps = [{ name: 'lint', passed: false }];
    expect(lastLines(steps, { ...allPassed, failures: ['a.spec.ts: b'] }, false)).toEqual({
      lines: ['failed:', '  lint', '  a.spec.ts: b', '3 passed, 2 failed'],
      exitCode: 1,
    });
  });

  test('count the checks alone where no test could run', () => {
    expect(lastLines([{ name: 'build', passed: false }], null, false).lines.at(-1)).toBe(
      '0 passed, 1 failed',
    );
  });
});

test('a test run sees none of our settings, whatever the developer has set', () => {
  const outer = { PATH: '/bin', LC_ALL: 'C', NODE_ENV: 'production', PORT: '1', NODE_OPTIONS: '-r x' };
  expect(
    testEnvironment({ ...outer, DATABASE_URL: 'x', AWS_PROFILE: 'x', EDGEPASS_REQUIRE_ALL: '1' }),
  ).toEqual({
    PATH: '/bin',
    LC_ALL: 'C',
    EDGEPASS_REQUIRE_ALL: '1',
    NODE_ENV: 'test',
  });
});

describe('a step', () => {
  const print = jest.spyOn(console, 'log').mockImplementation(() => undefined);
  afterEach(() => {
    print.mockClear();
  });
  const printed = (): string => print.mock.calls.flat().join('\n');
  const shell = (script: string): ReturnType<typeof runStep> =>
    runStep({ name: 'trial', command: ['sh', '-c', script] }, { PATH: process.env['PATH'] ?? '' });

  test('that passes prints one line and none of its output', async () => {
    expect(await shell('echo noise')).toEqual({ name: 'trial', passed: true });
    expect(printed()).toMatch(/^ok +\d+\.\d s {2}trial$/);
  });

  test('that fails prints all of its output first', async () => {
    expect(await shell('echo one; echo two >&2; exit 3')).toEqual({ name: 'trial', passed: false });
    expect(printed()).toMatch(/^ {4}(one\n {4}two|two\n {4}one)\nFAILED +\d+\.\d s {2}trial: exit code 3$/);
  });

  test('that cannot start fails', async () => {
    const result = await runStep({ name: 'trial', command: ['/does/not/exist'] }, {});
    expect(result).toEqual({ name: 'trial', passed: false });
    expect(printed()).toContain('ENOENT');
  });
});
