import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Client, ClientConfig } from 'pg';
import { formatProblems } from '../../settings/settings-problem.js';
import { codeOf, DatabaseOpenError } from '../database-open-error.js';
import { migrateToLatest } from '../migrate.js';
import { PostgresGroupCommit } from './postgres-group-commit.js';
import { BoundedPool, HEAD_START_MILLISECONDS, type OnConnectionLost } from './postgres-pool.js';
import { PROBE_WRITE, probeFiller, type Probe } from '../readiness.js';
import type { Queries, Tables } from '../schema.js';

/** How long a caller waits for a connection, and then for each statement. Together below 2 s (N16). */
const CONNECT_MILLISECONDS = 700;
const STATEMENT_MILLISECONDS = 800;

/** A transaction whose instance froze gives its row locks back after this. */
const IDLE_IN_TRANSACTION_MILLISECONDS = 5_000;

/** AWS's network load balancers forget a connection after 350 s; Linux alone would first ask after two hours. */
const KEEP_ALIVE_MILLISECONDS = 30_000;

/** Connections of one instance; PostgreSQL's own default allows 100 for everybody. */
const POOL_CONNECTIONS = 10;

/** A migration may take its time, and so may the one of the instance beside us that we wait for. */
const MIGRATION_MILLISECONDS = 300_000;

/** PostgreSQL's type id of `bigint`; the driver gives it as text by default. */
const INT8 = 20;

type Driver = typeof import('pg').default;

async function loadPg(): Promise<Driver> {
  const { default: pg } = await import('pg');
  return pg;
}

function connectionConfig(pg: Driver, url: string) {
  return {
    connectionString: url,
    application_name: 'edgepass',
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    // The kernel notices a peer that vanished although no statement runs, and what keeps count of connections in
    // between (NAT, a load balancer) does not forget this one.
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MILLISECONDS,
    types: {
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  } satisfies ClientConfig;
}

function kyselyOn(pg: Driver, config: object, waitMilliseconds: number, onLost: OnConnectionLost): Queries {
  const pool = new BoundedPool(new pg.Pool(config), waitMilliseconds, onLost);
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

/** The callers' connections: each wait is bounded. Nothing is connected yet. @throws {DatabaseOpenError} */
export async function postgresQueries(url: string, onConnectionLost: OnConnectionLost): Promise<Queries> {
  const pg = await loadPg();
  const config = {
    ...connectionConfig(pg, url),
    max: POOL_CONNECTIONS,
    statement_timeout: STATEMENT_MILLISECONDS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MILLISECONDS,
  };
  return kyselyOn(pg, config, STATEMENT_MILLISECONDS, onConnectionLost);
}

/** A row that another transaction holds is left to a connection of its own: it must not hold up a group. */
const GROUP_LOCK_MILLISECONDS = 100;

/** Where grants are recorded: together, on a connection of their own. Nothing is connected yet. */
export async function postgresGroupCommit(
  url: string,
  queries: Queries,
  onConnectionLost: OnConnectionLost,
): Promise<PostgresGroupCommit> {
  const pg = await loadPg();
  const groupMilliseconds = STATEMENT_MILLISECONDS + HEAD_START_MILLISECONDS;
  return new PostgresGroupCommit({
    connect: async () => {
      const client = new pg.Client({
        ...connectionConfig(pg, url),
        statement_timeout: STATEMENT_MILLISECONDS,
        idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MILLISECONDS,
        pipeline: true,
      });
      client.on('error', onConnectionLost);
      try {
        await client.connect();
        // The types of pg leave the limit out; without one a line that falls silent here would be waited for.
        const limit = { query_timeout: CONNECT_MILLISECONDS };
        await client.query({ text: `set lock_timeout = ${GROUP_LOCK_MILLISECONDS}`, ...limit });
        return client;
      } catch (error) {
        client.end().catch(() => undefined);
        throw error;
      }
    },
    runAlone: (query) => queries.executeQuery(query),
    groupMilliseconds,
    callerMilliseconds: CONNECT_MILLISECONDS + groupMilliseconds,
  });
}

/** One connection with long time limits, for what reads everything: the export of the audit log. */
export async function slowPostgresQueries(url: string): Promise<Queries> {
  const pg = await loadPg();
  const config = { ...connectionConfig(pg, url), connectionTimeoutMillis: 10_000, max: 1 };
  return kyselyOn(pg, config, MIGRATION_MILLISECONDS, () => undefined);
}

/**
 * Brings the schema to this version. Several instances may call it at once: kysely lets one of them migrate
 * under an advisory lock. The others wait for it here, on a connection that waits longer than callers may.
 */
export async function migratePostgres(url: string): Promise<void> {
  const pg = await loadPg();
  const config = { ...connectionConfig(pg, url), max: 1 };
  const queries = kyselyOn(pg, config, MIGRATION_MILLISECONDS, () => undefined);
  try {
    await refuseOtherEncodings(queries);
    await migrateToLatest(queries, 'postgres');
  } finally {
    await queries.destroy();
  }
}

/**
 * Names of folders and ids of viewers may hold any letter. `SQL_ASCII` keeps the bytes as they come; any other
 * encoding fails at the first letter that it does not have, in the middle of a request.
 */
async function refuseOtherEncodings(queries: Queries): Promise<void> {
  const { rows } = await sql<{ server_encoding: string }>`show server_encoding`.execute(queries);
  const found = rows[0]?.server_encoding ?? 'none';
  if (found === 'UTF8' || found === 'SQL_ASCII') return;
  const problem = {
    setting: 'DATABASE_URL',
    expected: 'a database with the encoding UTF8',
    found,
    todo: "make a new one (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0) and copy the rows with pg_dump",
  };
  throw new DatabaseOpenError(formatProblems([problem]));
}

/** Probes on a connection of its own: a busy pool does not delay it, and its wait delays no caller. */
export class PostgresProbe {
  readonly #url: string;
  #client: Client | null = null;
  #isMigrated = false;

  constructor(url: string) {
    this.#url = url;
  }

  readonly probe: Probe = async (withWrite) => {
    if (!this.#isMigrated) {
      await migratePostgres(this.#url);
      this.#isMigrated = true;
    }
    const client = await this.#connected();
    try {
      const { rows } = await client.query<{ read_only: string }>(
        `select current_setting('transaction_read_only') as read_only`,
      );
      // A standby, or a primary that was switched to read-only: it answers, and records nothing (N20).
      if (rows[0]?.read_only !== 'off') throw new Error('PostgreSQL is read-only');
      if (withWrite) await client.query(PROBE_WRITE('$1'), [probeFiller()]);
    } catch (error) {
      this.close();
      throw error;
    }
  };

  close(): void {
    const client = this.#client;
    this.#client = null;
    client?.end().catch(() => undefined);
  }

  async #connected(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const pg = await loadPg();
    const client = new pg.Client({
      ...connectionConfig(pg, this.#url),
      statement_timeout: STATEMENT_MILLISECONDS,
      query_timeout: STATEMENT_MILLISECONDS,
    });
    client.on('error', () => {
      if (this.#client === client) this.#client = null;
    });
    await client.connect();
    this.#client = client;
    return client;
  }
}

/** What no correction of DATABASE_URL would change: SQLSTATE classes of PostgreSQL's appendix A. */
const PASSING_CLASSES = [
  '08', // connection lost
  '25006', // read-only
  '53', // too many connections, disk full, out of memory
  '55P03', // another instance holds the migration lock
  '57P', // shutting down, starting up, crashed
];

/** Node's own codes for a network or a name service that does not answer. */
const NETWORK_CODE = /^(?:E(?:CONN|HOST|NET|PIPE|TIMEDOUT|NOTFOUND)|EAI_)/;

/** Whether waiting may help, so that the start goes on without the database (N12). */
export function mayPass(error: unknown): boolean {
  const code = codeOf(error);
  if (/time(?:d )?out|terminated|read-only/i.test(code)) return true;
  return NETWORK_CODE.test(code) || PASSING_CLASSES.some((start) => code.startsWith(start));
}

/** What PostgreSQL's own codes ask for (its documentation, appendix A); the rest has to do with the network. */
const TODO_BY_CODE: Readonly<Record<string, string>> = {
  '28P01': 'correct the user or the password, whose special characters are percent-encoded (@ is %40)',
  '28000': 'correct the user, or let it in (pg_hba.conf)',
  '3D000': 'create the database, or correct its name',
  '42501': 'let this user create tables: GRANT CREATE ON SCHEMA public',
  ENOTFOUND: 'correct the host; special characters of the password are percent-encoded (@ is %40, / is %2F)',
  ENOENT: 'correct the path of sslrootcert, sslcert or sslkey',
};

/** The host of an address and its port, where it names one: the part of it that a message may show. */
export function hostOf(url: string): string {
  const { host, searchParams } = new URL(url);
  return host === '' ? (searchParams.get('host') ?? 'localhost') : host;
}

/** The reason of a PostgreSQL that is not ready, for the log. */
export function explainPostgres(error: unknown, host: string): object {
  const reason = codeOf(error);
  const todo = TODO_BY_CODE[reason];
  return { reason, host, ...(todo === undefined ? {} : { todo }) };
}

/** The line for the operator, without user and password. */
export function postgresProblem(error: unknown, host: string): DatabaseOpenError {
  if (error instanceof DatabaseOpenError) return error;
  const code = codeOf(error);
  const line = formatProblems([
    {
      setting: 'DATABASE_URL',
      expected: 'a PostgreSQL that answers and lets this user create tables',
      found: `${host}: ${code}`,
      todo: TODO_BY_CODE[code] ?? 'check that it runs, its host and port, and its certificate',
    },
  ]);
  return new DatabaseOpenError(line, error);
}
