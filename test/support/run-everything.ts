/** What `npm test` does. Node runs this file as it is, so it imports types only from other files of ours. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JestSummary } from './jest-summary-reporter.js';

/** One command of the run. `live` shows its output as it comes, instead of only when it fails. */
export interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly live?: boolean;
}

export interface StepResult {
  readonly name: string;
  readonly passed: boolean;
}

const repository = fileURLToPath(new URL('../..', import.meta.url));
const stepLimitMilliseconds = 600_000;

const build: Step = { name: 'build', command: ['npm', 'run', '--silent', 'build'] };
const documents: Step = {
  name: 'generated documents',
  command: ['node', 'dist/cli/edgepass.js', 'docs', '--check'],
};
const checks: readonly Step[] = [
  // The linter reads the types for its rules anyway, and says what is wrong with them.
  { name: 'types and lint', command: ['npm', 'run', '--silent', 'lint'] },
  { name: 'format', command: ['npm', 'run', '--silent', 'format:check'] },
  { name: 'import rules', command: ['npm', 'run', '--silent', 'check:flow'] },
];

/** Runs the checks and then jest (with these further arguments), prints the report; gives the exit code. */
export async function runEverything(
  jestArguments: readonly string[],
  outer: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const environment = testEnvironment(outer);
  const run = (step: Step, more = {}): Promise<StepResult> => runStep(step, { ...environment, ...more });
  // Two lanes for two cores: what reads the sources, and what runs the built command.
  const checking = inOrder(checks, run);
  const built = await run(build);
  if (!built.passed) {
    const checked = await checking;
    console.log('not run      generated documents and the tests: they need the build');
    return report([built, ...checked], null, environment);
  }
  const documented = await run(documents);
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-run-'));
  try {
    const summaryFile = join(folder, 'summary.json');
    const reporter = `--reporters=${join(repository, 'test/support/jest-summary-reporter.ts')}`;
    const jest = await run(
      {
        name: 'tests',
        command: ['npm', 'run', '--silent', 'jest', '--', reporter, '--ci', ...jestArguments],
        live: true,
      },
      { EDGEPASS_TEST_SUMMARY: summaryFile },
    );
    const steps = [built, documented, ...(await checking)];
    return report(steps, readSummary(summaryFile, jest), environment);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * What a test run may see of the machine. Every setting of edgepass is absent, whatever it is called,
 * because only these names pass.
 */
export function testEnvironment(outer: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passing =
    /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TERM|TMPDIR|CI|NO_COLOR|FORCE_COLOR|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|EDGEPASS_REQUIRE_ALL|(https?|no|all)_proxy|npm_config_\w+)$/i;
  const kept = Object.entries(outer).filter((entry): entry is [string, string] => {
    const [name, value] = entry;
    return value !== undefined && passing.test(name);
  });
  return { ...Object.fromEntries(kept), NODE_ENV: 'test' };
}

/** The last lines: what was skipped and why, the slowest files, and `N passed, N failed`. */
export function lastLines(
  steps: readonly StepResult[],
  summary: JestSummary | null,
  requireAll: boolean,
): { readonly lines: readonly string[]; readonly exitCode: number } {
  const skipped = summary?.skipped ?? [];
  const lines: string[] = [];
  if (summary !== null && summary.slowest.length > 0) lines.push(`slowest: ${summary.slowest.join(', ')}`);
  if (skipped.length > 0) {
    lines.push(requireAll ? 'skipped, which counts as failed here (EDGEPASS_REQUIRE_ALL=1):' : 'skipped:');
    lines.push(...skipped.map((title) => `  ${title}`));
  }
  const failures = [
    ...steps.filter(({ passed }) => !passed).map(({ name }) => name),
    ...(summary?.failures ?? []),
  ];
  if (failures.length > 0) lines.push('failed:', ...failures.map((name) => `  ${name}`));
  const passed = steps.filter((step) => step.passed).length + (summary?.passed ?? 0);
  const failed = failures.length + (requireAll ? skipped.length : 0);
  const rest = requireAll || skipped.length === 0 ? '' : `, ${skipped.length} skipped`;
  lines.push(`${passed} passed, ${failed} failed${rest}`);
  return { lines, exitCode: failed === 0 ? 0 : 1 };
}

/** Runs one command with exactly this environment and prints one line for it, after its output if it failed. */
export async function runStep(
  step: Step,
  environment: Readonly<Record<string, string>>,
): Promise<StepResult> {
  const start = performance.now();
  const [command, ...args] = step.command;
  const child = spawn(command, args, {
    cwd: repository,
    env: environment,
    stdio: ['ignore', step.live === true ? 'inherit' : 'pipe', step.live === true ? 'inherit' : 'pipe'],
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), stepLimitMilliseconds);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ending = await new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? null : (signal ?? `exit code ${code}`)));
  });
  clearTimeout(limit);
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
  const indented = output.trimEnd().replaceAll(/^(?=.)/gm, '    ');
  if (ending !== null && indented !== '') console.log(indented);
  console.log(
    `${ending === null ? 'ok    ' : 'FAILED'} ${seconds} s  ${step.name}${ending === null ? '' : `: ${ending}`}`,
  );
  return { name: step.name, passed: ending === null };
}

async function inOrder(
  steps: readonly Step[],
  run: (step: Step) => Promise<StepResult>,
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
  for (const step of steps) results.push(await run(step));
  return results;
}

/** Jest's own failure that is no test's (a crash, an open handle that never closed) counts as one. */
function readSummary(file: string, jest: StepResult): JestSummary {
  try {
    const summary = JSON.parse(readFileSync(file, 'utf8')) as JestSummary;
    if (jest.passed || summary.failures.length > 0) return summary;
    return { ...summary, failures: ['jest: ended with an error although no test failed'] };
  } catch {
    return { passed: 0, failures: ['jest: ended without a result'], skipped: [], slowest: [] };
  }
}

function report(
  steps: readonly StepResult[],
  summary: JestSummary | null,
  environment: Readonly<Record<string, string>>,
): number {
  const { lines, exitCode } = lastLines(steps, summary, environment['EDGEPASS_REQUIRE_ALL'] === '1');
  console.log(['', ...lines].join('\n'));
  return exitCode;
}
