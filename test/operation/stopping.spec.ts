import { Agent } from 'node:http';
import { connect } from 'node:net';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { sendHalf } from '../faults/half-sent.js';
import { startBalancer } from '../support/balancer.js';
import { send } from '../support/https-client.js';
import { askForGrant, entitleEveryone, keyFile, startOperatedApi, until } from '../support/operated-api.js';
import { createTestDatabase } from '../support/postgres.js';
import { scrape } from '../support/scrape.js';
import { startStopwatch } from '../support/stopwatch.js';
import { temporaryFolder } from '../support/temporary-folder.js';

// Processes are started and drained, on a machine that may be busy.
jest.setTimeout(60_000);

const sqliteIn = (folder: string): string => `sqlite:${join(folder, 'edgepass.sqlite')}`;

describe('SIGTERM', () => {
  it('N39: readiness says no at once, 200 requests under way are answered and their connections closed, exit 0', async () => {
    const folder = temporaryFolder('drain');
    keyFile(folder);
    const api = await startOperatedApi({
      folder,
      databaseUrl: sqliteIn(folder),
      changes: { DRAIN_SECONDS: '2' },
    });
    await entitleEveryone(api.url);
    const requests = await Promise.all(
      Array.from({ length: 200 }, (_, index) => sendHalf(api.port, `u${index}`)),
    );
    await until(
      async () => ((await scrape(api.metricsPort)).get('edgepass_requests_in_flight') ?? 0) === 200,
    );

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

    expect([ready.status, (ready.json() as { code: string }).code, ready.headers['retry-after']]).toEqual([
      503,
      'overloaded',
      '1',
    ]);
    expect([live.status, fresh.status, fresh.headers.connection]).toEqual([200, 201, 'close']);
    expect(
      answers.filter((answer) => !/^HTTP\/1\.1 201 [^]*\r\nConnection: close\r\n/i.test(answer)),
    ).toEqual([]);
    expect(code).toBe(0);
    expect(stopwatch()).toBeLessThan(5_000);
  });

  it('N40: requests whose headers or body never end are cut off, and the process ends within ten seconds with 0', async () => {
    const folder = temporaryFolder('drain');
    keyFile(folder);
    const api = await startOperatedApi({
      folder,
      databaseUrl: sqliteIn(folder),
      changes: { DRAIN_SECONDS: '0' },
    });
    await sendHalf(api.port, 'slow');
    const client = connect(api.port, '127.0.0.1').on('error', () => undefined);
    await new Promise<void>((sent) => client.write('GET /health/live HTTP/1.1\r\nHost: ', () => sent()));
    const begin = performance.now();
    api.process.child.kill('SIGTERM');
    expect(await api.process.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it('SQLite: drains, ends, starts again, and the next process has every grant that was answered', async () => {
    const folder = temporaryFolder('restart');
    keyFile(folder);
    const databaseUrl = sqliteIn(folder);
    const first = await startOperatedApi({ folder, databaseUrl, changes: { DRAIN_SECONDS: '1' } });
    await entitleEveryone(first.url);
    const given: string[] = [];
    const others: number[] = [];
    const viewer = async (): Promise<void> => {
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const answer = await askForGrant(first.url, 'u1').catch(() => null);
        // Without a balancer somebody meets the closed port.
        if (answer === null) return;
        if (answer.status === 201) given.push((answer.json() as { id: string }).id);
        else others.push(answer.status);
      }
    };
    const viewers = Promise.all(Array.from({ length: 4 }, viewer));
    await until(async () => given.length > 20);
    first.process.child.kill('SIGTERM');
    expect((await first.process.ended).code).toBe(0);
    await viewers;
    expect(others).toEqual([]);

    const recorded = recordedIds(folder);
    expect(given.filter((id) => !recorded.has(id))).toEqual([]);

    const second = await startOperatedApi({ folder, databaseUrl });
    expect((await askForGrant(second.url, 'u1')).status).toBe(201);
    await second.process.stop();
  });

  it('PostgreSQL: behind a balancer that reads readiness the second instance takes over, 0 failed requests', async () => {
    const folder = temporaryFolder('takeover');
    keyFile(folder);
    const database = await createTestDatabase();
    const start = () =>
      startOperatedApi({ folder, databaseUrl: database.url, changes: { DRAIN_SECONDS: '1' } });
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
      }
    };
    try {
      const viewers = Promise.all(Array.from({ length: 8 }, viewer));
      await until(async () => statuses.length > 100);
      expect(balancer.target()).toBe(a.url);
      a.process.child.kill('SIGTERM');
      expect((await a.process.ended).code).toBe(0);
      const served = statuses.length;
      await until(async () => statuses.length > served + 100);
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
});

describe('SIGHUP', () => {
  it('changes the key of a running API, and the second one at once does not end it', async () => {
    const folder = temporaryFolder('hangup');
    keyFile(folder);
    const api = await startOperatedApi({
      folder,
      databaseUrl: sqliteIn(folder),
      changes: { DRAIN_SECONDS: '0' },
    });
    await entitleEveryone(api.url);
    renameSync(keyFile(folder, 'key.pem.new', 'KSECOND'), join(folder, 'key.pem'));
    api.process.child.kill('SIGHUP');
    api.process.child.kill('SIGHUP');
    await api.process.waitForLine('signing with another key');
    const answer = await askForGrant(api.url, 'u1');
    expect((answer.json() as { keyPairId: string }).keyPairId).toBe('KSECOND');
    expect(
      (await scrape(api.metricsPort)).get('edgepass_signing_key_info{key_pair_id="KSECOND",type="P-256"}'),
    ).toBe(1);
    expect((await api.process.stop()).code).toBe(0);
  });
});

describe('METRICS_PORT', () => {
  it('that is taken stops the start with one line that names it', async () => {
    const folder = temporaryFolder('metrics');
    keyFile(folder);
    const api = await startOperatedApi({ folder, databaseUrl: sqliteIn(folder) });
    const other = temporaryFolder('metrics');
    keyFile(other);
    const taken = startOperatedApi({
      folder: other,
      databaseUrl: sqliteIn(other),
      changes: { METRICS_PORT: String(api.metricsPort) },
    });
    await expect(taken).rejects.toThrow(
      `METRICS_PORT: expected port ${api.metricsPort} to be free; found another program on it;`,
    );
    await api.process.stop();
  });
});

/** The ids in the audit log of a file that nobody has open. */
function recordedIds(folder: string): ReadonlySet<string> {
  const file = new Sqlite(join(folder, 'edgepass.sqlite'), { readonly: true });
  try {
    return new Set((file.prepare('select id from grants').all() as { id: string }[]).map(({ id }) => id));
  } finally {
    file.close();
  }
}
