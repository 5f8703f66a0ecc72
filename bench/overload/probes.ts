// Asks for liveness as a balancer does: a new connection each time, at a steady pace, from a process that does
// nothing else.
import { connect } from 'node:net';
import { doJobs } from '../job-process.js';

/** How long, and how often. */
export interface ProbeJob {
  readonly host: string;
  readonly port: number;
  readonly seconds: number;
}

/** How long the answers took. */
export interface ProbeResult {
  readonly asked: number;
  /** Not answered with 200 within the limit, for whatever reason. */
  readonly failed: number;
  readonly p50Milliseconds: number;
  readonly highestMilliseconds: number;
}

const EVERY_MILLISECONDS = 250;
const LIMIT_MILLISECONDS = 8_000;

function probe({ host, port }: ProbeJob): Promise<number | null> {
  return new Promise((resolve) => {
    const begin = performance.now();
    const socket = connect(port, host, () =>
      socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    );
    const end = (isAnswered: boolean) => {
      clearTimeout(limit);
      socket.destroy();
      resolve(isAnswered ? performance.now() - begin : null);
    };
    const limit = setTimeout(() => end(false), LIMIT_MILLISECONDS);
    socket.setEncoding('latin1');
    socket.once('data', (text: string) => end(text.startsWith('HTTP/1.1 200 ')));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}

async function probes(job: ProbeJob): Promise<ProbeResult> {
  const under: Promise<number | null>[] = [];
  await new Promise<void>((resolve) => {
    const begin = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - begin < job.seconds * 1_000) {
        under.push(probe(job));
        return;
      }
      clearInterval(timer);
      resolve();
    }, EVERY_MILLISECONDS);
  });
  const answers = await Promise.all(under);
  const milliseconds = answers.filter((answer) => answer !== null).toSorted((a, b) => a - b);
  return {
    asked: answers.length,
    failed: answers.length - milliseconds.length,
    p50Milliseconds: milliseconds[Math.floor(milliseconds.length / 2)] ?? Number.NaN,
    highestMilliseconds: milliseconds.at(-1) ?? Number.NaN,
  };
}

doJobs(probes);
