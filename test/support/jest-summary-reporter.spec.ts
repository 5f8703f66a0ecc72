import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { JestSummary } from './jest-summary-reporter.js';
import { temporaryFolder } from './temporary-folder.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));

describe('the summary of a jest run', () => {
  let summary: JestSummary;
  let shown: string;

  beforeAll(async () => {
    const folder = temporaryFolder('reporter');
    mkdirSync(join(folder, 'a'));
    writeFileSync(
      join(folder, 'a', 'mixed.test.js'),
      `test('breaks', () => { console.log('a hint'); expect(1).toBe(2); });
       describe.skip('browser [skipped: no chromium on this machine]', () => test('waits', () => {}));
       test.todo('later');`,
    );
    writeFileSync(join(folder, 'a', 'calm.test.js'), "test('holds', () => console.log('noise'));");
    writeFileSync(join(folder, 'a', 'unreadable.test.js'), 'this is not JavaScript');
    const summaryFile = join(folder, 'summary.json');
    shown = await runJest(folder, summaryFile);
    summary = JSON.parse(readFileSync(summaryFile, 'utf8')) as JestSummary;
  });

  test('counts what passed', () => {
    expect(summary.passed).toBe(1);
  });

  test('names what failed, files that could not run included', () => {
    expect(summary.failures).toEqual(['a/unreadable.test.js: could not run', 'a/mixed.test.js: breaks']);
  });

  test('names what was skipped, with the reason', () => {
    expect(summary.skipped).toEqual([
      'a/mixed.test.js: browser [skipped: no chromium on this machine] waits',
      'a/mixed.test.js: later',
    ]);
  });

  test('shows a failure and what the file printed, nothing of what passed', () => {
    expect(shown).toContain('Expected: 2');
    expect(shown).toContain('log: a hint');
    expect(shown).not.toMatch(/calm|noise/);
  });
});

function runJest(folder: string, summaryFile: string): Promise<string> {
  const config = { rootDir: folder, transform: {}, testEnvironment: 'node', maxWorkers: 1 };
  const reporter = join(repository, 'test/support/jest-summary-reporter.ts');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [
        join(repository, 'node_modules/jest/bin/jest.js'),
        '--ci',
        `--reporters=${reporter}`,
        `--config=${JSON.stringify(config)}`,
      ],
      { env: { PATH: process.env['PATH'], EDGEPASS_TEST_SUMMARY: summaryFile, NO_COLOR: '1' } },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
  });
}
