/** Jest's reporter under `npm test`: shows failures as they come, and hands the totals to run-everything.ts. */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { AggregatedResult, Reporter, Test, TestResult } from '@jest/reporters';

export interface JestSummary {
  readonly passed: number;
  /** `file: full name` of each failed test, or of a file that could not run. */
  readonly failures: readonly string[];
  /** The same for each skipped one; the name says why. */
  readonly skipped: readonly string[];
  readonly slowest: readonly string[];
}

const slowestShown = 5;

export default class JestSummaryReporter implements Pick<Reporter, 'onTestResult' | 'onRunComplete'> {
  readonly #rootDir: string;

  constructor(config: { readonly rootDir: string }) {
    this.#rootDir = config.rootDir;
  }

  onTestResult(test: Test, result: TestResult): void {
    if (result.failureMessage === undefined || result.failureMessage === null) return;
    console.log(`\n${this.#name(test.path)}\n${result.failureMessage.trimEnd()}`);
    for (const entry of result.console ?? []) console.log(`  ${entry.type}: ${entry.message}`);
  }

  onRunComplete(_contexts: unknown, results: AggregatedResult): void {
    const summaryFile = process.env['EDGEPASS_TEST_SUMMARY'];
    if (summaryFile !== undefined) writeFileSync(summaryFile, JSON.stringify(this.summarise(results)));
  }

  /** Takes jest's result of the whole run; gives what the last lines need. */
  summarise(results: Pick<AggregatedResult, 'numPassedTests' | 'testResults'>): JestSummary {
    const named = (statuses: readonly string[]): string[] =>
      results.testResults.flatMap((file) =>
        file.testResults
          .filter(({ status }) => statuses.includes(status))
          .map(({ fullName }) => `${this.#name(file.testFilePath)}: ${fullName}`),
      );
    const unable = results.testResults
      .filter(({ testExecError }) => testExecError !== undefined && testExecError !== null)
      .map((file) => `${this.#name(file.testFilePath)}: could not run`);
    const slowest = results.testResults
      .map((file) => ({ file, seconds: (file.perfStats.end - file.perfStats.start) / 1000 }))
      .toSorted((one, other) => other.seconds - one.seconds)
      .slice(0, slowestShown)
      .map(({ file, seconds }) => `${this.#name(file.testFilePath)} ${seconds.toFixed(1)} s`);
    return {
      passed: results.numPassedTests,
      failures: [...unable, ...named(['failed'])],
      skipped: named(['pending', 'skipped', 'disabled', 'todo']),
      slowest,
    };
  }

  #name(path: string): string {
    return relative(this.#rootDir, path);
  }
}
