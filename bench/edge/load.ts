// The load, in a process of its own: keeps the connections busy with GET for the asked time, looks at the
// status and length of every answer, and at the content of a sample.
import { DownloadConnection, type Download } from './download-connection.js';
import type { ServedFile } from './stage.js';
import { doJobs } from '../job-process.js';
import { quantile } from '../statistics.js';

/** One round of load. */
export interface LoadJob {
  readonly host: string;
  readonly port: number;
  readonly requests: readonly string[];
  readonly file: ServedFile;
  readonly connections: number;
  readonly seconds: number;
  /** Whether an answer that did not come from the cache is wrong. */
  readonly mustHit: boolean;
}

/** What one round gave. */
export interface LoadResult {
  readonly answers: number;
  readonly errors: number;
  readonly compared: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
}

const COMPARE_EVERY = 97;

async function load(job: LoadJob): Promise<LoadResult> {
  const { host, port, requests, file, mustHit } = job;
  const connections = await Promise.all(
    Array.from({ length: job.connections }, () => DownloadConnection.open(host, port)),
  );
  const latencies: number[] = [];
  let errors = 0;
  let compared = 0;
  let next = 0;
  const end = performance.now() + job.seconds * 1_000;
  const isRight = ({ isOk, isHit, byteLength, sha256 }: Download) =>
    isOk && byteLength === file.byteLength && (isHit || !mustHit) && [null, file.sha256].includes(sha256);
  const keepBusy = async (connection: DownloadConnection): Promise<void> => {
    while (performance.now() < end) {
      next += 1;
      const isCompared = next % COMPARE_EVERY === 0;
      const sent = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- one request at a time on a connection
      const answer = await connection.ask(requests[next % requests.length] ?? '', isCompared);
      const answered = performance.now();
      if (!isRight(answer)) errors += 1;
      if (answered > end) return;
      if (isCompared) compared += 1;
      latencies.push(answered - sent);
    }
  };
  await Promise.all(connections.map((connection) => keepBusy(connection).catch(() => (errors += 1))));
  for (const connection of connections) connection.close();
  return {
    answers: latencies.length,
    errors,
    compared,
    p50Milliseconds: quantile(latencies, 0.5),
    p99Milliseconds: quantile(latencies, 0.99),
  };
}

doJobs(load);
