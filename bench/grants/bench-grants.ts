import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineLine } from '../machine.js';
import type { ServerProcess } from '../server-process.js';
import { spread } from '../statistics.js';
import { undisturbedRound } from '../undisturbed.js';
import { CONNECTIONS, EDGEPASS_COOKIE_LINES, makeCases, VIEWERS, type Case } from './cases.js';
import { makeDeployment, type Deployment } from './deployment.js';
import { LoadProcess } from './load-process.js';
import { printRounds, round, type Peer, type Round } from './rounds.js';
import { giveRights, startEdgepass, startNaivePeer } from './servers.js';

const PAIRS = 7;
const ROUND_SECONDS = 1;
const WARM_UP_SECONDS = 3;
/** Policy, signature and key pair id. */
const NAIVE_COOKIE_LINES = 3;

/** One round with each server, the one right after the other. */
interface Pair {
  readonly ours: Round;
  readonly theirs: Round;
  readonly ratio: number;
}

/** Grants per second against the naive version, both cases. Throws when an answer was wrong. */
export async function benchGrants(): Promise<void> {
  const deployment = makeDeployment();
  const cases = makeCases(deployment);
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-bench-'));
  const load = new LoadProcess();
  const running: ServerProcess[] = [];
  try {
    console.log(`grants per second, edgepass (SQLite, durable audit row) against the naive version`);
    console.log(machineLine());
    console.log(
      `${CONNECTIONS} connections, ${VIEWERS} viewers, ${PAIRS} pairs of rounds of ${ROUND_SECONDS} s, HS256, RSA-2048`,
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
    for (const one of cases) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the method
      await benchCase(one, peers, deployment, load);
    }
  } finally {
    load.stop();
    await Promise.all(running.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchCase(
  one: Case,
  [edgepass, naive]: readonly [Peer, Peer],
  deployment: Deployment,
  load: LoadProcess,
): Promise<void> {
  const measure = (peer: Peer) =>
    undisturbedRound(() => round(one, peer, { seconds: ROUND_SECONDS }, deployment, load));
  const pairs: Pair[] = [];
  console.log(`\n${one.name}`);
  await round(one, edgepass, { seconds: WARM_UP_SECONDS }, deployment, load);
  await round(one, naive, { seconds: WARM_UP_SECONDS }, deployment, load);
  while (pairs.length < PAIRS) {
    // oxlint-disable no-await-in-loop -- A B A B: one after the other is the method
    const ours = await measure(edgepass);
    const theirs = await measure(naive);
    // oxlint-enable no-await-in-loop
    pairs.push({ ours, theirs, ratio: ours.perSecond / theirs.perSecond });
  }
  printRounds(
    edgepass,
    pairs.map(({ ours }) => ours),
  );
  printRounds(
    naive,
    pairs.map(({ theirs }) => theirs),
  );
  const ratios = pairs.map(({ ratio }) => ratio);
  console.log(`  ratio per pair  ${spread(ratios, 2)}: ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}`);
  const rounds = pairs.flatMap(({ ours, theirs }) => [ours, theirs]);
  const others = rounds.map(({ shareOfOthers }) => 100 * shareOfOthers);
  console.log(`  other processes ${spread(others)} % of the processors in the rounds that count`);
}
