import { Secret } from '../../src/settings/secret.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { connectTo } from '../support/postgres-connections.js';
import { createTestDatabase } from '../support/postgres.js';
import { until } from '../support/operated-api.js';
import { startPgBouncer } from '../support/pgbouncer.js';
import { startRelay, type Relay } from '../support/relay.js';

/** A database of its own behind a line that a test can cut. */
export interface RelayedDatabase {
  /** The address past the line, for a test that is the administrator. */
  readonly serverUrl: string;
  /** The address that leads through the line. */
  readonly url: string;
  /** The same as the settings hold it. */
  readonly settings: { readonly kind: 'postgres'; readonly url: Secret };
  readonly relay: Relay;
  /** Lets the line pass again; resolves when something that goes through it is answered, which a pooler notices later. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Whether PgBouncer stands between the service and what a fault is made to:
 * `EDGEPASS_FAULT_POOLER=pgbouncer npm run faults -- -t N13`.
 */
export const isThroughPooler = process.env['EDGEPASS_FAULT_POOLER'] === 'pgbouncer';

export async function databaseBehindRelay(): Promise<RelayedDatabase> {
  const server = await createTestDatabase();
  const url = new URL(server.url);
  const relay = await startRelay(Number(url.port));
  url.host = `127.0.0.1:${relay.port}`;
  const pooler = isThroughPooler ? await startPgBouncer(url.href) : null;
  if (pooler !== null) url.host = new URL(pooler.url).host;
  return {
    serverUrl: server.url,
    url: url.href,
    settings: { kind: 'postgres', url: new Secret(url.href) },
    relay,
    heal: async () => {
      relay.heal();
      if (pooler !== null) await until(() => isAnswered(pooler.url), LONGEST_RECOVERY_MILLISECONDS);
    },
    close: async () => {
      await pooler?.process.stop();
      await relay.close();
      await server.drop();
    },
  };
}

/** An API on such a database, on which `u1` may open `courses`. */
export async function apiBehindRelay(): Promise<{
  readonly database: RelayedDatabase;
  readonly api: TestApi;
  readonly close: () => Promise<void>;
}> {
  const database = await databaseBehindRelay();
  const api = await startTestApi('sqlite', { database: database.settings });
  await api.give({ subject: 'user:u1', prefix: 'courses' });
  return {
    database,
    api,
    close: async () => {
      database.relay.heal();
      await api.close();
      await database.close();
    },
  };
}

/** Above the limits of the pooler for a connection that got stuck. */
const LONGEST_RECOVERY_MILLISECONDS = 10_000;

async function isAnswered(url: string): Promise<boolean> {
  const client = await connectTo(url, { query_timeout: 1_000 });
  try {
    await client.query('select 1');
    return true;
  } finally {
    await client.end();
  }
}
