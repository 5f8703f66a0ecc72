import { describe, expect, it } from '@jest/globals';
import { startTestApi } from '../../../test/support/api.js';
import { connectTo } from '../../../test/support/postgres-connections.js';
import { createTestDatabase } from '../../../test/support/postgres.js';
import { Secret } from '../../settings/secret.js';
import { openDatabase } from '../open-database.js';
import { durabilityWarning } from './postgres-durability.js';

const TODO = 'set synchronous_commit = on, for this user with ALTER ROLE … SET';
const NOT_FLUSHED = {
  msg: 'PostgreSQL answers before a grant is on its disk: a crash can lose audit rows whose cookies are out',
  synchronous_commit: 'off',
  todo: TODO,
};
const NOT_WAITED_FOR = {
  msg: 'PostgreSQL does not wait for its synchronous standby: a failover can lose audit rows whose cookies are out',
  synchronous_commit: 'local',
  todo: TODO,
};

/** A database whose new connections have this `synchronous_commit`. */
async function databaseWith(value: 'on' | 'off') {
  const server = await createTestDatabase();
  const administrator = await connectTo(server.url);
  const name = new URL(server.url).pathname.slice(1);
  const set = (to: string) => administrator.query(`alter database ${name} set synchronous_commit = ${to}`);
  const cut = () =>
    administrator.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
    );
  await set(value);
  const end = async (): Promise<void> => {
    await administrator.end();
    await server.drop();
  };
  return { settings: { kind: 'postgres', url: new Secret(server.url) } as const, set, cut, end };
}

describe('what PostgreSQL means by committed', () => {
  it.each([
    ['on', '', null],
    ['on', 'a', null],
    ['remote_apply', 'a', null],
    ['remote_write', 'a', null],
    ['local', '', null],
    ['local', 'ANY 1 (a, b)', NOT_WAITED_FOR],
    ['off', '', NOT_FLUSHED],
    ['off', 'a', NOT_FLUSHED],
  ])('%s with the standbys "%s" gives the warning %j', (commit, standbys, warning) => {
    expect(durabilityWarning({ synchronous_commit: commit, synchronous_standby_names: standbys })).toEqual(
      warning,
    );
  });

  it('is a line in the log of a start where it is off', async () => {
    const database = await databaseWith('off');
    const api = await startTestApi('sqlite', { database: database.settings });
    await api.close();
    await database.end();
    expect(api.log.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ level: 40, ...NOT_FLUSHED }),
    );
  });

  it('is looked at again after each new connection, and said once', async () => {
    const database = await databaseWith('on');
    const warnings: object[] = [];
    const opened = await openDatabase(
      database.settings,
      () => undefined,
      (warning) => warnings.push(warning),
    );
    const { readiness } = opened;
    const counts = [warnings.length];
    await database.set('off');
    for (let connections = 0; connections < 2; connections++) {
      await database.cut();
      // The first probe may find out that its connection was ended.
      await readiness.probe();
      await readiness.probe();
      counts.push(warnings.length);
    }
    await opened.close();
    await database.end();
    expect([counts, warnings]).toEqual([[0, 1, 1], [NOT_FLUSHED]]);
  });
});
