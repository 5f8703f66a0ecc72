import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { sql } from 'kysely';
import { createTestDatabase } from '../../test/support/postgres.js';
import { startRelay } from '../../test/support/relay.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { Secret } from '../settings/secret.js';
import { DatabaseOpenError } from './database-open-error.js';
import { openDatabase } from './open-database.js';

const silent = (): void => undefined;

/** The line for the operator. */
async function refusalOf(settings: Parameters<typeof openDatabase>[0]): Promise<string> {
  try {
    const database = await openDatabase(settings, silent);
    await database.close();
    return 'opened';
  } catch (error) {
    if (!(error instanceof DatabaseOpenError)) throw error;
    return error.message;
  }
}

describe('an SQLite file', () => {
  it('is for its owner alone, and so is its log, in a folder that others may enter', async () => {
    const folder = temporaryFolder('database');
    mkdirSync(join(folder, 'open'), { mode: 0o755 });
    const path = join(folder, 'open', 'edgepass.sqlite');
    const database = await openDatabase({ kind: 'sqlite', path }, silent);
    const modes = [path, `${path}-wal`].map((file) => (statSync(file).mode & 0o777).toString(8));
    await database.close();
    expect(modes).toEqual(['600', '600']);
  });

  it('belongs to one process', async () => {
    const path = join(temporaryFolder('database'), 'edgepass.sqlite');
    const first = await openDatabase({ kind: 'sqlite', path }, silent);
    const refusal = await refusalOf({ kind: 'sqlite', path });
    await first.close();
    expect(refusal).toBe(
      `DATABASE_URL: expected an SQLite file that this user can write and no other process has open; found ${path}, which another process has open; stop that process, or use postgres:// for several`,
    );
  });

  it('whose last change was cut off before there was a log, as by a loss of power, is made whole (N06)', async () => {
    const folder = temporaryFolder('database');
    const [whole, cut] = [join(folder, 'whole.sqlite'), join(folder, 'cut.sqlite')] as const;
    const file = new Sqlite(whole);
    file.exec('create table t (filler); pragma cache_size = 1; begin');
    for (let row = 0; row < 100; row += 1) file.exec('insert into t values (zeroblob(4000))');
    copyFileSync(whole, cut);
    copyFileSync(`${whole}-journal`, `${cut}-journal`);
    file.close();
    const database = await openDatabase({ kind: 'sqlite', path: cut }, silent);
    const { rows } = await sql<{ rows: number }>`select count(*) as rows from t`.execute(database.queries);
    await database.close();
    expect(rows).toEqual([{ rows: 0 }]);
  });

  it('that is a folder is refused in one line', async () => {
    const path = temporaryFolder('database');
    expect(await refusalOf({ kind: 'sqlite', path })).toBe(
      `DATABASE_URL: expected an SQLite file that this user can write and no other process has open; found ${path}, which cannot be used (EISDIR); name another file, or change its owner`,
    );
  });
});

describe('a PostgreSQL that cannot be used is named by its setting, without the password', () => {
  const refusalAt = (url: URL) => refusalOf({ kind: 'postgres', url: new Secret(url.href) });

  it('when the password or the database is another', async () => {
    const created = await createTestDatabase();
    const { url } = created;
    const wrongPassword = new URL(url);
    wrongPassword.password = 'another-secret';
    const wrongName = new URL(url);
    wrongName.pathname = '/nowhere';
    const refusals = [await refusalAt(wrongPassword), await refusalAt(wrongName)];
    await created.drop();
    expect(refusals.map((line) => line.split('; ').slice(1))).toEqual([
      [
        `found ${wrongName.host}: 28P01`,
        'correct the user or the password, whose special characters are percent-encoded (@ is %40)',
      ],
      [`found ${wrongName.host}: 3D000`, 'create the database, or correct its name'],
    ]);
  });

  it('when this user may create no table', async () => {
    const created = await createTestDatabase();
    const { url } = created;
    const owner = await openDatabase({ kind: 'postgres', url: new Secret(url) }, silent);
    await sql`revoke create on schema public from public`.execute(owner.queries);
    const name = `guest_${process.pid}`;
    await sql`create user ${sql.id(name)} password 'guest'`.execute(owner.queries);
    const guest = new URL(url);
    guest.username = name;
    guest.password = 'guest';
    const refusal = await refusalAt(guest);
    await sql`drop user ${sql.id(name)}`.execute(owner.queries);
    await owner.close();
    await created.drop();
    expect(refusal.split('; ').slice(1)).toEqual([
      `found ${new URL(url).host}: 42501`,
      'let this user create tables: GRANT CREATE ON SCHEMA public',
    ]);
  });
});

describe('a PostgreSQL that does not answer any more', () => {
  async function behindRelay() {
    const server = await createTestDatabase();
    const url = new URL(server.url);
    const relay = await startRelay(Number(url.port));
    url.host = `127.0.0.1:${relay.port}`;
    const database = await openDatabase({ kind: 'postgres', url: new Secret(url.href) }, silent);
    const record = () => database.record(sql<{ one: number }>`select 1 as one`.compile(database.queries));
    const end = async () => {
      relay.cut();
      await relay.close();
      await server.drop();
    };
    return { database, relay, record, end };
  }

  it('at the first word on the connection of grants leaves them to the others', async () => {
    const { database, relay, record, end } = await behindRelay();
    relay.fallSilentAt('set lock_timeout');

    expect((await record()).rows).toEqual([{ one: 1 }]);

    relay.heal();
    await database.close();
    await end();
  });

  it('does not hold a process that ends', async () => {
    const { database, relay, record, end } = await behindRelay();
    await record();
    relay.freeze();
    const begin = performance.now();

    await database.close();

    // Nine seconds are what a drain has for everything.
    expect(performance.now() - begin).toBeLessThan(5_000);
    await end();
  });
});

test.each(['sqlite', 'postgres'] as const)(
  'a database in %s that a later version has changed is refused, with what to do',
  async (kind) => {
    const server = kind === 'postgres' ? await createTestDatabase() : null;
    const settings = server
      ? ({ kind: 'postgres', url: new Secret(server.url) } as const)
      : ({ kind: 'sqlite', path: join(temporaryFolder('database'), 'edgepass.sqlite') } as const);
    const database = await openDatabase(settings, silent);
    await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '2030-01-01T00:00:00.000Z')`.execute(
      database.queries,
    );
    await database.close();
    const refusal = await refusalOf(settings);
    await server?.drop();
    expect(refusal).toBe(
      'DATABASE_URL: expected a database of this version of edgepass, or of one before; found the change 9999-later of a later version; start that version, or restore the backup from before it',
    );
  },
);
