import { expect, test } from '@jest/globals';
import { Secret } from '../../src/settings/secret.js';
import { NOW_EPOCH_SECONDS, startTestApi } from '../support/api.js';
import { createMigratedDatabase } from '../support/migrated-database.js';
import { connectTo } from '../support/postgres-connections.js';

const LONGEST_MILLISECONDS = 30_000;

test.each(['read committed', 'repeatable read', 'serializable'])(
  'a revocation waits for the grant under way and counts it, also where the database is %s by default',
  async (isolation) => {
    const server = await createMigratedDatabase();
    const slow = await connectTo(server.url);
    const name = new URL(server.url).pathname.slice(1);
    await slow.query(`alter database ${name} set default_transaction_isolation = '${isolation}'`);
    const database = { kind: 'postgres', url: new Secret(server.url) } as const;
    const api = await startTestApi('sqlite', { database });
    await api.give({ subject: 'user:u1', prefix: 'courses' });
    const { rows } = await slow.query<{ id: string }>('select id from entitlements');
    const id = rows[0]?.id ?? '';

    // What the grant's own statement does, held open in the middle.
    await slow.query('begin');
    await slow.query('select id from entitlements where id = $1 for share', [id]);
    await slow.query(
      `insert into grants (id, viewer_id, prefix, resource, key_pair_id, entitlement_id, issued_at, expires_at)
       values ('slow', 'u1', 'courses', 'https://cdn.example.com/courses/*', 'K2JCJMDEHXQW5F', $1, $2, $3)`,
      [id, NOW_EPOCH_SECONDS, NOW_EPOCH_SECONDS + 900],
    );
    const revoking = api.http
      .delete(`/admin/entitlements/${id}`)
      .set('Authorization', api.bearer('boss', { groups: ['admins'] }))
      .then((response) => response);
    for (let isWaiting = false; !isWaiting;) {
      const locks = await slow.query('select 1 from pg_locks where not granted');
      isWaiting = (locks.rowCount ?? 0) > 0;
    }
    await slow.query('commit');

    const revoked = await revoking;
    const late = await api.ask('courses');
    await slow.end();
    await api.close();
    await server.drop();
    expect(revoked.body).toEqual({ openGrants: { count: 1, lastExpiresAt: '2027-01-15T08:15:00Z' } });
    expect(late.status).toBe(403);
  },
  LONGEST_MILLISECONDS,
);
