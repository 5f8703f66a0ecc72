import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDurablePostgres } from '../audit/durable-postgres.js';
import { EDGEPASS_COOKIE_LINES, makeCases, type Case } from '../grants/cases.js';
import { makeDeployment, type Deployment } from '../grants/deployment.js';
import { LoadProcess } from '../grants/load-process.js';
import type { Effort } from '../grants/load.js';
import { round, type Peer } from '../grants/rounds.js';
import { giveRights, startEdgepass } from '../grants/servers.js';
import { machineLine, residentKilobytes } from '../machine.js';
import { median, spread } from '../statistics.js';

/** `EDGEPASS_SOAK_SECONDS` shortens it for a first look; figures that are written down take half an hour. */
const SECONDS = Number(process.env['EDGEPASS_SOAK_SECONDS'] ?? 1_800);

/** One line of figures for each. */
const WINDOWS = 30;
const WINDOW_SECONDS = Math.max(1, Math.round(SECONDS / WINDOWS));
const SATURATION_SECONDS = Math.min(15, WINDOW_SECONDS);

/** While caches fill and the heap finds its size nothing is compared. */
const SETTLING_WINDOWS = 3;

/**
 * How much higher the last third may be than the first: a leak or a log that slows its own statements grows with every
 * grant, while the machine's own noise goes both ways.
 */
const FLAT = { memory: 1.15, p50: 1.5, eventLoop: 1.5 } as const;

const EVENT_LOOP_DELAY = fileURLToPath(new URL('../audit/event-loop-delay.js', import.meta.url));

/** A service on one database, and a load of its own. */
interface Soaked {
  readonly name: string;
  readonly peer: Peer;
  readonly load: LoadProcess;
  /** The log that SQLite has not written back yet; `null` for PostgreSQL. */
  readonly walPath: string | null;
}

interface Window {
  readonly perSecond: number;
  readonly refused: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  readonly eventLoopMilliseconds: number;
  readonly memoryMegabytes: number;
  readonly walMegabytes: number;
}

/**
 * Half of what the service does, on each database at the same time, for half an hour: memory, event-loop delay and
 * latency of each minute, and whether they are flat. Throws when an answer was wrong; one of 503 is counted.
 */
export async function benchSoak(): Promise<void> {
  const deployment = makeDeployment();
  const [shared] = makeCases(deployment);
  if (shared === undefined) throw new Error('expected a case, found none');
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-soak-'));
  const postgres = await startDurablePostgres();
  const all: Soaked[] = [];
  try {
    console.log(`POST /grants at half load for ${SECONDS} s, on SQLite and PostgreSQL at the same time`);
    console.log(machineLine());
    for (const [name, databaseUrl] of [
      ['SQLite', undefined],
      ['PostgreSQL', postgres.url],
    ] as const) {
      const own = join(folder, name);
      mkdirSync(own);
      // oxlint-disable no-await-in-loop -- one after the other: their starts would disturb each other
      const server = await startEdgepass(deployment, own, {
        nodeArguments: ['--import', EVENT_LOOP_DELAY],
        ipc: true,
        ...(databaseUrl === undefined ? {} : { databaseUrl }),
      });
      all.push({
        name,
        peer: { name, server, cookieLines: EDGEPASS_COOKIE_LINES },
        load: new LoadProcess(),
        walPath: databaseUrl === undefined ? join(own, 'edgepass.sqlite-wal') : null,
      });
      await giveRights(server.url, deployment, [shared]);
      // oxlint-enable no-await-in-loop
    }
    // What each does while the other is as busy: together the two halves leave the machine half of its time.
    const rates = await Promise.all(
      all.map(async (one) => {
        const { perSecond } = await run(one, shared, deployment, {
          seconds: SATURATION_SECONDS,
          mayRefuse: true,
        });
        return Math.round(perSecond / 2);
      }),
    );
    const windows = await Promise.all(
      all.map((one, index) => soak(one, shared, deployment, rates[index] ?? 0)),
    );
    for (const [index, { name }] of all.entries()) report(name, rates[index] ?? 0, windows[index] ?? []);
  } finally {
    for (const { load } of all) load.stop();
    await Promise.all(all.map(({ peer }) => peer.server.stop()));
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const run = ({ peer, load }: Soaked, one: Case, deployment: Deployment, effort: Effort) =>
  round(one, peer, effort, deployment, load);

async function soak(
  one: Soaked,
  shared: Case,
  deployment: Deployment,
  perSecond: number,
): Promise<readonly Window[]> {
  const windows: Window[] = [];
  const { server } = one.peer;
  while (windows.length < WINDOWS) {
    // oxlint-disable no-await-in-loop -- one after the other is the method
    await server.ask('begin');
    const { result } = await run(one, shared, deployment, {
      seconds: WINDOW_SECONDS,
      perSecond,
      mayRefuse: true,
    });
    windows.push({
      perSecond: result.answers / result.seconds,
      refused: result.refused,
      p50Milliseconds: result.p50Milliseconds,
      p99Milliseconds: result.p99Milliseconds,
      eventLoopMilliseconds: Number(await server.ask('end')),
      memoryMegabytes: Math.round((residentKilobytes(server.pid) ?? 0) / 1024),
      walMegabytes:
        one.walPath === null ? 0 : (statSync(one.walPath, { throwIfNoEntry: false })?.size ?? 0) / 1e6,
    });
    // oxlint-enable no-await-in-loop
  }
  return windows;
}

function report(name: string, asked: number, windows: readonly Window[]): void {
  const third = Math.floor((windows.length - SETTLING_WINDOWS) / 3);
  const [first, last] = [
    windows.slice(SETTLING_WINDOWS, SETTLING_WINDOWS + third),
    windows.slice(-third),
  ] as const;
  console.log(
    `\n  | ${name}, ${asked} a second asked for | first third, median (lowest–highest) | last third | flat |`,
  );
  console.log('  | --- | --- | --- | --- |');
  const missed = [
    line('grants a second', first, last, (window) => window.perSecond, 0, null),
    line('answers of 503 a window', first, last, (window) => window.refused, 0, null),
    line('p50, ms', first, last, (window) => window.p50Milliseconds, 1, FLAT.p50),
    line('p99, ms', first, last, (window) => window.p99Milliseconds, 0, null),
    line(
      'event loop late, p99, ms',
      first,
      last,
      (window) => window.eventLoopMilliseconds,
      1,
      FLAT.eventLoop,
    ),
    line('memory, MB', first, last, (window) => window.memoryMegabytes, 0, FLAT.memory),
    ...(windows.some(({ walMegabytes }) => walMegabytes > 0)
      ? [line('log of SQLite, MB', first, last, (window) => window.walMegabytes, 1, null)]
      : []),
  ].filter((one) => one !== null);
  console.log(missed.length === 0 ? '  flat' : `  not flat: ${missed.join(', ')}`);
}

/** Prints one line; gives its name where the last third is higher than it may be. */
function line(
  name: string,
  first: readonly Window[],
  last: readonly Window[],
  valueOf: (window: Window) => number,
  digits: number,
  most: number | null,
): string | null {
  const [before, after] = [first.map(valueOf), last.map(valueOf)];
  const isFlat = most === null || median(after) <= median(before) * most;
  const word = isFlat ? 'yes' : '**no**';
  const said = most === null ? '' : word;
  console.log(`  | ${name} | ${spread(before, digits)} | ${spread(after, digits)} | ${said} |`);
  return isFlat ? null : name;
}
