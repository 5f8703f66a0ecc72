import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { startApiProcesses } from '../../support/api-process.js';
import { readFuzzArguments } from '../fuzz-arguments.js';
import { fuzzHttp } from './fuzz-http.js';
import type { OpenApiDocument } from '../../support/open-api.js';

const REPOSITORY = fileURLToPath(new URL('../../../../../', import.meta.url));
const LONGEST_LIFETIME_SECONDS = 3600;

/** Fuzzes a real process and prints what it found; gives the exit code. */
export async function runHttpCommand(args: readonly string[]): Promise<number> {
  const { count, seed, further } = readFuzzArguments(args, 20_000, ['database', 'index']);
  const { database = 'sqlite' } = further;
  if (database !== 'sqlite' && database !== 'postgres') {
    throw new TypeError('expected --database sqlite or postgres');
  }
  const document = JSON.parse(readFileSync(`${REPOSITORY}docs/openapi.json`, 'utf8')) as OpenApiDocument;
  const processes = await startApiProcesses({ repository: REPOSITORY, database, count: 1 });
  try {
    const [child] = processes.children;
    console.log(`seed ${seed}, ${count} requests to process ${child?.pid} on ${database}`);
    const start = performance.now();
    const report = await fuzzHttp(
      document,
      {
        port: Number(new URL(processes.urls[0] ?? '').port),
        issuer: { ...processes.tokens, adminGroup: processes.adminGroup },
        nowEpochSeconds: Math.floor(Date.now() / 1000),
        promises: {
          appOrigins: [processes.appOrigin],
          cloudFrontUrl: processes.cloudFrontUrl,
          publicKey: processes.publicKey,
          longestLifetimeSeconds: LONGEST_LIFETIME_SECONDS,
        },
        ended: () => (child?.exitCode === null && child.signalCode === null ? null : 'the process has ended'),
      },
      {
        seed,
        count: further.index === undefined ? count : 1,
        from: Number(further.index ?? 0),
        onProgress: (sent) => {
          if (sent % 50_000 === 0) console.log(`${sent} sent`);
        },
      },
    );
    const seconds = (performance.now() - start) / 1000;
    for (const failure of report.failures)
      console.log(`
${failure}`);
    if (report.failures.length > 0)
      console.log(`the last lines of its log:\n${processes.lastLines().join('\n')}`);
    for (const [operation, statuses] of Object.entries(report.byOperation)) {
      console.log(`${operation}: ${JSON.stringify(statuses)}`);
    }
    console.log(`answers by status: ${JSON.stringify(report.statuses)}`);
    console.log(
      `${report.sent} requests of seed ${seed} on ${database} in ${seconds.toFixed(0)} s (${Math.round(report.sent / seconds)} a second, Node ${process.versions.node}, ${cpus().length} cores): ${report.failures.length} failures`,
    );
    return report.failures.length === 0 ? 0 : 1;
  } catch (error) {
    const [child] = processes.children;
    console.log(
      `exit code ${child?.exitCode ?? 'none'}; its last lines:\n${processes.lastLines().join('\n')}`,
    );
    throw error;
  } finally {
    processes.stop();
  }
}
