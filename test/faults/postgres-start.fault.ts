import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { send } from '../support/https-client.js';
import {
  askForGrant,
  entitleEveryone,
  keyFile,
  launchOperatedApi,
  startOperatedApi,
} from '../support/operated-api.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { runEdgepass } from '../support/processes.js';
import { startRelay } from '../support/relay.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { evidence, injectedBy } from './evidence.js';
import { untilReadinessIs } from './readiness.js';
import { connectTo } from '../support/postgres-connections.js';

let folder: string;
let server: TestDatabase;

beforeAll(async () => {
  folder = temporaryFolder('postgres-start');
  keyFile(folder);
  server = await createTestDatabase();
});
afterAll(() => server.drop());

test('N12 edgepass api without PostgreSQL is up, live and not ready; less than 2 s after PostgreSQL appears it is ready by itself', async () => {
  injectedBy('a real process; nobody listens on the port of DATABASE_URL for 10 s, then PostgreSQL is there');
  const url = new URL(server.url);
  const target = Number(url.port);
  const port = await freePort();
  url.host = `127.0.0.1:${port}`;
  const begin = performance.now();
  const api = await launchOperatedApi({ folder, databaseUrl: url.href });
  await api.process.waitForLine('"listening"');
  const listening = performance.now() - begin;
  const timeline: string[] = [];
  for (let times = 0; times < 10; times++) {
    const answers = [];
    for (const path of ['/health/live', '/health/ready']) answers.push(await send(`${api.url}${path}`));
    answers.push(await askForGrant(api.url, 'u1'));
    timeline.push(answers.map(({ status }) => status).join(' '));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  expect(new Set(timeline)).toEqual(new Set(['200 503 503']));

  const relay = await startRelay(target, port);
  const milliseconds = await untilReadinessIs(api.url, 200);
  expect(milliseconds).toBeLessThan(2_000);
  await entitleEveryone(api.url);
  expect((await askForGrant(api.url, 'u1')).status).toBe(201);
  const reasons = api.process
    .stdout()
    .split('\n')
    .filter((line) => line.includes('the database is'))
    .map((line) => (JSON.parse(line) as { reason?: string }).reason);
  expect(reasons).toEqual(['ECONNREFUSED', undefined]);
  expect(await api.process.stop()).toEqual({ code: 0, signal: null });
  await relay.close();
  evidence(
    `listening after ${Math.round(listening)} ms, 10 s live 200, ready 503, grant 503; ready ${Math.round(milliseconds)} ms after PostgreSQL came; 2 lines in the log`,
  );
});

test('N12 edgepass start, which gives the rights of the demo, ends within 5 s and names the database that is missing', async () => {
  injectedBy('the same; the local stack');
  const begin = performance.now();
  const [port, own] = [await freePort(), await freePort()];
  const stack = await runEdgepass(['start'], {
    cwd: temporaryFolder('start-without-postgres'),
    environment: { DATABASE_URL: `postgres://demo:canary-5d1c@127.0.0.1:${port}/demo`, PORT: String(own) },
  });
  const milliseconds = performance.now() - begin;
  expect(stack.code).toBe(1);
  expect(stack.stderr.trim().split('\n').at(-1)).toBe(
    `DATABASE_URL: expected a PostgreSQL that answers and lets this user create tables; found 127.0.0.1:${port}: ECONNREFUSED; check that it runs, its host and port, and its certificate`,
  );
  expect(`${stack.stdout}${stack.stderr}`).not.toContain('canary-5d1c');
  evidence(`exit code 1 after ${(milliseconds / 1000).toFixed(1)} s, one line with the setting`);
});

/** Everything that a migration makes, in order. */
const SCHEMA = `
  select 'column' as kind, format('%s.%s %s %s', table_name, column_name, data_type, is_nullable) as what
    from information_schema.columns where table_schema = 'public'
  union all select 'index', indexdef from pg_indexes where schemaname = 'public'
  union all select 'constraint', format('%s %s', conname, pg_get_constraintdef(oid)) from pg_constraint
    where connamespace = 'public'::regnamespace
  union all select 'trigger', pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
  union all select 'function', prosrc from pg_proc where pronamespace = 'public'::regnamespace
  union all select 'migration', name from kysely_migration
  union all select 'retention', seconds::text from audit_retention
  order by 1, 2`;

async function schemaOf(url: string): Promise<readonly string[]> {
  const client = await connectTo(url);
  const { rows } = await client.query<{ kind: string; what: string }>(SCHEMA);
  await client.end();
  return rows.map(({ kind, what }) => `${kind} ${what}`);
}

test('N22 three instances that start at once on an empty PostgreSQL are all ready, and the schema is the one that a single one makes', async () => {
  injectedBy('three real processes at once, three times');
  const alone = await createTestDatabase();
  await (await startOperatedApi({ folder, databaseUrl: alone.url })).process.stop();
  const expected = await schemaOf(alone.url);
  await alone.drop();
  const seconds: string[] = [];
  for (let round = 0; round < 3; round++) {
    const database = await createTestDatabase();
    const begin = performance.now();
    const instances = await Promise.all(
      [1, 2, 3].map(() => startOperatedApi({ folder, databaseUrl: database.url })),
    );
    seconds.push(((performance.now() - begin) / 1000).toFixed(1));
    expect(await schemaOf(database.url)).toEqual(expected);
    const logs = instances.map(({ process }) => process.stdout()).join('');
    expect(logs).not.toMatch(/"level":(?:40|50)/);
    const ends = await Promise.all(instances.map(({ process }) => process.stop()));
    expect(ends).toEqual(instances.map(() => ({ code: 0, signal: null })));
    await database.drop();
  }
  expect(expected.filter((line) => line.startsWith('migration'))).toHaveLength(2);
  evidence(
    `9 of 9 ready (${seconds.join(', ')} s), ${expected.length} parts of the schema, no difference, no warning`,
  );
});
