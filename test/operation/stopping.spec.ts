import { Agent } from 'node:http';
import { connect } from 'node:net';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { run as runAudit } from '../../src/cli/audit.command.js';
import { evidence, injectedBy } from '../faults/evidence.js';
import { sendHalf } from '../faults/half-sent.js';
import { startBalancer } from '../support/balancer.js';
import { send, type ClientResponse } from '../support/https-client.js';
import {
  askForGrant,
  entitleEveryone,
  keyFile,
  launchOperatedApi,
  startOperatedApi,
  until,
  type OperatedApi,
} from '../support/operated-api.js';
import { createTestDatabase } from '../support/postgres.js';
import type { ExitStatus } from '../support/processes.js';
import { runHere } from '../support/run-here.js';
import { scrape } from '../support/scrape.js';
import { startStopwatch } from '../support/stopwatch.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { IS_WHOLE } from '../support/whole.js';

// Processes are started and drained, on a machine that may be busy.
jest.setTimeout(60_000);

const sqliteIn = (folder: string): string => `sqlite:${join(folder, 'edgepass.sqlite')}`;

/** What the tests on SQLite share: each takes the process that runs, or starts the next one on the same file. */
const folder = temporaryFolder('stopping');
let running: OperatedApi | null = null;
async function runningApi(drainSeconds = 0): Promise<OperatedApi> {
  const changes = { DRAIN_SECONDS: String(drainSeconds) };
  running ??= await startOperatedApi({ folder, databaseUrl: sqliteIn(folder), changes });
  return running;
}
beforeAll(async () => {
  keyFile(folder);
  // The first one is stopped under load, and somebody looks at it meanwhile.
  await entitleEveryone((await runningApi(2)).url);
});

/** How many viewers ask behind the balancer, and how many answers they get from each instance. */
const [VIEWERS, ANSWERS] = IS_WHOLE ? [4, 50] : [2, 20];
/** How long a viewer looks at what was granted: the processors are others' as well. */
const BETWEEN_GRANTS_MILLISECONDS = IS_WHOLE ? 5 : 25;

// A process; accept-errors.spec.ts starts the API without one.
if (IS_WHOLE) {
  describe('METRICS_PORT', () => {
    it('that is taken stops the start with one line that names it', async () => {
      const { metricsPort } = await runningApi();
      const other = temporaryFolder('metrics');
      keyFile(other);
      const taken = startOperatedApi({
        folder: other,
        databaseUrl: sqliteIn(other),
        changes: { METRICS_PORT: String(metricsPort) },
      });
      await expect(taken).rejects.toThrow(
        `METRICS_PORT: expected port ${metricsPort} to be free; found another program on it; stop that program (\`lsof -i :${metricsPort}\` names it) or set METRICS_PORT to another port`,
      );
    });
  });
}

/** The refusal of everybody else who wants the file of a process that runs. */
const IN_USE = `DATABASE_URL: expected an SQLite file that this user can write and no other process has open; found ${join(folder, 'edgepass.sqlite')}, which another process has open; stop that process, or use postgres:// for several\n`;
const exportAudit = () => runHere(runAudit, ['export'], { DATABASE_URL: sqliteIn(folder) });

it('N11 a second process on the same SQLite file is refused with the reason; the first one serves on', async () => {
  const first = await runningApi();
  const second = await launchOperatedApi({ folder, databaseUrl: sqliteIn(folder) });
  expect([await second.process.ended, second.process.stderr()]).toEqual([{ code: 1, signal: null }, IN_USE]);
  expect(await exportAudit()).toEqual({ code: 1, stdout: '', stderr: IN_USE });
  expect((await send(`${first.url}/health/ready`)).status).toBe(200);
  injectedBy('a second `edgepass api`, and `edgepass audit export`, on the file of the first');
  evidence('both exit 1 with one line that names the file; the first ready');
});

describe('SIGUSR1', () => {
  it('opens no inspector in production, and is a line in the log (K14)', async () => {
    const api = await runningApi();
    api.process.child.kill('SIGUSR1');
    expect(await api.process.waitForLine('SIGUSR1')).toBe(
      'SIGUSR1 is ignored: it would open the inspector, which reads the signing key',
    );
    expect((await send(`${api.url}/health/live`)).status).toBe(200);
    expect(api.process.stderr()).not.toContain('Debugger');
  });
});

describe('SIGHUP', () => {
  it('changes the key of a running API, and the second one at once does not end it', async () => {
    const api = await runningApi();
    renameSync(keyFile(folder, 'key.pem.new', 'KSECOND'), join(folder, 'key.pem'));
    api.process.child.kill('SIGHUP');
    api.process.child.kill('SIGHUP');
    await api.process.waitForLine('signing with another key');
    const answer = await askForGrant(api.url, 'u1');
    expect((answer.json() as { keyPairId: string }).keyPairId).toBe('KSECOND');
    expect(
      (await scrape(api.metricsPort)).get('edgepass_signing_key_info{key_pair_id="KSECOND",type="P-256"}'),
    ).toBe(1);
  });
});

/** What came of a SIGTERM to a process with 200 requests under way and two viewers who go on asking. */
interface Stop {
  readonly ready: ClientResponse;
  readonly live: ClientResponse;
  readonly fresh: ClientResponse;
  /** To the 200, as they stand. */
  readonly answers: readonly string[];
  readonly code: number | null;
  readonly milliseconds: number;
  /** The ids of the grants that the viewers got, and what else they were answered. */
  readonly given: readonly string[];
  readonly others: readonly number[];
}

async function stopUnderLoad(): Promise<Stop> {
  const api = await runningApi();
  running = null;
  const requests = await Promise.all(
    Array.from({ length: 200 }, (_, index) => sendHalf(api.port, `u${index}`)),
  );
  await until(async () => ((await scrape(api.metricsPort)).get('edgepass_requests_in_flight') ?? 0) === 200);
  const given: string[] = [];
  const others: number[] = [];
  const viewer = async (): Promise<void> => {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await askForGrant(api.url, 'u1').catch(() => null);
      // Without a balancer somebody meets the closed port.
      if (answer === null) return;
      if (answer.status === 201) given.push((answer.json() as { id: string }).id);
      else others.push(answer.status);
      // oxlint-disable-next-line no-await-in-loop
      await pause(BETWEEN_GRANTS_MILLISECONDS);
    }
  };
  const viewers = Promise.all([viewer(), viewer()]);
  await until(async () => given.length > 10);

  api.process.child.kill('SIGTERM');
  await until(async () => (await send(`${api.url}/health/ready`)).status === 503);
  const ready = await send(`${api.url}/health/ready`);
  const live = await send(`${api.url}/health/live`);
  const fresh = await askForGrant(api.url, 'late');
  const stopwatch = startStopwatch(api.process.child.pid);
  const answers = await Promise.all(
    requests.map(async (request) => {
      const answer = await request.finish();
      stopwatch();
      return answer;
    }),
  );
  const { code } = await api.process.ended;
  const milliseconds = stopwatch();
  await viewers;
  return { ready, live, fresh, answers, code, milliseconds, given, others };
}

interface SlowStop {
  readonly status: ExitStatus;
  readonly milliseconds: number;
}

/** The end of a SIGTERM to a process with requests that never end, once for all who ask. */
let slow: Promise<SlowStop> | null = null;
const slowStop = (): Promise<SlowStop> => (slow ??= stopWithEndlessRequests());

async function stopWithEndlessRequests(): Promise<SlowStop> {
  const api = await runningApi();
  running = null;
  await sendHalf(api.port, 'slow');
  const client = connect(api.port, '127.0.0.1').on('error', () => undefined);
  await new Promise<void>((sent) => client.write('GET /health/live HTTP/1.1\r\nHost: ', () => sent()));
  const begin = performance.now();
  api.process.child.kill('SIGTERM');
  const status = await api.process.ended;
  return { status, milliseconds: performance.now() - begin };
}

describe('SIGTERM', () => {
  let stopped: Stop;
  beforeAll(async () => {
    stopped = await stopUnderLoad();
  });

  it('N39: readiness says no at once, 200 requests under way are answered and their connections closed, exit 0', () => {
    const { ready, live, fresh, answers, code, milliseconds } = stopped;
    expect([ready.status, (ready.json() as { code: string }).code, ready.headers['retry-after']]).toEqual([
      503,
      'overloaded',
      '1',
    ]);
    expect([live.status, fresh.status, fresh.headers.connection]).toEqual([200, 201, 'close']);
    expect(
      answers.filter((answer) => !/^HTTP\/1\.1 201 [^]*\r\nConnection: close\r\n/i.test(answer)),
    ).toEqual([]);
    expect([answers.length, code]).toEqual([200, 0]);
    expect(milliseconds).toBeLessThan(5_000);
  });

  it('SQLite: drains, ends, starts again, and the next process has every grant that was answered', async () => {
    expect(stopped.others).toEqual([]);
    const recorded = recordedIds();
    const answered = stopped.answers.map((answer) => /"id":"([^"]+)"/.exec(answer)?.[1] ?? 'no id');
    expect([...stopped.given, ...answered].filter((id) => !recorded.has(id))).toEqual([]);
    // Nobody has it now (N11).
    const exported = await exportAudit();
    expect([exported.code, exported.stderr]).toEqual([
      0,
      expect.stringMatching(
        /^edgepass audit: complete up to \S+Z; begin the next export with --since \S+Z\n$/,
      ),
    ]);
    expect((await askForGrant((await runningApi()).url, 'u1')).status).toBe(201);
    // Takes seconds of nothing but waiting, while the next test goes on.
    void slowStop();
  });

  it('PostgreSQL: behind a balancer that reads readiness the second instance takes over, 0 failed requests', async () => {
    const takeover = temporaryFolder('takeover');
    keyFile(takeover);
    const database = await createTestDatabase();
    const start = () =>
      startOperatedApi({
        folder: takeover,
        databaseUrl: database.url,
        changes: { DRAIN_SECONDS: '1' },
      });
    const [a, b] = await Promise.all([start(), start()]);
    await entitleEveryone(a.url);
    const agent = new Agent({ keepAlive: true, maxSockets: 32 });
    const balancer = await startBalancer([a.url, b.url], 100, agent);
    const statuses: number[] = [];
    const over = new AbortController();
    const viewer = async (_: unknown, index: number): Promise<void> => {
      while (!over.signal.aborted) {
        // oxlint-disable-next-line no-await-in-loop -- one viewer asks one after the other
        statuses.push((await askForGrant(balancer.url, `u${index}`)).status);
        // oxlint-disable-next-line no-await-in-loop
        await pause(BETWEEN_GRANTS_MILLISECONDS);
      }
    };
    try {
      const viewers = Promise.all(Array.from({ length: VIEWERS }, viewer));
      await until(async () => statuses.length > ANSWERS);
      expect(balancer.target()).toBe(a.url);
      a.process.child.kill('SIGTERM');
      expect((await a.process.ended).code).toBe(0);
      const served = statuses.length;
      await until(async () => statuses.length > served + ANSWERS);
      over.abort();
      await viewers;
      expect(balancer.target()).toBe(b.url);
      expect(statuses.filter((status) => status !== 201)).toEqual([]);
    } finally {
      over.abort();
      agent.destroy();
      await balancer.close();
      await b.process.stop();
      await database.drop();
    }
  });

  it('N40: requests whose headers or body never end are cut off, and the process ends within ten seconds with 0', async () => {
    const { status, milliseconds } = await slowStop();
    expect(status).toEqual({ code: 0, signal: null });
    expect(milliseconds).toBeLessThan(10_000);
  });
});

/** The ids in the audit log of a file that nobody has open. */
function recordedIds(): ReadonlySet<string> {
  const file = new Sqlite(join(folder, 'edgepass.sqlite'), { readonly: true });
  try {
    return new Set((file.prepare('select id from grants').all() as { id: string }[]).map(({ id }) => id));
  } finally {
    file.close();
  }
}
