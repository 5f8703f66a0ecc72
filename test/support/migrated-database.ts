import { openDatabase } from '../../src/database/open-database.js';
import { Secret } from '../../src/settings/secret.js';
import { createTestDatabase, testServer, type TestDatabase } from './postgres.js';
import { connectTo } from './postgres-connections.js';

/** Of which the others are copies: the migrations take as much work as the rest of a database. */
const TEMPLATE = 'test_migrated';
/** Held while it is made, because the spec files of a run share one server. */
const LOCK = 7_301_044;

let isThere = false;

/** {@link createTestDatabase} with the tables of this version, as its first start leaves them. */
export async function createMigratedDatabase(): Promise<TestDatabase> {
  if (!isThere) await makeTemplate();
  isThere = true;
  return createTestDatabase(`TEMPLATE ${TEMPLATE} STRATEGY FILE_COPY`);
}

async function makeTemplate(): Promise<void> {
  const { url } = await testServer();
  const client = await connectTo(url);
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [TEMPLATE]);
    if (rowCount !== 0) return;
    const made = await createTestDatabase();
    const database = await openDatabase({ kind: 'postgres', url: new Secret(made.url) }, () => undefined);
    await database.close();
    // Waits until PostgreSQL has ended the connections.
    await client.query(`alter database ${new URL(made.url).pathname.slice(1)} rename to ${TEMPLATE}`);
  } finally {
    // Gives the lock back.
    await client.end();
  }
}
