import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { changeRow, grantRow, refusalRow } from '../../test/support/audit-rows.js';
import { createMigratedDatabase } from '../../test/support/migrated-database.js';
import type { TestDatabase } from '../../test/support/postgres.js';
import type { Database } from '../database/database.js';
import { openDatabase } from '../database/open-database.js';
import { Secret } from '../settings/secret.js';
import { AuditLog } from './audit-log.js';
import { AUDIT_KINDS } from './audit-event.js';
import { beginningOfMonth, pruneAuditLog, retentionCutoff } from './prune-audit-log.js';

const DAY_SECONDS = 86_400;
const RETENTION_SECONDS = 400 * DAY_SECONDS;
/** More than one step. */
const OLD_GRANTS = 1_200;
const YOUNG_GRANTS = 3;

const noRest = (): Promise<void> => Promise.resolve();
const idOf = (number: number): string => `019aa0c0-0000-7000-8000-${String(number).padStart(12, '0')}`;

describe.each(['sqlite', 'postgres'] as const)('pruning the audit log in %s', (kind) => {
  let server: TestDatabase | null;
  let database: Database;
  const now = Math.floor(Date.now() / 1000);
  const cutoff = now - RETENTION_SECONDS;

  beforeEach(async () => {
    server = kind === 'postgres' ? await createMigratedDatabase() : null;
    database = await openDatabase(
      server ? { kind: 'postgres', url: new Secret(server.url) } : { kind: 'sqlite', path: ':memory:' },
      () => undefined,
    );
    const { queries } = database;
    const grants = Array.from({ length: OLD_GRANTS + YOUNG_GRANTS }, (_, index) =>
      grantRow(idOf(index), index < OLD_GRANTS ? cutoff - OLD_GRANTS + index : now - YOUNG_GRANTS),
    );
    await queries.insertInto('grants').values(grants).execute();
    for (const [number, at] of [cutoff - 60, cutoff + 3_600].entries()) {
      await queries
        .insertInto('refusals')
        .values(refusalRow(idOf(number), at))
        .execute();
      await queries
        .insertInto('entitlement_changes')
        .values(changeRow(idOf(number), at))
        .execute();
    }
  });
  afterEach(async () => {
    await database.close();
    await server?.drop();
  });

  const prune = (more: Partial<Parameters<typeof pruneAuditLog>[2]> = {}) =>
    pruneAuditLog(database.queries, kind, {
      beforeEpochSeconds: cutoff,
      isDryRun: false,
      rest: noRest,
      ...more,
    });

  async function eventsFrom(sinceEpochSeconds: number) {
    const range = { kinds: AUDIT_KINDS, sinceEpochSeconds };
    const events = [];
    for await (const event of new AuditLog(database.queries).completeRange(range, now + 300, kind).events) {
      events.push(event);
    }
    return events;
  }

  it('deletes what is older than the retention, and an export from then on misses nothing', async () => {
    const before = await eventsFrom(cutoff);
    expect(await retentionCutoff(database.queries, now)).toBe(cutoff);
    expect(await prune()).toEqual({ grant: OLD_GRANTS, refusal: 1, entitlement: 1 });
    expect(await eventsFrom(0)).toEqual(before);
    expect(before).toHaveLength(YOUNG_GRANTS + 2);
  });

  it('counts the same in a dry run, and deletes nothing', async () => {
    expect(await prune({ isDryRun: true })).toEqual({ grant: OLD_GRANTS, refusal: 1, entitlement: 1 });
    expect(await eventsFrom(0)).toHaveLength(OLD_GRANTS + YOUNG_GRANTS + 4);
  });

  it('that is cut off keeps what it did, and the next one does the rest', async () => {
    const cut = prune({ rest: () => Promise.reject(new Error('cut off')) });
    await expect(cut).rejects.toThrow('cut off');
    expect(await eventsFrom(0)).toHaveLength(OLD_GRANTS + YOUNG_GRANTS + 4 - 1_000);
    expect(await prune()).toEqual({ grant: OLD_GRANTS - 1_000, refusal: 1, entitlement: 1 });
  });

  it('finds an old row between younger ones, from an instance whose clock is behind', async () => {
    await prune();
    await database.queries
      .insertInto('grants')
      .values({
        id: `${idOf(OLD_GRANTS)}0`,
        viewer_id: 'u1',
        prefix: 'a',
        resource: 'https://cdn.example.com/a/*',
        key_pair_id: 'K2JCJMDEHXQW5F',
        entitlement_id: 'e1',
        issued_at: cutoff - 1,
        expires_at: cutoff,
      })
      .execute();
    expect(await prune()).toEqual({ grant: 1, refusal: 0, entitlement: 0 });
  });

  it('is refused by the database where a row must still be kept', async () => {
    const all = (await eventsFrom(0)).length;
    await expect(prune({ beforeEpochSeconds: cutoff + 7_200 })).rejects.toThrow(
      'is kept until its retention date',
    );
    expect((await eventsFrom(cutoff)).length).toBe(YOUNG_GRANTS + 2);
    expect(all).toBe(OLD_GRANTS + YOUNG_GRANTS + 4);
  });
});

describe('pruning the partitions of PostgreSQL', () => {
  let server: TestDatabase;
  let database: Database;
  const monthsOf = async () =>
    (
      await sql<{ name: string }>`select partition_name as name from audit_partitions
        where table_name = 'grants' and until_epoch_seconds < ${Date.UTC(2010, 0) / 1000} order by 1`.execute(
        database.queries,
      )
    ).rows.map(({ name }) => name);

  /** Two months with partitions, three rows in each, and one row of a month that has none. */
  beforeEach(async () => {
    server = await createMigratedDatabase();
    database = await openDatabase({ kind: 'postgres', url: new Secret(server.url) }, () => undefined);
    for (const month of [0, 1]) {
      const [from, until] = [month, month + 1].map((each) => Date.UTC(2001, each) / 1000);
      await sql`select edgepass_add_audit_partition('grants', ${from}, ${until})`.execute(database.queries);
    }
    const times = [
      Date.UTC(2001, 0, 1),
      Date.UTC(2001, 0, 9),
      Date.UTC(2001, 1, 1) - 1_000,
      Date.UTC(2001, 1, 1),
      Date.UTC(2001, 1, 9),
      Date.UTC(2001, 2, 1) - 1_000,
      Date.UTC(2001, 2, 1),
    ];
    const grants = times.map((time, index) => grantRow(idOf(index), time / 1000));
    await database.queries.insertInto('grants').values(grants).execute();
  });
  afterEach(async () => {
    await database.close();
    await server.drop();
  });

  const prune = (before: number, isDryRun = false) =>
    pruneAuditLog(database.queries, 'postgres', {
      beforeEpochSeconds: before / 1000,
      isDryRun,
      rest: noRest,
    });

  it.each([
    ['the beginning of a month', Date.UTC(2001, 1, 1), 3, ['grants_2001_02']],
    ['the middle of a month', Date.UTC(2001, 1, 9), 4, ['grants_2001_02']],
    ['the end of all', Date.UTC(2001, 2, 2), 7, []],
  ])(
    'up to %s drops the months before, deletes the other rows, and counts both',
    async (_, before, rows, left) => {
      expect((await prune(before, true)).grant).toBe(rows);
      expect(await monthsOf()).toEqual(['grants_2001_01', 'grants_2001_02']);
      expect((await prune(before)).grant).toBe(rows);
      expect(await monthsOf()).toEqual(left);
      const remaining = await database.queries.selectFrom('grants').select('id').orderBy('id').execute();
      expect(remaining.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6].slice(rows).map(idOf));
    },
  );

  it('waits for a caller who is at work on the log, and drops the month then', async () => {
    const reading = database.queries.transaction().execute(async (transaction) => {
      await transaction.selectFrom('grants').select('id').execute();
      // The lock of a reader is held until its transaction ends, which is after the first try.
      await triedOnce;
    });
    let tried = (): void => undefined;
    const triedOnce = new Promise<void>((resolve) => (tried = resolve));
    const pruned = await pruneAuditLog(database.queries, 'postgres', {
      beforeEpochSeconds: Date.UTC(2001, 1, 1) / 1000,
      isDryRun: false,
      rest: async () => {
        tried();
        await reading;
      },
    });
    expect(pruned.grant).toBe(3);
    expect(await monthsOf()).toEqual(['grants_2001_02']);
  });
});

describe('the beginning of a month', () => {
  it.each([
    ['2025-10-24T05:40:00Z', '2025-10-01T00:00:00Z'],
    ['2025-10-01T00:00:00Z', '2025-10-01T00:00:00Z'],
    ['2024-12-31T23:59:59Z', '2024-12-01T00:00:00Z'],
  ])('of %s is %s', (time, beginning) => {
    expect(beginningOfMonth(Date.parse(time) / 1000)).toBe(Date.parse(beginning) / 1000);
  });
});
