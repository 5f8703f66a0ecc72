import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { openDatabase } from '../../src/database/database.js';
import { Secret } from '../../src/settings/secret.js';
import { createTestDatabase } from '../support/postgres.js';
import { runEdgepass, startEdgepass } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ROWS = 2_500;
const FIRST_EPOCH_SECONDS = 1_790_000_000;

/** More rows than two batches have, a change and a refusal between them, written as the service writes them. */
async function filledDatabase(settings: Parameters<typeof openDatabase>[0]): Promise<void> {
  const database = await openDatabase(settings, () => undefined);
  const { queries } = database;
  const id = (number: number): string => `019aa0c0-0000-7000-8000-${String(number).padStart(12, '0')}`;
  const grants = Array.from({ length: ROWS }, (_, index) => ({
    id: id(index),
    viewer_id: 'u1',
    prefix: 'courses',
    resource: 'https://cdn.example.com/courses/*',
    key_pair_id: 'K2JCJMDEHXQW5F',
    entitlement_id: 'e1',
    issued_at: FIRST_EPOCH_SECONDS + index,
    expires_at: FIRST_EPOCH_SECONDS + index + 900,
  }));
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

test.each(databases)(
  'the export of %s gives every row of the log once, oldest first, a JSON document a line',
  async (kind) => {
    const folder = temporaryFolder('audit');
    const server = kind === 'postgres' ? await createTestDatabase() : null;
    const path = `${folder}/edgepass.sqlite`;
    await filledDatabase(
      server ? { kind: 'postgres', url: new Secret(server.url) } : { kind: 'sqlite', path },
    );
    const options = { cwd: folder, environment: { DATABASE_URL: server?.url ?? `sqlite:${path}` } };

    const whole = await runEdgepass(['audit', 'export'], options);
    const part = await runEdgepass(
      [
        'audit',
        'export',
        '--kind',
        'grant',
        '--since',
        '2026-09-21T14:13:30Z',
        '--until',
        '2026-09-21T14:13:32Z',
      ],
      options,
    );
    const refusals = await runEdgepass(['audit', 'export', '--kind', 'refusal'], options);
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

test('a reader that has seen enough ends the export without an error', async () => {
  const folder = temporaryFolder('audit');
  const path = `${folder}/edgepass.sqlite`;
  await filledDatabase({ kind: 'sqlite', path });
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
  await filledDatabase({ kind: 'sqlite', path });
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
  [[], 'expected the word export'],
  [['export', 'now'], 'expected the word export'],
  [['export', '--kind', 'grants'], 'expected a --kind of grant, refusal, entitlement'],
  [['export', '--since', 'yesterday'], 'expected a time like 2026-11-01T00:00:00Z'],
])('edgepass audit %j is wrong use', async (args, why) => {
  const { code, stdout, stderr } = await runEdgepass(['audit', ...args]);
  expect([code, stdout, stderr.split('\n')[0]]).toEqual([2, '', `edgepass audit: ${why}`]);
});

test('without DATABASE_URL the export says what it expects', async () => {
  const { code, stderr } = await runEdgepass(['audit', 'export'], { cwd: temporaryFolder('audit') });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^DATABASE_URL: expected [^\n]*\n$/);
});
