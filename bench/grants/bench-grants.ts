import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadLine, machineLine, processorMicroseconds } from '../machine.js';
import type { ServerProcess } from '../server-process.js';
import { median, spread } from '../statistics.js';
import { CONNECTIONS, makeCases, VIEWERS, type Case } from './cases.js';
import { makeDeployment, type Deployment } from './deployment.js';
import type { LoadJob, LoadResult } from './load.js';
import { giveRights, startEdgepass, startNaivePeer } from './servers.js';
import { faultOf } from './verify-sample.js';

const ROUNDS = 5;
const ROUND_SECONDS = 4;
const WARM_UP_SECONDS = 3;
/** Policy, signature, key pair id, two clears and the scopes cookie; the naive version sets the first three. */
const EDGEPASS_COOKIE_LINES = 6;
const NAIVE_COOKIE_LINES = 3;

/** One of the two servers, and what a right answer of it has. */
interface Peer {
  readonly name: string;
  readonly server: ServerProcess;
  readonly cookieLines: number;
}

/** One round with one server. */
interface Round {
  readonly result: LoadResult;
  readonly perSecond: number;
  readonly processorMicrosecondsPerAnswer: number | null;
  readonly faults: readonly string[];
}

/** Grants per second against the naive version, both cases. Gives false when an answer was wrong. */
export async function benchGrants(): Promise<boolean> {
  const deployment = makeDeployment();
  const cases = makeCases(deployment);
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-bench-'));
  const load = fork(new URL('./load.js', import.meta.url));
  const running: ServerProcess[] = [];
  try {
    console.log(`grants per second, edgepass (SQLite, durable audit row) against the naive version`);
    console.log(machineLine());
    console.log(
      `${CONNECTIONS} connections, ${VIEWERS} viewers, ${ROUNDS} pairs of rounds of ${ROUND_SECONDS} s, HS256, RSA-2048`,
    );
    const edgepass = await startEdgepass(deployment, folder);
    running.push(edgepass);
    const naive = await startNaivePeer(deployment);
    running.push(naive);
    await giveRights(edgepass.url, deployment, cases);
    const peers: readonly [Peer, Peer] = [
      { name: 'edgepass', server: edgepass, cookieLines: EDGEPASS_COOKIE_LINES },
      { name: 'naive', server: naive, cookieLines: NAIVE_COOKIE_LINES },
    ];
    let isRight = true;
    for (const one of cases) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the method
      isRight = (await benchCase(one, peers, deployment, load)) && isRight;
    }
    return isRight;
  } finally {
    load.disconnect();
    await Promise.all(running.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchCase(
  one: Case,
  [edgepass, naive]: readonly [Peer, Peer],
  deployment: Deployment,
  load: ChildProcess,
): Promise<boolean> {
  const measure = (peer: Peer, seconds: number) => round(one, peer, seconds, deployment, load);
  const ours: Round[] = [];
  const theirs: Round[] = [];
  console.log(`\n${one.name} (${loadLine()})`);
  await measure(edgepass, WARM_UP_SECONDS);
  await measure(naive, WARM_UP_SECONDS);
  for (let pair = 0; pair < ROUNDS; pair += 1) {
    // oxlint-disable no-await-in-loop -- A B A B: one after the other is the method
    ours.push(await measure(edgepass, ROUND_SECONDS));
    theirs.push(await measure(naive, ROUND_SECONDS));
    // oxlint-enable no-await-in-loop
  }
  const ratios = ours.map(({ perSecond }, index) => perSecond / (theirs[index]?.perSecond ?? Number.NaN));
  print(edgepass, ours);
  print(naive, theirs);
  console.log(`  ratio per pair  ${spread(ratios, 2)}: ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}`);
  const faults = [...ours, ...theirs].flatMap((round) => round.faults);
  for (const fault of new Set(faults)) console.log(`  WRONG ANSWER    ${fault}`);
  return faults.length === 0 && [...ours, ...theirs].every(({ result }) => result.errors === 0);
}

async function round(
  { callers }: Case,
  { server, cookieLines }: Peer,
  seconds: number,
  deployment: Deployment,
  load: ChildProcess,
): Promise<Round> {
  const before = processorMicroseconds(server.pid);
  const { host, port } = server;
  const job: LoadJob = { host, port, origin: deployment.appOrigin, callers, seconds, cookieLines };
  const answered = once(load, 'message') as Promise<[LoadResult]>;
  load.send(job);
  const [result] = await answered;
  const after = processorMicroseconds(server.pid);
  const faults = result.samples.map((sample) => faultOf(sample, deployment));
  return {
    result,
    perSecond: result.answers / result.seconds,
    processorMicrosecondsPerAnswer:
      before === null || after === null ? null : (after - before) / result.answers,
    faults: faults.filter((fault) => fault !== null),
  };
}

function print({ name }: Peer, rounds: readonly Round[]): void {
  const results = rounds.map(({ result }) => result);
  const sum = (count: (result: LoadResult) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  const processor = rounds.flatMap((round) => round.processorMicrosecondsPerAnswer ?? []);
  const parts = [
    `${spread(rounds.map(({ perSecond }) => perSecond))} requests/s`,
    `p50 ${median(results.map((result) => result.p50Milliseconds)).toFixed(1)} ms`,
    `p99 ${median(results.map((result) => result.p99Milliseconds)).toFixed(1)} ms`,
    ...(processor.length === 0 ? [] : [`${median(processor).toFixed(0)} µs processor time an answer`]),
    `${sum((result) => result.errors)} errors`,
    `${sum((result) => result.samples.length)} of ${sum((result) => result.answers)} answers verified`,
  ];
  console.log(`  ${name.padEnd(14)}  ${parts.join(', ')}`);
}
