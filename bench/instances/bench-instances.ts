import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDurablePostgres, type DurablePostgres } from '../audit/durable-postgres.js';
import { CONNECTIONS, EDGEPASS_COOKIE_LINES, makeCases } from '../grants/cases.js';
import { makeDeployment } from '../grants/deployment.js';
import { LoadProcess } from '../grants/load-process.js';
import { round, type Peer, type Round } from '../grants/rounds.js';
import { giveRights, startEdgepass } from '../grants/servers.js';
import { machineLine } from '../machine.js';
import { isHonest, median, spread, type Ratio } from '../statistics.js';

const PAIRS = 7;
const MOST_PAIRS = 15;
const ROUND_SECONDS = 2;
const WARM_UP_SECONDS = 3;

/** One core for each service, one for PostgreSQL, one for the load. */
const CORES_TO_PIN = 4;

/** What both did together in one round. */
interface Sum {
  readonly perSecond: number;
  readonly serviceMicroseconds: number;
}

/** Two processes on one PostgreSQL against one of them. Throws when an answer was wrong. */
export async function benchInstances(): Promise<readonly Ratio[]> {
  const deployment = makeDeployment('P-256');
  const [shared] = makeCases(deployment);
  if (shared === undefined) throw new Error('expected a case, found none');
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-instances-'));
  const postgres = await startDurablePostgres();
  const loads = [new LoadProcess(), new LoadProcess()] as const;
  const peers: Peer[] = [];
  try {
    console.log('two edgepass processes on one PostgreSQL, against one');
    console.log(machineLine());
    for (const name of ['first', 'second']) {
      const own = join(folder, name);
      mkdirSync(own);
      // oxlint-disable-next-line no-await-in-loop -- one after the other: their starts would disturb each other
      const server = await startEdgepass(deployment, own, { databaseUrl: postgres.url });
      peers.push({ name, server, cookieLines: EDGEPASS_COOKIE_LINES });
    }
    const [first, second] = peers as [Peer, Peer];
    await giveRights(first.server.url, deployment, [shared]);
    pin([first.server.pid, second.server.pid], loads, postgres);
    const run = (peer: Peer, load: LoadProcess, seconds: number) =>
      round(shared, peer, { seconds }, deployment, load);
    const both = async (seconds: number): Promise<Sum> =>
      sum(await Promise.all([run(first, loads[0], seconds), run(second, loads[1], seconds)]));
    await both(WARM_UP_SECONDS);
    const pairs: (readonly [one: Sum, two: Sum])[] = [];
    const ratios = () => pairs.map(([one, two]) => two.perSecond / one.perSecond);
    while (pairs.length < PAIRS || (pairs.length < MOST_PAIRS && !isHonest(ratios()))) {
      // oxlint-disable no-await-in-loop -- A B A B: one after the other is the method
      const one = sum([await run(first, loads[0], ROUND_SECONDS)]);
      const two = await both(ROUND_SECONDS);
      // oxlint-enable no-await-in-loop
      pairs.push([one, two]);
    }
    for (const [index, name] of ['one process', 'two processes'].entries()) {
      const sums = pairs.map((pair) => pair[index] ?? pair[0]);
      console.log(
        `  ${name.padEnd(14)} ${spread(sums.map(({ perSecond }) => perSecond))} grants/s, ` +
          `${median(sums.map(({ serviceMicroseconds }) => serviceMicroseconds)).toFixed(0)} µs of a service a grant, ${CONNECTIONS} connections each`,
      );
    }
    return [{ name: 'two processes on one PostgreSQL ÷ one', values: ratios(), reach: null }];
  } finally {
    for (const load of loads) load.stop();
    await Promise.all(peers.map(({ server }) => server.stop()));
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function sum(rounds: readonly Round[]): Sum {
  const perSecond = rounds.reduce((all, each) => all + each.perSecond, 0);
  const spent = rounds.reduce((all, each) => all + (each.microsecondsPerAnswer ?? 0) * each.perSecond, 0);
  return { perSecond, serviceMicroseconds: spent / perSecond };
}

/** Where there are cores for all of them, each has its own; else the report says who shares. */
function pin(services: readonly number[], loads: readonly LoadProcess[], postgres: DurablePostgres): void {
  const cores = availableParallelism();
  if (cores < CORES_TO_PIN || process.platform !== 'linux') {
    console.log(
      `  on ${cores} cores both services, the load and PostgreSQL share them: cores are what limits it`,
    );
    return;
  }
  const to = (core: string, pids: readonly number[]): void => {
    for (const pid of pids) spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', core, String(pid)]);
  };
  services.forEach((pid, index) => to(String(index), [pid]));
  to('2', postgres.processes());
  to(
    `3-${cores - 1}`,
    loads.map(({ pid }) => pid),
  );
  console.log('  a core for each service, one for PostgreSQL, the others for the load');
}
