import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineLine } from '../machine.js';
import type { ServerProcess } from '../server-process.js';
import { isHonest, spread, type Ratio } from '../statistics.js';
import { undisturbedRound } from '../undisturbed.js';
import { CONNECTIONS, EDGEPASS_COOKIE_LINES, makeCases, VIEWERS, type Case } from './cases.js';
import { makeDeployment, type Deployment } from './deployment.js';
import { LoadProcess } from './load-process.js';
import { printRounds, round, type Peer, type Round } from './rounds.js';
import { giveRights, startEdgepass, startNaivePeer } from './servers.js';

/** At least so many, and more until their middle half agrees. */
const PAIRS = 7;
const MOST_PAIRS = 15;
const ROUND_SECONDS = 1;
const WARM_UP_SECONDS = 3;
/** Policy, signature and key pair id. */
const NAIVE_COOKIE_LINES = 3;

/** What is to be reached: grants a second against the naive version, and processor time against a constant answer. */
const REACH = { shared: 5, perViewer: 2.6, perViewerP256: 3, constant: 1.6 } as const;

/** One round with each server, the one right after the other. */
interface Pair {
  readonly ours: Round;
  readonly theirs: Round;
}

const ratesOf = ({ ours, theirs }: Pair): number => ours.perSecond / theirs.perSecond;
const processorOf = ({ ours, theirs }: Pair): number =>
  (ours.microsecondsPerAnswer ?? Number.NaN) / (theirs.microsecondsPerAnswer ?? Number.NaN);

/**
 * Grants a second against the naive version with the same key, and processor time against a Nest route that does the
 * same check and answers a constant. What that route does against the naive version is the ceiling of each goal: no
 * grant of Nest costs less than no grant. Throws when an answer was wrong.
 */
export async function benchGrants(): Promise<readonly Ratio[]> {
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-bench-'));
  const load = new LoadProcess();
  const running: ServerProcess[] = [];
  const kept = async (starting: Promise<ServerProcess>): Promise<ServerProcess> => {
    const server = await starting;
    running.push(server);
    return server;
  };
  try {
    console.log('grants per second, edgepass (SQLite, durable audit row) against the naive version');
    console.log(machineLine());
    console.log(
      `${CONNECTIONS} connections, ${VIEWERS} viewers, ${PAIRS} to ${MOST_PAIRS} pairs of rounds of ${ROUND_SECONDS} s, HS256`,
    );
    const ratios: Ratio[] = [];
    for (const key of ['RSA-2048', 'P-256'] as const) {
      const deployment = makeDeployment(key);
      const cases = makeCases(deployment);
      const own = join(folder, key);
      mkdirSync(own);
      // oxlint-disable no-await-in-loop -- one after the other is the method
      const ours = await kept(startEdgepass(deployment, own));
      const edgepass = { name: 'edgepass', server: ours, cookieLines: EDGEPASS_COOKIE_LINES };
      const theirs = await kept(startNaivePeer(deployment));
      const naive = { name: 'naive', server: theirs, cookieLines: NAIVE_COOKIE_LINES };
      await giveRights(ours.url, deployment, cases);
      const compare = (one: Case, pair: readonly [Peer, Peer], of: typeof ratesOf, reach: Ratio['reach']) =>
        benchCase({ one, key, deployment, load, pair, of, reach });
      const server = await kept(startNaivePeer(deployment, 'constant'));
      const constant = { name: 'constant', server, cookieLines: 0 };
      const [shared, perViewer] = cases;
      if (shared === undefined || perViewer === undefined) throw new Error('expected two cases');
      if (key === 'RSA-2048') {
        ratios.push(await compare(shared, [edgepass, naive], ratesOf, { least: REACH.shared }));
        ratios.push(await compare(perViewer, [edgepass, naive], ratesOf, { least: REACH.perViewer }));
        ratios.push(await compare(shared, [edgepass, constant], processorOf, { most: REACH.constant }));
      } else {
        ratios.push(await compare(perViewer, [edgepass, naive], ratesOf, { least: REACH.perViewerP256 }));
      }
      ratios.push(await compare(perViewer, [constant, naive], ratesOf, null));
      // oxlint-enable no-await-in-loop
    }
    return ratios;
  } finally {
    load.stop();
    await Promise.all(running.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Comparison {
  readonly one: Case;
  readonly key: string;
  readonly deployment: Deployment;
  readonly load: LoadProcess;
  /** Which is compared, and with which. */
  readonly pair: readonly [Peer, Peer];
  readonly of: (pair: Pair) => number;
  readonly reach: Ratio['reach'];
}

async function benchCase({
  one,
  key,
  deployment,
  load,
  pair: [first, second],
  of,
  reach,
}: Comparison): Promise<Ratio> {
  const measure = (each: Peer) =>
    undisturbedRound(() => round(one, each, { seconds: ROUND_SECONDS }, deployment, load));
  const pairs: Pair[] = [];
  const what = of === ratesOf ? 'grants a second' : 'processor time a grant';
  const name = `${what}, ${first.name} ÷ ${second.name}, ${one.name}, ${key}`;
  console.log(`\n${name}`);
  await round(one, first, { seconds: WARM_UP_SECONDS }, deployment, load);
  await round(one, second, { seconds: WARM_UP_SECONDS }, deployment, load);
  while (pairs.length < PAIRS || (pairs.length < MOST_PAIRS && !isHonest(pairs.map(of)))) {
    // oxlint-disable no-await-in-loop -- A B A B: one after the other is the method
    const ours = await measure(first);
    const theirs = await measure(second);
    // oxlint-enable no-await-in-loop
    pairs.push({ ours, theirs });
  }
  printRounds(
    first,
    pairs.map(({ ours }) => ours),
  );
  printRounds(
    second,
    pairs.map(({ theirs }) => theirs),
  );
  const values = pairs.map(of);
  console.log(`  ratio per pair  ${spread(values, 2)}: ${values.map((value) => value.toFixed(2)).join(' ')}`);
  const rounds = pairs.flatMap(({ ours, theirs }) => [ours, theirs]);
  const others = rounds.map(({ shareOfOthers }) => 100 * shareOfOthers);
  console.log(`  other processes ${spread(others)} % of the processors in the rounds that count`);
  return { name, values, reach };
}
