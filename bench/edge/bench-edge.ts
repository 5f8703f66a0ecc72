import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { machineLine, processorTime, shareOfOthers, usedBy } from '../machine.js';
import type { ServerProcess } from '../server-process.js';
import { median, spread } from '../statistics.js';
import { undisturbedRound } from '../undisturbed.js';
import type { LoadJob, LoadResult } from './load.js';
import { measureSlowReaders } from './slow-readers.js';
import { Stage, VIEWERS, type ServedFile } from './stage.js';

const PAIRS = 7;
const ROUND_SECONDS = 1;
const WARM_UP_SECONDS = 3;
const CONNECTIONS = 16;
const KIBIBYTE = 1024;

interface Peer {
  readonly name: string;
  readonly server: ServerProcess;
  readonly mustHit: boolean;
}

interface Round {
  readonly result: LoadResult;
  readonly microsecondsPerAnswer: number | null;
  readonly shareOfOthers: number;
}

/**
 * GET of a cached file with verified cookies against express.static of the same file, and the memory while
 * 50 clients read slowly. Throws when an answer was wrong.
 */
export async function benchEdge(): Promise<void> {
  const stage = new Stage();
  const files = [
    { title: '16 KB', file: stage.file('16k.bin', 16 * KIBIBYTE) },
    { title: '1 MB', file: stage.file('1m.bin', KIBIBYTE * KIBIBYTE) },
  ];
  const load = fork(new URL('./load.js', import.meta.url));
  const running: ServerProcess[] = [];
  try {
    console.log(
      'GET per second: edgepass edge (cookies verified, cached copy, policies) against express.static',
    );
    console.log(machineLine());
    console.log(
      `${CONNECTIONS} connections, ${VIEWERS} viewers, ${PAIRS} pairs of rounds of ${ROUND_SECONDS} s, plain HTTP`,
    );
    const edge = await stage.startEdge('16k.bin');
    running.push(edge);
    const peer = await stage.startStatic('16k.bin');
    running.push(peer);
    for (const { title, file } of files) {
      console.log(`\n${title}`);
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the method
      await benchFile(
        file,
        stage.requests(file.name),
        [
          { name: 'edgepass edge', server: edge, mustHit: true },
          { name: 'express.static', server: peer, mustHit: false },
        ],
        load,
      );
    }
    await measureSlowReaders(stage, edge);
  } finally {
    load.disconnect();
    await Promise.all(running.map((server) => server.stop()));
    stage.remove();
  }
}

async function benchFile(
  file: ServedFile,
  requests: readonly string[],
  [edge, peer]: readonly [Peer, Peer],
  load: ChildProcess,
): Promise<void> {
  const measure = (one: Peer, seconds: number, mustHit = one.mustHit) =>
    round(one, { file, requests, seconds, mustHit, connections: CONNECTIONS }, load);
  // The first answer of the edge fills its cache.
  await measure(edge, WARM_UP_SECONDS, false);
  await measure(peer, WARM_UP_SECONDS);
  const ours: Round[] = [];
  const theirs: Round[] = [];
  while (ours.length < PAIRS) {
    // oxlint-disable no-await-in-loop -- A B A B: one after the other is the method
    ours.push(await undisturbedRound(() => measure(edge, ROUND_SECONDS)));
    theirs.push(await undisturbedRound(() => measure(peer, ROUND_SECONDS)));
    // oxlint-enable no-await-in-loop
  }
  print(edge, ours);
  print(peer, theirs);
  const ratios = ours.map(({ result }, index) => result.answers / (theirs[index]?.result.answers ?? 0));
  console.log(`  ratio per pair  ${spread(ratios, 2)}: ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}`);
  const others = [...ours, ...theirs].map((each) => 100 * each.shareOfOthers);
  console.log(`  other processes ${spread(others)} % of the processors in the rounds that count`);
}

async function round(
  { name, server }: Peer,
  what: Omit<LoadJob, 'host' | 'port'>,
  load: ChildProcess,
): Promise<Round> {
  const pids = [server.pid, load.pid ?? 0, process.pid];
  const before = processorTime(pids);
  const answered = once(load, 'message') as Promise<[LoadResult]>;
  load.send({ ...what, host: server.host, port: server.port });
  const [result] = await answered;
  const after = processorTime(pids);
  if (result.errors > 0) throw new Error(`${name}: ${result.errors} wrong answers`);
  if (before === null || after === null) return { result, microsecondsPerAnswer: null, shareOfOthers: 0 };
  return {
    result,
    microsecondsPerAnswer: usedBy(0, before, after) / result.answers,
    shareOfOthers: shareOfOthers(before, after, what.seconds),
  };
}

function print({ name }: Peer, rounds: readonly Round[]): void {
  const results = rounds.map(({ result }) => result);
  const processor = rounds.flatMap((each) => each.microsecondsPerAnswer ?? []);
  const compared = results.reduce((sum, each) => sum + each.compared, 0);
  const parts = [
    `${spread(results.map(({ answers }) => answers / ROUND_SECONDS))} requests/s`,
    `p50 ${median(results.map((each) => each.p50Milliseconds)).toFixed(2)} ms`,
    `p99 ${median(results.map((each) => each.p99Milliseconds)).toFixed(2)} ms`,
    ...(processor.length === 0 ? [] : [`${median(processor).toFixed(0)} µs processor time an answer`]),
    `no errors, ${compared} bodies compared`,
  ];
  console.log(`  ${name.padEnd(14)}  ${parts.join(', ')}`);
}
