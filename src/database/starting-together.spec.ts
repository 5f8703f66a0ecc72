import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { createTestDatabase } from '../../test/support/postgres.js';
import { Secret } from '../settings/secret.js';
import { openDatabase } from './open-database.js';
import { connectTo } from '../../test/support/postgres-connections.js';

const silent = (): void => undefined;

describe('instances that start at once on an empty PostgreSQL (N22)', () => {
  it.each([1, 2, 3])('are all ready, and each migration ran once (round %d)', async () => {
    const server = await createTestDatabase();
    const settings = { kind: 'postgres', url: new Secret(server.url) } as const;
    const opened = await Promise.allSettled(Array.from({ length: 5 }, () => openDatabase(settings, silent)));
    const databases = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const ready = databases.map((database) => database.readiness.isReady);
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(
      databases[0]!.queries,
    );
    await Promise.all(databases.map((database) => database.close()));
    await server.drop();
    expect(opened.filter((result) => result.status === 'rejected')).toEqual([]);
    expect(ready).toEqual([true, true, true, true, true]);
    expect(rows.map((row) => row.name)).toEqual([
      '0001-entitlements-and-grants',
      '0002-audit-log',
      '0003-audit-partitions',
      '0004-signed-urls',
    ]);
  });

  it('wait for the one that migrates longer than a caller may wait', async () => {
    const server = await createTestDatabase();
    const migrating = await connectTo(server.url);
    // kysely's own key: what an instance holds while it migrates.
    await migrating.query('select pg_advisory_lock(3853314791062309107)');
    const opening = openDatabase({ kind: 'postgres', url: new Secret(server.url) }, silent);
    await migrating.query('select pg_sleep(1.5), pg_advisory_unlock(3853314791062309107)');
    const database = await opening;
    // A busy machine may migrate for longer than a start waits; the first probe, which does it, is joined then.
    const failed = database.readiness.lastError;
    await database.readiness.probe();
    const { isReady } = database.readiness;
    await Promise.all([database.close(), migrating.end()]);
    await server.drop();
    expect({ failed, isReady }).toEqual({ failed: null, isReady: true });
  });
});
