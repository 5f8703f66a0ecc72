import { chmodSync, copyFileSync, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { run } from '../../src/cli/audit.command.js';
import { openDatabase } from '../../src/database/open-database.js';
import { Secret } from '../../src/settings/secret.js';
import { grantRow } from '../support/audit-rows.js';
import { createTestDatabase } from '../support/postgres.js';
import { runEdgepass, startEdgepass } from '../support/processes.js';
import { runHere, type EndedCommand } from '../support/run-here.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { IS_WHOLE } from '../support/whole.js';

const ROWS = 2_500;
const FIRST_EPOCH_SECONDS = 1_790_000_000;

/** More rows than two batches have, a change and a refusal between them, written as the service writes them. */
async function filledDatabase(settings: Parameters<typeof openDatabase>[0]): Promise<void> {
  const database = await openDatabase(settings, () => undefined);
  const { queries } = database;
  const id = (number: number): string => `019aa0c0-0000-7000-8000-${String(number).padStart(12, '0')}`;
  const grants = Array.from({ length: ROWS }, (_, index) => grantRow(id(index), FIRST_EPOCH_SECONDS + index));
  await queries.insertInto('grants').values(grants).execute();
  await queries
    .insertInto('refusals')
    .values({
      id: `${id(100).slice(0, -1)}0f`,
      viewer_id: 'evil\u001b[2J\u202e',
      code: 'not_entitled',
      prefix: null,
      count: 7,
      refused_at: FIRST_EPOCH_SECONDS + 100,
    })
    .execute();
  await database.close();
}

const databases = ['sqlite', 'postgres'] as const;

/** An SQLite file with that, made once. */
const filled = `${temporaryFolder('audit-filled')}/edgepass.sqlite`;
beforeAll(() => filledDatabase({ kind: 'sqlite', path: filled }));

interface Where {
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs `edgepass audit …` by the function that it calls, under `npm run whole` as a process. */
const ask = (args: readonly string[], where: Where = {}): Promise<EndedCommand> =>
  IS_WHOLE ? runEdgepass(['audit', ...args], where) : runHere(run, args, where.environment, where.cwd);

test.each(databases)(
  'the export of %s gives every row of the log once, oldest first, a JSON document a line',
  async (kind) => {
    const folder = temporaryFolder('audit');
    const server = kind === 'postgres' ? await createTestDatabase() : null;
    const path = `${folder}/edgepass.sqlite`;
    if (server) await filledDatabase({ kind: 'postgres', url: new Secret(server.url) });
    else copyFileSync(filled, path);
    const options = { cwd: folder, environment: { DATABASE_URL: server?.url ?? `sqlite:${path}` } };

    const whole = server ? await ask(['export'], options) : await runEdgepass(['audit', 'export'], options);
    const part = await ask(
      ['export', '--kind', 'grant', '--since', '2026-09-21T14:13:30Z', '--until', '2026-09-21T14:13:32Z'],
      options,
    );
    const refusals = await ask(['export', '--kind', 'refusal'], options);
    await server?.drop();

    const [said, end] =
      /complete up to (\S+); begin the next export with --since \1\n$/.exec(whole.stderr) ?? [];
    expect([whole.code, whole.stderr]).toEqual([0, `edgepass audit: ${said}`]);
    expect(Date.parse(end ?? '')).toBeLessThanOrEqual(Date.now() - (kind === 'postgres' ? 120_000 : 0));
    expect(part.stderr).toContain('complete up to 2026-09-21T14:13:32Z;');
    const events = whole.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; kind: string; at: string });
    const ids = events.map(({ id }) => id);
    expect(ids).toHaveLength(ROWS + 1);
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => (a < b ? -1 : 1)));
    expect(part.stdout.match(/"at":"[^"]*"/g)).toEqual([
      '"at":"2026-09-21T14:13:30Z"',
      '"at":"2026-09-21T14:13:31Z"',
    ]);
    expect(refusals.stdout).toContain(String.raw`"subject":"user:evil\u001b[2J\u202e"`);
    expect(refusals.stdout.split('\n')).toHaveLength(2);
  },
  60_000,
);

const DAY_SECONDS = 86_400;
const counts = (line: string): string => line.replace(/before \S+:/, 'before …:');

test.each(databases)(
  'the prune of %s deletes what its retention and its caller let go, and says how much',
  async (kind) => {
    const folder = temporaryFolder('audit');
    const server = kind === 'postgres' ? await createTestDatabase() : null;
    const path = `${folder}/edgepass.sqlite`;
    const settings = server
      ? ({ kind: 'postgres', url: new Secret(server.url) } as const)
      : ({ kind: 'sqlite', path } as const);
    const database = await openDatabase(settings, () => undefined);
    const now = Math.floor(Date.now() / 1000);
    // Two more than the retention of 400 days lets go, of different ages, and one that stays.
    const days = [1_000, 500, 399];
    const grants = days.map((age, index) =>
      grantRow(`019aa0c0-0000-7000-8000-00000000000${index}`, now - age * DAY_SECONDS),
    );
    await database.queries.insertInto('grants').values(grants).execute();
    await database.close();
    const options = { cwd: folder, environment: { DATABASE_URL: server?.url ?? `sqlite:${path}` } };
    const prune = (...more: string[]) => ask(['prune', ...more], options);

    const said = [
      await prune('--dry-run'),
      await prune('--keep', '730'),
      await prune('--before', new Date((now - 600 * DAY_SECONDS) * 1000).toISOString()),
      await prune('--keep', '1', '--before', new Date(now * 1000).toISOString()),
      await prune(),
    ];
    const left = await ask(['export'], options);
    await server?.drop();

    const deleted = 'edgepass audit: rows deleted, all from before …:';
    expect(said.map(({ code, stdout, stderr }) => [code, counts(stdout), stderr])).toEqual([
      [
        0,
        'edgepass audit: rows that would be deleted, all from before …: grant 2, refusal 0, entitlement 0\n',
        '',
      ],
      [0, `${deleted} grant 1, refusal 0, entitlement 0\n`, ''],
      [0, `${deleted} grant 0, refusal 0, entitlement 0\n`, ''],
      [0, `${deleted} grant 1, refusal 0, entitlement 0\n`, ''],
      [0, `${deleted} grant 0, refusal 0, entitlement 0\n`, ''],
    ]);
    expect(left.stdout).toContain(grants[2]!.id);
    expect(left.stdout.split('\n')).toHaveLength(2);
  },
  60_000,
);

test('a prune of PostgreSQL leaves a month of which rows must stay, but for --exact', async () => {
  const server = await createTestDatabase();
  const settings = { kind: 'postgres', url: new Secret(server.url) } as const;
  const database = await openDatabase(settings, () => undefined);
  const [first, second] = [Date.UTC(2001, 0, 3) / 1000, Date.UTC(2001, 0, 20) / 1000];
  const grants = [first, second].map((at, index) =>
    grantRow(`019aa0c0-0000-7000-8000-00000000000${index}`, at),
  );
  await database.queries.insertInto('grants').values(grants).execute();
  await database.close();
  const prune = async (...more: string[]) => {
    const options = { environment: { DATABASE_URL: server.url } };
    return (await ask(['prune', '--before', '2001-01-10T00:00:00Z', ...more], options)).stdout;
  };
  const said = [await prune(), await prune('--exact')];
  await server.drop();
  expect(said).toEqual([
    'edgepass audit: rows deleted, all from before 2001-01-01T00:00:00Z: grant 0, refusal 0, entitlement 0\n',
    'edgepass audit: rows deleted, all from before 2001-01-10T00:00:00Z: grant 1, refusal 0, entitlement 0\n',
  ]);
}, 60_000);

test('a prune that may not delete on PostgreSQL says so', async () => {
  const server = await createTestDatabase();
  const settings = { kind: 'postgres', url: new Secret(server.url) } as const;
  const database = await openDatabase(settings, () => undefined);
  const reader = `reader_${process.pid}`;
  const old = { issued_at: 1_000, expires_at: 1_900 };
  await database.queries
    .insertInto('grants')
    .values({
      id: 'a',
      viewer_id: 'u1',
      prefix: 'a',
      resource: 'r',
      key_pair_id: 'k',
      entitlement_id: 'e',
      ...old,
    })
    .execute();
  await sql`create user ${sql.id(reader)} password 'reader'`.execute(database.queries);
  await sql`grant select on all tables in schema public to ${sql.id(reader)}`.execute(database.queries);
  const url = new URL(server.url);
  url.username = reader;
  url.password = 'reader';
  const ended = await ask(['prune'], { environment: { DATABASE_URL: url.href } });
  await sql`drop owned by ${sql.id(reader)}`.execute(database.queries);
  await sql`drop user ${sql.id(reader)}`.execute(database.queries);
  await database.close();
  await server.drop();
  expect([ended.code, ended.stdout, ended.stderr]).toEqual([
    1,
    '',
    'edgepass audit: the database refused (42501); what was deleted before is deleted, nothing else\n',
  ]);
}, 60_000);

test('an SQLite file that may only be read is counted by --dry-run, and a prune of it is refused', async () => {
  const folder = temporaryFolder('audit');
  const path = `${folder}/edgepass.sqlite`;
  copyFileSync(filled, path);
  chmodSync(path, 0o400);
  const before = readFileSync(path);
  // What is left when root may not write what its mode forbids.
  const under =
    process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];
  const options = { cwd: folder, environment: { DATABASE_URL: `sqlite:${path}` }, under };

  const counted = await runEdgepass(['audit', 'prune', '--dry-run'], options);
  const refused = await runEdgepass(['audit', 'prune'], options);

  expect([counted.code, counts(counted.stdout), counted.stderr]).toEqual([
    0,
    'edgepass audit: rows that would be deleted, all from before …: grant 0, refusal 0, entitlement 0\n',
    '',
  ]);
  expect([refused.code, refused.stdout, refused.stderr.includes('(EACCES)')]).toEqual([1, '', true]);
  expect(readFileSync(path).equals(before)).toBe(true);
}, 60_000);

test('a prune makes no SQLite file where there is none', async () => {
  const folder = temporaryFolder('audit');
  const path = `${folder}/none.sqlite`;
  const { code, stderr } = await ask(['prune'], {
    cwd: folder,
    environment: { DATABASE_URL: `sqlite:${path}` },
  });
  expect([code, stderr.includes('(ENOENT)'), existsSync(path)]).toEqual([1, true, false]);
});

test('a reader that has seen enough ends the export without an error', async () => {
  const folder = temporaryFolder('audit');
  const path = `${folder}/edgepass.sqlite`;
  copyFileSync(filled, path);
  const running = startEdgepass(['audit', 'export'], {
    cwd: folder,
    environment: { DATABASE_URL: `sqlite:${path}` },
  });
  const { stdout } = running.child;
  if (stdout === null) throw new Error('expected a pipe');
  await new Promise<void>((resolve) => createInterface({ input: stdout }).once('line', () => resolve()));
  stdout.destroy();
  expect(await running.ended).toEqual({ code: 0, signal: null });
  expect(running.stderr()).toBe('');
}, 60_000);

test('an export that cannot be written says so, and is no success', async () => {
  const folder = temporaryFolder('audit');
  const path = `${folder}/edgepass.sqlite`;
  copyFileSync(filled, path);
  const ended = await runEdgepass(['audit', 'export'], {
    cwd: folder,
    environment: { DATABASE_URL: `sqlite:${path}` },
    under: ['sh', '-c', 'exec "$0" "$@" > /dev/full'],
  });
  expect([ended.code, ended.stderr]).toEqual([
    1,
    'edgepass audit: the export is not complete: it cannot be written (ENOSPC)\n',
  ]);
}, 60_000);

test.each([
  [[], 'expected the word export or prune'],
  [['export', 'now'], 'expected the word export or prune'],
  [['prune', '--since', '2026-11-01T00:00:00Z'], '--since is not for prune'],
  [['export', '--dry-run'], '--dry-run is not for export'],
  [['prune', '--keep', '0'], 'expected a --keep in whole days, like 730'],
  [['prune', '--keep', '1.5'], 'expected a --keep in whole days, like 730'],
  [['prune', '--before', '2026-02-30T00:00:00Z'], 'expected a time like 2026-11-01T00:00:00Z'],
  [['export', '--kind', 'grants'], 'expected a --kind of grant, refusal, entitlement'],
  [['export', '--since', 'yesterday'], 'expected a time like 2026-11-01T00:00:00Z'],
])('edgepass audit %j is wrong use', async (args, why) => {
  const { code, stdout, stderr } = await ask(args);
  expect([code, stdout, stderr.split('\n')[0]]).toEqual([2, '', `edgepass audit: ${why}`]);
});

test('without DATABASE_URL the export says what it expects', async () => {
  const { code, stderr } = await ask(['export'], { cwd: temporaryFolder('audit') });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^DATABASE_URL: expected [^\n]*\n$/);
});
