import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDistribution } from '../../../packages/edge/src/distribution/read-distribution.js';
import { startEdgeServer } from '../../../packages/edge/src/server.js';
import { readFuzzArguments } from '../fuzz-arguments.js';
import { fuzzEdge } from './fuzz-edge.js';
import { fuzzOrigin } from './fuzz-origin.js';

const SEEDS = new URL('../../../../../test/fuzz/edge/seeds.json', import.meta.url);

/** Runs the fuzzer and prints what it found; gives the exit code. */
export async function runEdgeCommand(args: readonly string[]): Promise<number> {
  const { count, seed } = readFuzzArguments(args, 100_000);
  const { targets } = JSON.parse(readFileSync(SEEDS, 'utf8')) as { readonly targets: readonly string[] };
  console.log(`seed ${seed}, ${count} targets and ${targets.length} kept ones`);
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'edgepass-fuzz-')));
  const start = performance.now();
  try {
    const report = await fuzzEdge(
      { readDistribution, startEdgeServer },
      {
        seed,
        count,
        root,
        kept: targets,
        onProgress: (sent) => {
          if (sent % 100_000 === 0) console.log(`${sent} sent`);
        },
      },
    );
    const seconds = (performance.now() - start) / 1000;
    for (const failure of report.failures) console.log(failure);
    console.log(`answers by status: ${JSON.stringify(report.statuses)}`);
    console.log(
      `${report.sent} targets of seed ${seed} in ${seconds.toFixed(0)} s (${Math.round(report.sent / seconds)} a second, Node ${process.versions.node}, ${cpus().length} cores): ${report.failures.length} failures`,
    );
    return report.failures.length === 0 ? 0 : 1;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The same for an edge with a server behind it: targets, headers and bodies. */
export async function runOriginCommand(args: readonly string[]): Promise<number> {
  const { count, seed } = readFuzzArguments(args, 100_000);
  console.log(`seed ${seed}, ${count} requests`);
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'edgepass-fuzz-')));
  const start = performance.now();
  try {
    const { sent, statuses, reached, failures } = await fuzzOrigin(
      { readDistribution, startEdgeServer },
      { seed, count, root, onProgress: (done) => done % 100_000 === 0 && console.log(`${done} sent`) },
    );
    const seconds = (performance.now() - start) / 1000;
    for (const failure of failures) console.log(failure);
    console.log(`answers by status: ${JSON.stringify(statuses)}`);
    console.log(
      `${sent} requests of seed ${seed} in ${seconds.toFixed(0)} s (${Math.round(sent / seconds)} a second, Node ${process.versions.node}, ${cpus().length} cores), ${reached} reached the origin: ${failures.length} failures`,
    );
    return failures.length === 0 ? 0 : 1;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
