import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { readFuzzArguments } from '../fuzz-arguments.js';
import type { PropertiesReport, PropertiesRun } from './run-properties.js';

/** Executes the properties on every core and prints what they found; gives the exit code. */
export async function runPropertiesCommand(args: readonly string[]): Promise<number> {
  const { count, seed, further } = readFuzzArguments(args, 200_000, ['only', 'path']);
  const cores = further.path === undefined ? availableParallelism() : 1;
  console.log(`seed ${seed}, ${count} executions on ${cores} threads`);
  const start = performance.now();
  const reports = await Promise.all(
    Array.from({ length: cores }, (_, core) =>
      inThread({ ...further, seed: seed + core, count: Math.ceil(count / cores) }),
    ),
  );
  const seconds = (performance.now() - start) / 1000;
  const failures = reports.flatMap((report) => report.failures);
  for (const failure of failures) console.log(`\n${failure}`);
  const executions = reports.reduce((sum, report) => sum + report.executions, 0);
  console.log(`met: ${JSON.stringify(totals(reports))}`);
  console.log(
    `${executions} executions of seed ${seed} in ${seconds.toFixed(0)} s (${Math.round(executions / seconds)} a second, Node ${process.versions.node}, ${cores} threads): ${failures.length} failures`,
  );
  return failures.length === 0 ? 0 : 1;
}

function inThread(run: PropertiesRun): Promise<PropertiesReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./properties-worker.js', import.meta.url), { workerData: run });
    worker.once('message', (report: PropertiesReport) => resolve(report));
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a thread ended with ${code} and without a report`)));
  });
}

function totals(reports: readonly PropertiesReport[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { met } of reports) {
    for (const [what, count] of Object.entries(met)) sums[what] = (sums[what] ?? 0) + count;
  }
  return sums;
}
