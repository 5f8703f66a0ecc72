// The load, in a process of its own: keeps CONNECTIONS connections busy for the asked time, looks at the
// status and the Set-Cookie lines of every answer, and hands a sample of the answers back to be verified.
// Sockets and ready-made bytes, no HTTP client: what the load costs is taken from the servers it measures.
import { setTimeout as wait } from 'node:timers/promises';
import { CONNECTIONS, type Caller } from './cases.js';
import { KeepAliveConnection, type Answer } from './keep-alive-connection.js';
import { doJobs } from '../job-process.js';
import { quantile } from '../statistics.js';

/** How hard, and for how long. */
export interface Effort {
  readonly seconds: number;
  /** So many requests begin in a second, evenly spread; absent = every connection asks as soon as it is answered. */
  readonly perSecond?: number;
  /** A 503 is counted by itself and is no wrong answer: on a machine that others use, for a long time. */
  readonly mayRefuse?: boolean;
}

/** One round of load. */
export interface LoadJob extends Effort {
  readonly host: string;
  readonly port: number;
  readonly origin: string;
  readonly callers: readonly Caller[];
  /** Fewer Set-Cookie lines than this make an answer wrong. */
  readonly cookieLines: number;
}

/** An answer to verify: what was asked, and the Set-Cookie lines that came. */
export interface Sample {
  readonly prefix: string;
  readonly cookies: readonly string[];
  readonly receivedAtEpochSeconds: number;
}

/** What one round gave. */
export interface LoadResult {
  readonly answers: number;
  readonly seconds: number;
  /** Connections lost or stuck, answers other than 201, answers with too few cookies. */
  readonly errors: number;
  /** Answers of 503 where they may be. */
  readonly refused: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  readonly samples: readonly Sample[];
}

/** Odd, so that the samples wander over the callers. */
const SAMPLE_EVERY = 211;
/** How long an answer may take before its connection counts as stuck. */
const ANSWER_LIMIT_MILLISECONDS = 10_000;

async function load(job: LoadJob): Promise<LoadResult> {
  const { host, port, cookieLines } = job;
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => KeepAliveConnection.open(host, port)),
  );
  const latencies: number[] = [];
  const samples: Sample[] = [];
  let errors = 0;
  let refused = 0;
  const start = performance.now();
  const end = start + job.seconds * 1_000;
  const limit = setTimeout(
    () => connections.forEach((connection) => connection.close()),
    job.seconds * 1_000 + ANSWER_LIMIT_MILLISECONDS,
  );

  const look = ({ isCreated, cookieLineCount, cookies }: Answer, prefix: string): void => {
    if (!isCreated || cookieLineCount < cookieLines) errors += 1;
    if (latencies.length % SAMPLE_EVERY === 0)
      samples.push({ prefix, cookies: cookies(), receivedAtEpochSeconds: Date.now() / 1000 });
  };
  let begun = 0;
  /** When the next request is due. Waiting for a connection counts as waiting for the answer. */
  const nextBegin = async (): Promise<number> => {
    if (job.perSecond === undefined) return performance.now();
    const due = start + (begun++ * 1_000) / job.perSecond;
    const early = due - performance.now();
    if (early > 0) await wait(early);
    return due;
  };
  const keepBusy = async (connection: KeepAliveConnection, index: number): Promise<void> => {
    // Every connection has callers of its own: no two ask for one prefix at once unless the case says so.
    const requests = requestsOf(job, index);
    for (let next = 0; performance.now() < end; next += 1) {
      const { bytes, prefix } = requests[next % requests.length] ?? { bytes: Buffer.of(), prefix: '' };
      // oxlint-disable no-await-in-loop -- one request at a time on a connection
      const due = await nextBegin();
      const answer = await connection.ask(bytes);
      // oxlint-enable no-await-in-loop
      const answered = performance.now();
      if (answered > end) return;
      if (job.mayRefuse === true && answer.isRefused) {
        refused += 1;
        continue;
      }
      latencies.push(answered - due);
      look(answer, prefix);
    }
  };
  await Promise.all(
    connections.map((connection, index) => keepBusy(connection, index).catch(() => (errors += 1))),
  );
  clearTimeout(limit);
  for (const connection of connections) connection.close();

  return {
    answers: latencies.length,
    seconds: job.seconds,
    errors,
    refused,
    p50Milliseconds: quantile(latencies, 0.5),
    p99Milliseconds: quantile(latencies, 0.99),
    samples,
  };
}

function requestsOf(
  { host, port, origin, callers }: LoadJob,
  connection: number,
): readonly { readonly bytes: Buffer; readonly prefix: string }[] {
  const own = callers.filter((_, index) => index % CONNECTIONS === connection);
  return own.map(({ prefix, token }) => {
    const body = JSON.stringify({ prefix });
    const lines = [
      'POST /grants HTTP/1.1',
      `Host: ${host}:${port}`,
      `Authorization: Bearer ${token}`,
      `Origin: ${origin}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    return { bytes: Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`), prefix };
  });
}

doJobs(load);
