import { expect, test } from '@jest/globals';
import { AUDIT_KINDS } from '../../src/audit/audit-event.js';
import { AuditLog, type AuditRange } from '../../src/audit/audit-log.js';
import { openForCommand } from '../../src/database/open-database.js';
import { Secret } from '../../src/settings/secret.js';
import { NOW_EPOCH_SECONDS, startTestApi } from '../support/api.js';
import { createMigratedDatabase } from '../support/migrated-database.js';
import { connectTo } from '../support/postgres-connections.js';
import { temporaryFolder } from '../support/temporary-folder.js';

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
