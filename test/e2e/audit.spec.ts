import { expect, test } from '@jest/globals';
import { AUDIT_KINDS } from '../../src/audit/audit-event.js';
import { AuditLog, type AuditRange } from '../../src/audit/audit-log.js';
import { openForCommand } from '../../src/database/open-database.js';
import { Secret } from '../../src/settings/secret.js';
import { NOW_EPOCH_SECONDS, onEveryDatabase, startTestApi, TEST_AUTHENTICATION } from '../support/api.js';
import { createMigratedDatabase } from '../support/migrated-database.js';
import { connectTo } from '../support/postgres-connections.js';
import { temporaryFolder } from '../support/temporary-folder.js';

interface Page {
  readonly entries: readonly Readonly<Record<string, unknown>>[];
  readonly nextCursor?: string;
}

onEveryDatabase('the audit log', (api) => {
  const admin = () => api().bearer('boss', { groups: ['admins'] });
  const read = async (query: Record<string, string | number>): Promise<Page> =>
    (await api().http.get('/admin/grants').query(query).set('Authorization', admin()).expect(200))
      .body as Page;

  /** Its row is written after the answer: asked for until it is there. */
  async function entriesOf(subject: string, count: number): Promise<Page['entries']> {
    for (let times = 0; times < 100; times++) {
      const { entries } = await read({ subject });
      if (entries.length >= count) return entries;
    }
    throw new Error(`expected ${count} entries of ${subject}`);
  }

  test('a right given, a grant, the right taken away and a refusal stand in one log, newest first', async () => {
    const given = await api()
      .http.put('/admin/entitlements')
      .set('Authorization', admin())
      .send({ subject: 'user:all', prefix: 'courses/all' });
    const { id } = given.body as { id: string };
    await api().ask('courses/all', { sub: 'all' }).expect(201);
    await api().http.delete(`/admin/entitlements/${id}`).set('Authorization', admin()).expect(200);
    await api().ask('courses/all', { sub: 'all' }).expect(403);

    const common = { id: expect.any(String), at: '2027-01-15T08:00:00Z', subject: 'user:all' };
    const change = { ...common, prefix: 'courses/all', entitlementId: id, by: 'boss' };
    expect(await entriesOf('user:all', 4)).toEqual([
      { ...common, kind: 'refusal', prefix: 'courses/all', code: 'not_entitled', count: 1 },
      { ...change, kind: 'entitlement_deleted' },
      {
        ...common,
        kind: 'grant',
        prefix: 'courses/all',
        resource: 'https://cdn.example.com/courses/all/*',
        issuedAs: 'cookies',
        keyPairId: 'K2JCJMDEHXQW5F',
        expiresAt: '2027-01-15T08:15:00Z',
        entitlementId: id,
      },
      { ...change, kind: 'entitlement_created' },
    ]);
  });

  test('who was no administrator, and whose browser a foreign page used, is recorded by code', async () => {
    await api().http.get('/admin/grants').set('Authorization', api().bearer('nosy')).expect(403);
    await api()
      .http.post('/grants')
      .set('Cookie', `session=${api().token('victim')}`)
      .set('Origin', 'https://evil.example')
      .send({ prefix: 'courses/x' })
      .expect(403);
    expect(await entriesOf('user:nosy', 1)).toMatchObject([{ code: 'admin_required', count: 1 }]);
    expect(await entriesOf('user:victim', 1)).toMatchObject([
      { code: 'csrf_rejected', prefix: 'courses/x', count: 1 },
    ]);
  });

  test('a caller who is refused again and again gets one row, not one each time', async () => {
    for (let times = 0; times < 20; times++) await api().ask('courses/no', { sub: 'again' }).expect(403);
    expect(await entriesOf('user:again', 1)).toHaveLength(1);
  });

  test('pages follow each other without a gap and without a repeated row', async () => {
    await api().give({ subject: 'user:pages', prefix: 'courses/pages' });
    for (let times = 0; times < 6; times++) await api().ask('courses/pages', { sub: 'pages' }).expect(201);
    const whole = (await read({ subject: 'user:pages' })).entries.map(({ id }) => id);
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page: Page = await read({
        subject: 'user:pages',
        limit: 3,
        ...(cursor === undefined ? {} : { cursor }),
      });
      ids.push(...page.entries.map(({ id }) => String(id)));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(ids).toHaveLength(7);
    expect(ids).toEqual(whole);
    expect(ids).toEqual(ids.toSorted((a, b) => (a < b ? 1 : -1)));
  });

  test('an entitlement of a group is found by its subject', async () => {
    await api().give({ subject: 'group:class', prefix: 'courses/class' });
    expect((await read({ subject: 'group:class' })).entries).toMatchObject([
      { kind: 'entitlement_created', subject: 'group:class', by: 'test' },
    ]);
  });

  test.each([
    ['subject=nobody', 'subject_invalid'],
    ['subject=user:a&subject=user:b', 'subject_invalid'],
    ['limit=0', 'page_invalid'],
    ['limit=201', 'page_invalid'],
    ['cursor=nonsense', 'page_invalid'],
    ['subjct=user:a', 'field_unknown'],
  ])('?%s is 400 %s', async (query, code) => {
    const response = await api().http.get(`/admin/grants?${query}`).set('Authorization', admin());
    expect(response.body).toMatchObject({ status: 400, code });
  });

  test('a refusal whose row cannot be written is the same refusal', async () => {
    const table = (name: string, to: string) => api().database.queries.schema.alterTable(name).renameTo(to);
    await table('refusals', 'refusals_away').execute();
    const refused = await api().ask('courses/no', { sub: 'unrecorded' });
    await api().http.get('/health/ready').expect(200);
    await table('refusals_away', 'refusals').execute();
    expect(refused.body).toMatchObject({ status: 403, code: 'not_entitled' });
  });
});

test('without an admin group nobody reads the log: 404', async () => {
  const api = await startTestApi('sqlite', { authentication: { ...TEST_AUTHENTICATION, adminGroup: null } });
  const response = await api.http
    .get('/admin/grants')
    .set('Authorization', api.bearer('boss', { groups: ['admins'] }));
  await api.close();
  expect(response.body).toMatchObject({ status: 404, code: 'not_found' });
});

interface Exported {
  readonly ids: readonly string[];
  readonly untilEpochSeconds: number;
}

async function exported(
  log: AuditLog,
  nowEpochSeconds: number,
  kind: 'sqlite' | 'postgres',
  range: Omit<AuditRange, 'kinds'> = {},
): Promise<Exported> {
  const part = log.completeRange({ kinds: AUDIT_KINDS, ...range }, nowEpochSeconds, kind);
  const ids: string[] = [];
  for await (const { id } of part.events) ids.push(id);
  return { ids, untilEpochSeconds: part.untilEpochSeconds };
}

test('two adjoining exports give a grant once that a row lock held up while the first one ran (postgres)', async () => {
  const server = await createMigratedDatabase();
  const database = { kind: 'postgres', url: new Secret(server.url) } as const;
  const api = await startTestApi('sqlite', { database });
  const other = await connectTo(server.url);
  try {
    await api.give({ subject: 'user:u1', prefix: 'courses' });
    await other.query('begin');
    await other.query('select from entitlements for update');
    const asking = api
      .ask('courses')
      .then(({ status, body }) => ({ status, id: (body as { id: string }).id }));
    const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
    const observer = await connectTo(server.url);
    while ((await observer.query(waiting)).rowCount === 0) continue;
    await observer.end();

    const log = new AuditLog(api.database.queries);
    const now = NOW_EPOCH_SECONDS + 1;
    const first = await exported(log, now, 'postgres', { untilEpochSeconds: now });
    await other.query('rollback');
    const granted = await asking;
    const since = first.untilEpochSeconds;
    const second = await exported(log, now + 600, 'postgres', { sinceEpochSeconds: since });

    expect(granted.status).toBe(201);
    expect(since).toBe(now - 120);
    expect([...first.ids, ...second.ids].filter((id) => id === granted.id)).toEqual([granted.id]);
  } finally {
    await other.end();
    await api.close();
    await server.drop();
  }
});

test('two adjoining exports give each row once although the service wrote again in the same second (sqlite)', async () => {
  const path = `${temporaryFolder('audit-export')}/edgepass.sqlite`;
  const database = { kind: 'sqlite', path } as const;
  const grantOnce = async (): Promise<string> => {
    const api = await startTestApi('sqlite', { database });
    await api.give({ subject: 'user:u1', prefix: 'courses' });
    const { body } = await api.ask('courses').expect(201);
    await api.close();
    return (body as { id: string }).id;
  };
  const exportAt = async (now: number, range: Omit<AuditRange, 'kinds'>): Promise<Exported> => {
    const opened = await openForCommand(database, { nowEpochSeconds: () => now }, 'read');
    const part = await exported(new AuditLog(opened.queries), opened.nowEpochSeconds, 'sqlite', range);
    await opened.close();
    return part;
  };

  const before = await grantOnce();
  const first = await exportAt(NOW_EPOCH_SECONDS, {});
  const after = await grantOnce();
  const second = await exportAt(NOW_EPOCH_SECONDS + 1, { sinceEpochSeconds: first.untilEpochSeconds });

  const grants = [...first.ids, ...second.ids].filter((id) => id === before || id === after);
  expect(grants).toEqual([before, after]);
  expect(second.untilEpochSeconds).toBe(NOW_EPOCH_SECONDS + 1);
});

test('an export soon after another is complete up to where it began, not earlier', async () => {
  const api = await startTestApi('sqlite');
  const log = new AuditLog(api.database.queries);
  const range = { sinceEpochSeconds: NOW_EPOCH_SECONDS };
  expect(await exported(log, NOW_EPOCH_SECONDS + 5, 'postgres', range)).toEqual({
    ids: [],
    untilEpochSeconds: NOW_EPOCH_SECONDS,
  });
  await api.close();
});
