import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDurablePostgres, type DurablePostgres } from '../audit/durable-postgres.js';
import { makeCases, type Case } from '../grants/cases.js';
import { makeDeployment, type Deployment } from '../grants/deployment.js';
import { giveRights, startEdgepass } from '../grants/servers.js';
import { machineLine, processorTime, residentKilobytes, shareOfOthers, usedBy } from '../machine.js';
import type { ServerProcess } from '../server-process.js';
import type { LoadJob, LoadResult } from './open-load.js';
import type { ProbeJob, ProbeResult } from './probes.js';
import type { SilentJob, SilentResult } from './silent-connections.js';

/** `EDGEPASS_BENCH_SECONDS` shortens the runs for a first look; figures that are written down take 60. */
const OVERLOAD_SECONDS = Number(process.env['EDGEPASS_BENCH_SECONDS'] ?? 60);
const WARM_UP_SECONDS = 5;
const SATURATION_SECONDS = Math.min(10, OVERLOAD_SECONDS);
const SATURATING_CONNECTIONS = 64;
/** Of what connections that always wait for an answer are served: what is asked for to find the most that is served. */
const TRIED_RATES = [0.9, 1, 1.1, 1.25] as const;
const OVERLOAD = 2;
const MOST_CONNECTIONS = 3_000;
const SILENT_CONNECTIONS = 10_000;
const SILENT_SECONDS = Math.min(30, OVERLOAD_SECONDS);
const MEMORY_EVERY_MILLISECONDS = 200;

/** What is wanted of a service that is asked for twice what it can do. */
const GOALS = {
  probeMilliseconds: 1_000,
  servedP99Milliseconds: 1_000,
  goodput: 0.8,
  memoryMegabytes: 350,
} as const;

/**
 * What happens at twice the load that the service can serve, on each database, and under connections that say
 * nothing. Prints the figures and which goals they miss; throws when an answer was neither a grant nor a 503.
 */
export async function benchOverload(): Promise<void> {
  const deployment = makeDeployment();
  const [shared] = makeCases(deployment);
  if (shared === undefined) throw new Error('expected a case, found none');
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-bench-'));
  const postgres = await startDurablePostgres();
  try {
    console.log(
      `POST /grants at ${OVERLOAD} × saturation, ${OVERLOAD_SECONDS} s, open loop, one shared prefix`,
    );
    console.log(machineLine());
    for (const [name, databaseUrl] of [
      ['SQLite', undefined],
      ['PostgreSQL', postgres.url],
    ] as const) {
      const own = join(folder, name);
      mkdirSync(own);
      const database = databaseUrl === undefined ? null : postgres;
      // oxlint-disable no-await-in-loop -- one after the other: two would measure each other
      const server = await startEdgepass(deployment, own, databaseUrl === undefined ? {} : { databaseUrl });
      try {
        await giveRights(server.url, deployment, [shared]);
        console.log(`\n${name}`);
        await benchServer(server, database, shared, deployment);
      } finally {
        await server.stop();
      }
      // oxlint-enable no-await-in-loop
    }
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchServer(
  server: ServerProcess,
  database: DurablePostgres | null,
  one: Case,
  deployment: Deployment,
): Promise<void> {
  const { host, port } = server;
  const requests = requestsOf(server, one, deployment);
  const target = { host, port, requests };
  const helpers = () => database?.processes() ?? [];
  const load = (job: Pick<LoadJob, 'seconds' | 'perSecond' | 'connections'>) =>
    measuredLoad({ ...target, ...job }, server.pid, helpers());
  const memory = new Memory(server.pid);
  try {
    console.log(`  memory at start ${memory.highest()} MB`);
    const waiting = { perSecond: null, connections: SATURATING_CONNECTIONS };
    await load({ ...waiting, seconds: WARM_UP_SECONDS });
    const closed = await load({ ...waiting, seconds: SATURATION_SECONDS });
    print(`${SATURATING_CONNECTIONS} connections that always wait`, closed);
    const served = [closed];
    for (const share of TRIED_RATES) {
      const perSecond = Math.round(share * servedPerSecond(closed));
      // oxlint-disable-next-line no-await-in-loop -- one after the other: two would measure each other
      const tried = await load({ perSecond, connections: MOST_CONNECTIONS, seconds: SATURATION_SECONDS });
      print(`${perSecond} asked for`, tried);
      served.push(tried);
    }
    const perSecond = Math.max(...served.map(servedPerSecond));
    console.log(`  saturation: ${perSecond.toFixed(0)} served/s, memory ${memory.highest()} MB at most`);

    const [overload, probed] = await Promise.all([
      load({
        perSecond: Math.round(perSecond * OVERLOAD),
        connections: MOST_CONNECTIONS,
        seconds: OVERLOAD_SECONDS,
      }),
      run<ProbeResult>('probes', { host, port, seconds: OVERLOAD_SECONDS }),
    ]);
    print(`${OVERLOAD} × saturation`, overload);
    printProbes(probed);
    const goodput = servedPerSecond(overload) / perSecond;
    console.log(`  goodput ${goodput.toFixed(2)} of saturation, memory ${memory.highest()} MB at most`);

    const [silent, beside] = await Promise.all([
      run<SilentResult>('silent-connections', {
        host,
        port,
        connections: SILENT_CONNECTIONS,
        seconds: SILENT_SECONDS,
      }),
      run<ProbeResult>('probes', { host, port, seconds: SILENT_SECONDS }),
    ]);
    console.log(
      `  ${SILENT_CONNECTIONS} silent connections of the same address: ${silent.opened} opened, ${silent.closedByService} closed by the service`,
    );
    printProbes(beside);
    const highest = memory.highest();
    console.log(`  memory ${highest} MB at most`);

    const others = Object.assign({}, ...[...served, overload].map((result) => result.others)) as object;
    if (Object.keys(others).length > 0) throw new Error(`unexpected answers: ${JSON.stringify(others)}`);
    const missed = [
      probed.failed + beside.failed > 0 && 'every probe is answered',
      Math.max(probed.highestMilliseconds, beside.highestMilliseconds) > GOALS.probeMilliseconds &&
        `every probe within ${GOALS.probeMilliseconds} ms`,
      overload.shedWithoutRetryAfter > 0 && 'Retry-After on every 503',
      overload.connectionsWithoutAnswer > 0 && 'no connection without an answer',
      overload.servedMilliseconds.p99 > GOALS.servedP99Milliseconds &&
        `p99 of the served at most ${GOALS.servedP99Milliseconds} ms`,
      goodput < GOALS.goodput && `goodput at least ${GOALS.goodput} of saturation`,
      highest > GOALS.memoryMegabytes && `memory at most ${GOALS.memoryMegabytes} MB`,
    ].filter((goal) => goal !== false);
    console.log(missed.length === 0 ? '  every goal is met' : `  MISSED: ${missed.join('; ')}`);
  } finally {
    memory.stop();
  }
}

/** What a load gave, and which share of the processors each had while it ran: 1 is one whole processor. */
interface MeasuredLoad extends LoadResult {
  /** `null` where the system does not say it. */
  readonly processors: {
    readonly service: number;
    readonly database: number;
    readonly generator: number;
    readonly others: number;
  } | null;
}

function servedPerSecond({ served, seconds }: LoadResult): number {
  return served / seconds;
}

async function measuredLoad(
  job: LoadJob,
  service: number,
  database: readonly number[],
): Promise<MeasuredLoad> {
  const child = fork(new URL('./open-load.js', import.meta.url));
  try {
    const pids = [service, child.pid ?? 0, process.pid, ...database];
    const before = processorTime(pids);
    const begin = performance.now();
    const result = await answerOf<LoadResult>(child, job);
    const seconds = (performance.now() - begin) / 1000;
    // Before the process of the load has ended, and what it used with it.
    const after = processorTime(pids);
    if (before === null || after === null) return { ...result, processors: null };
    const [ofService = 0, generator = 0, , ...ofDatabase] = pids.map(
      (_, index) => usedBy(index, before, after) / (seconds * 1e6),
    );
    return {
      ...result,
      processors: {
        service: ofService,
        database: ofDatabase.reduce((sum, one) => sum + one, 0),
        generator,
        others: shareOfOthers(before, after, seconds) * availableParallelism(),
      },
    };
  } finally {
    child.disconnect();
  }
}

function print(name: string, result: MeasuredLoad): void {
  const { servedMilliseconds: served, shedMilliseconds: shed, processors } = result;
  const ms = (value: number) => value.toFixed(0);
  console.log(
    [
      `  ${name}: ${(result.begun / result.seconds).toFixed(0)} requests/s`,
      `${(result.served / result.seconds).toFixed(0)} served/s (p50 ${ms(served.p50)}, p99 ${ms(served.p99)}, highest ${ms(served.highest)} ms)`,
      `${(result.shed / result.seconds).toFixed(0)} shed/s (p50 ${ms(shed.p50)}, p99 ${ms(shed.p99)} ms)`,
      `${result.connectionsOpened} connections, ${result.connectionsWithoutAnswer} without an answer`,
      `${result.neverSent} never sent`,
      `generator late by ${ms(result.generatorLateMilliseconds)} ms at most`,
      `other answers ${JSON.stringify(result.others)}`,
      ...(processors === null
        ? []
        : [
            `processors: service ${processors.service.toFixed(2)}, database server ${processors.database.toFixed(2)}, generator ${processors.generator.toFixed(2)}, others ${processors.others.toFixed(2)} of ${availableParallelism()}`,
          ]),
    ].join(', '),
  );
}

function printProbes({ asked, failed, p50Milliseconds, highestMilliseconds }: ProbeResult): void {
  console.log(
    `  GET /health/live, a new connection each: ${asked - failed} of ${asked} answered, p50 ${p50Milliseconds.toFixed(0)} ms, highest ${highestMilliseconds.toFixed(0)} ms`,
  );
}

function requestsOf({ host, port }: ServerProcess, one: Case, deployment: Deployment): readonly string[] {
  return one.callers.map(({ prefix, token }) => {
    const body = JSON.stringify({ prefix });
    const lines = [
      'POST /grants HTTP/1.1',
      `Host: ${host}:${port}`,
      `Authorization: Bearer ${token}`,
      `Origin: ${deployment.appOrigin}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    return `${lines.join('\r\n')}\r\n\r\n${body}`;
  });
}

/** Runs one job in a process of its own, which ends with it. */
async function run<Result>(script: string, job: ProbeJob | SilentJob): Promise<Result> {
  const child = fork(new URL(`./${script}.js`, import.meta.url));
  try {
    return await answerOf<Result>(child, job);
  } finally {
    child.disconnect();
  }
}

async function answerOf<Result>(child: ChildProcess, job: LoadJob | ProbeJob | SilentJob): Promise<Result> {
  const answered = once(child, 'message') as Promise<[Result]>;
  child.send(job);
  const [result] = await answered;
  return result;
}

/** The resident memory of a process, looked at again and again. Linux only, elsewhere NaN. */
class Memory {
  #highest = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly pid: number) {
    this.#look();
    this.#timer = setInterval(() => this.#look(), MEMORY_EVERY_MILLISECONDS);
  }

  /** Megabytes, since the process began. */
  highest(): number {
    this.#look();
    return Math.round(this.#highest / 1024);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#highest = Math.max(this.#highest, residentKilobytes(this.pid) ?? Number.NaN);
  }
}
