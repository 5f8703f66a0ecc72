// Jest's reporter under `npm run faults`: a line for each fault as its test ends, then docs/evidence/faults.md, then what was
// skipped and why. Node runs it as it is.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import JestSummaryReporter from '../support/jest-summary-reporter.ts';
import { lastLines } from '../support/run-everything.ts';
import { lineOf, renewPage } from './faults-page.ts';

const isThroughPooler = process.env['EDGEPASS_FAULT_POOLER'] === 'pgbouncer';

export default class FaultsReporter extends JestSummaryReporter {
  #folder = mkdtempSync(join(tmpdir(), 'edgepass-faults-'));
  #evidence = join(this.#folder, 'evidence.ndjson');
  #date = new Date().toISOString().slice(0, 10);
  #lines = [];
  #globalConfig;

  constructor(globalConfig) {
    super(globalConfig);
    this.#globalConfig = globalConfig;
  }

  onRunStart() {
    process.env['EDGEPASS_FAULT_EVIDENCE'] = this.#evidence;
  }

  onTestResult(file, result) {
    super.onTestResult(file, result);
    const remarks = this.#remarks();
    for (const { fullName, status, duration } of result.testResults) {
      const test = { fullName, status, seconds: (duration ?? 0) / 1000 };
      const line = lineOf(test, remarks, this.#date, isThroughPooler);
      if (line === null) continue;
      this.#lines.push(line);
      console.log(`${line.ids} ${line.words}\n    ${line.seconds} s  ${line.evidence}`);
    }
  }

  onRunComplete(_contexts, results) {
    const page = join(this.#globalConfig.rootDir, 'docs', 'evidence', 'faults.md');
    const { testNamePattern, nonFlagArgs } = this.#globalConfig;
    const isWhole = !isThroughPooler && !testNamePattern && nonFlagArgs.length === 0;
    writeFileSync(page, renewPage(existsSync(page) ? readFileSync(page, 'utf8') : '', this.#lines, isWhole));
    rmSync(this.#folder, { recursive: true, force: true });
    const summary = this.summarise(results);
    const missing = summary.skipped.filter((title) => title.includes('[skipped:'));
    const { lines } = lastLines([], { ...summary, skipped: missing }, false);
    console.log(['', ...lines].join('\n'));
  }

  #remarks() {
    if (!existsSync(this.#evidence)) return [];
    return readFileSync(this.#evidence, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }
}
