import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONNECTIONS, EDGEPASS_COOKIE_LINES, makeCases, VIEWERS, type Case } from '../grants/cases.js';
import { makeDeployment, type Deployment } from '../grants/deployment.js';
import { LoadProcess } from '../grants/load-process.js';
import { printRounds, round, type Peer, type Round } from '../grants/rounds.js';
import { giveRights, startEdgepass } from '../grants/servers.js';
import { machineLine } from '../machine.js';
import { median, spread } from '../statistics.js';
import { undisturbedRound } from '../undisturbed.js';
import { startDurablePostgres } from './durable-postgres.js';

const ROUNDS = 7;
const ROUND_SECONDS = 1;
const WARM_UP_SECONDS = 3;
const HALF_LOAD_SECONDS = 8;

/** Its processes work for the service. */
const POSTGRES = 'PostgreSQL';

/** Preloaded into the servers. */
const LEDGER_IN_MEMORY = fileURLToPath(new URL('./ledger-in-memory.js', import.meta.url));
const EVENT_LOOP_DELAY = fileURLToPath(new URL('./event-loop-delay.js', import.meta.url));

/** One server and its rounds at full load. */
interface Measured {
  readonly peer: Peer;
  readonly rounds: readonly Round[];
}

/**
 * Audited grants per second on SQLite and on PostgreSQL against the same route without a database, and how
 * long answers take at half load. Throws when an answer was wrong.
 */
export async function benchAudit(): Promise<void> {
  const deployment = makeDeployment();
  const cases = makeCases(deployment);
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-bench-'));
  const load = new LoadProcess();
  const postgres = await startDurablePostgres();
  const peers: Peer[] = [];
  try {
    console.log('audited grants per second on each database, against the same route without a database');
    console.log(machineLine());
    console.log(
      `${CONNECTIONS} connections, ${VIEWERS} viewers, ${ROUNDS} rounds of ${ROUND_SECONDS} s each, HS256, RSA-2048`,
    );
    for (const [name, databaseUrl, preloads] of [
      ['no database', undefined, [LEDGER_IN_MEMORY, EVENT_LOOP_DELAY]],
      ['SQLite', undefined, [EVENT_LOOP_DELAY]],
      [POSTGRES, postgres.url, [EVENT_LOOP_DELAY]],
    ] as const) {
      const own = join(folder, name);
      mkdirSync(own);
      const nodeArguments = preloads.flatMap((file) => ['--import', file]);
      // oxlint-disable no-await-in-loop -- one after the other: their starts would disturb each other
      const server = await startEdgepass(deployment, own, {
        nodeArguments,
        ipc: true,
        ...(databaseUrl === undefined ? {} : { databaseUrl }),
      });
      await giveRights(server.url, deployment, cases);
      // oxlint-enable no-await-in-loop
      peers.push({ name, server, cookieLines: EDGEPASS_COOKIE_LINES });
    }
    for (const one of cases) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the method
      await benchCase(one, peers, deployment, load, () => postgres.processes());
    }
  } finally {
    load.stop();
    await Promise.all(peers.map(({ server }) => server.stop()));
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchCase(
  one: Case,
  peers: readonly Peer[],
  deployment: Deployment,
  load: LoadProcess,
  databaseProcesses: () => readonly number[],
): Promise<void> {
  console.log(`\n${one.name}`);
  // oxlint-disable no-await-in-loop -- A B C A B C: one after the other is the method
  for (const peer of peers) await round(one, peer, { seconds: WARM_UP_SECONDS }, deployment, load);
  // Only now has the pool its connections, each with a process of its own.
  const processes = databaseProcesses();
  const withHelpers = peers.map((peer) => (peer.name === POSTGRES ? { ...peer, helpers: processes } : peer));
  const rounds = new Map<Peer, Round[]>(withHelpers.map((peer) => [peer, []]));
  for (let index = 0; index < ROUNDS; index += 1) {
    for (const peer of withHelpers) {
      const measured = await undisturbedRound(() =>
        round(one, peer, { seconds: ROUND_SECONDS }, deployment, load),
      );
      rounds.get(peer)?.push(measured);
    }
  }
  const measured = withHelpers.map((peer): Measured => ({ peer, rounds: rounds.get(peer) ?? [] }));
  for (const { peer, rounds: own } of measured) printRounds(peer, own);
  printRatios(measured);
  console.log('  at half of its own load');
  for (const { peer, rounds: own } of measured) {
    const perSecond = Math.round(median(own.map((each) => each.perSecond)) / 2);
    await halfLoad(one, peer, perSecond, deployment, load);
  }
  // oxlint-enable no-await-in-loop
}

function printRatios([without, ...audited]: readonly Measured[]): void {
  for (const { peer, rounds } of audited) {
    const ratios = rounds.map(
      (own, index) => own.perSecond / (without?.rounds[index]?.perSecond ?? Number.NaN),
    );
    console.log(`  ${peer.name.padEnd(14)}  ${spread(ratios, 2)} of what it does without a database`);
  }
  const others = [without, ...audited].flatMap((each) => each?.rounds ?? []);
  const percent = others.map(({ shareOfOthers }) => 100 * shareOfOthers);
  console.log(`  other processes ${spread(percent)} % of the processors in the rounds that count`);
}

async function halfLoad(
  one: Case,
  peer: Peer,
  perSecond: number,
  deployment: Deployment,
  load: LoadProcess,
): Promise<void> {
  await peer.server.ask('begin');
  const { result, shareOfOthers } = await round(
    one,
    peer,
    { seconds: HALF_LOAD_SECONDS, perSecond },
    deployment,
    load,
  );
  const delay = Number(await peer.server.ask('end'));
  const parts = [
    `${(result.answers / result.seconds).toFixed(0)} requests/s`,
    `p50 ${result.p50Milliseconds.toFixed(1)} ms`,
    `p99 ${result.p99Milliseconds.toFixed(1)} ms`,
    `event loop late by ${delay.toFixed(1)} ms (p99)`,
    `other processes ${(100 * shareOfOthers).toFixed(0)} %`,
  ];
  console.log(`  ${peer.name.padEnd(14)}  ${parts.join(', ')}`);
}
