import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDurablePostgres, type DurablePostgres } from '../audit/durable-postgres.js';
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

/** `EDGEPASS_SOAK_DATABASE=SQLite` or `PostgreSQL`: half an hour instead of an hour. */
const ONLY = process.env['EDGEPASS_SOAK_DATABASE'];
const DATABASES = ['SQLite', 'PostgreSQL'] as const;

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
const FLAT = { memory: 1.15, p50: 1.5, eventLoop: 1.5, grant: 1.15 } as const;

/** Takes about 0.1 s: long enough to be measured, too short to disturb a window of a minute. */
const FIXED_WORK_ROUNDS = 100_000;

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
  /** Processor time of the service for one grant; `NaN` where it cannot be read. */
  readonly grantMicroseconds: number;
  /** Processor time of {@link fixedWork} at the end of the window: longer when the machine itself became slower. */
  readonly fixedWorkMilliseconds: number;
  readonly othersPercent: number;
}

/**
 * Half of what the service does, for half an hour, on one database after the other: memory, event-loop delay and
 * latency of each minute, and whether they are flat. Throws when an answer was wrong; one of 503 is counted.
 */
export async function benchSoak(): Promise<void> {
  const deployment = makeDeployment();
  const [shared] = makeCases(deployment);
  if (shared === undefined) throw new Error('expected a case, found none');
  const names = DATABASES.filter((name) => ONLY === undefined || name === ONLY);
  if (names.length === 0)
    throw new Error(`EDGEPASS_SOAK_DATABASE: expected ${DATABASES.join(' or ')}, found ${ONLY}`);
  console.log(`POST /grants at half load, ${SECONDS} s on each of ${names.join(', ')}, one after the other`);
  console.log(machineLine());
  if (names.includes('SQLite')) await soakOn('SQLite', null, shared, deployment);
  if (!names.includes('PostgreSQL')) return;
  const postgres = await startDurablePostgres();
  try {
    await soakOn('PostgreSQL', postgres, shared, deployment);
  } finally {
    await postgres.stop();
  }
}

/** Without a PostgreSQL: SQLite in a folder of its own. */
async function soakOn(
  name: string,
  postgres: DurablePostgres | null,
  shared: Case,
  deployment: Deployment,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-soak-'));
  const load = new LoadProcess();
  try {
    const server = await startEdgepass(deployment, folder, {
      nodeArguments: ['--import', EVENT_LOOP_DELAY],
      ipc: true,
      ...(postgres === null ? {} : { databaseUrl: postgres.url }),
    });
    try {
      await giveRights(server.url, deployment, [shared]);
      const one: Soaked = {
        name,
        peer: { name, server, cookieLines: EDGEPASS_COOKIE_LINES },
        load,
        walPath: postgres === null ? join(folder, 'edgepass.sqlite-wal') : null,
      };
      const { perSecond } = await run(one, shared, deployment, {
        seconds: SATURATION_SECONDS,
        mayRefuse: true,
      });
      const asked = Math.round(perSecond / 2);
      // Now it has opened all its connections, each with a process of PostgreSQL.
      const peer = { ...one.peer, helpers: postgres?.processes() ?? [] };
      report(name, asked, await soak({ ...one, peer }, shared, deployment, asked));
    } finally {
      await server.stop();
    }
  } finally {
    load.stop();
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
    const { result, microsecondsPerAnswer, shareOfOthers } = await run(one, shared, deployment, {
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
      grantMicroseconds: microsecondsPerAnswer ?? Number.NaN,
      fixedWorkMilliseconds: fixedWork(),
      othersPercent: shareOfOthers * 100,
    });
    // oxlint-enable no-await-in-loop
  }
  return windows;
}

/** The same work each time, of the kind that a grant is made of; gives its processor time in milliseconds. */
function fixedWork(): number {
  const before = process.cpuUsage();
  let digest = '';
  for (let count = 0; count < FIXED_WORK_ROUNDS; count += 1)
    digest = createHash('sha256').update(JSON.stringify({ digest, count })).digest('base64url');
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
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
    line('processor time of a grant, µs', first, last, (window) => window.grantMicroseconds, 0, FLAT.grant),
    line('… of a fixed work, ms', first, last, (window) => window.fixedWorkMilliseconds, 0, null),
    line('other processes, %', first, last, (window) => window.othersPercent, 0, null),
    ...(windows.some(({ walMegabytes }) => walMegabytes > 0)
      ? [line('log of SQLite, MB', first, last, (window) => window.walMegabytes, 1, null)]
      : []),
  ].filter((one) => one !== null);
  for (const [title, valueOf] of [
    ['p50, ms', (window: Window) => window.p50Milliseconds.toFixed(1)],
    ['processor time of a grant, µs', (window: Window) => window.grantMicroseconds.toFixed(0)],
    ['processor time of a fixed work, ms', (window: Window) => window.fixedWorkMilliseconds.toFixed(0)],
  ] as const)
    console.log(`  ${title}, window by window: ${windows.map(valueOf).join(' ')}`);
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
