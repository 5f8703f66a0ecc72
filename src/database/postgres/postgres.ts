import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Client, QueryResult } from 'pg';
import { formatProblems } from '../../settings/settings-problem.js';
import { codeOf, DatabaseOpenError } from '../database-open-error.js';
import { migrateToLatest } from '../migrate.js';
import { MigratingDialect, underMigrationLock } from './migration-lock.js';
import { isAuditLogWhole, prepareAuditPartitions } from './prepare-audit-partitions.js';
import {
  COMMIT_SETTINGS,
  durabilityWarning,
  type CommitSettings,
  type OnWeakDurability,
} from './postgres-durability.js';
import { PostgresGroupCommit } from './postgres-group-commit.js';
import { BoundedPool, HEAD_START_MILLISECONDS, type OnConnectionLost } from './postgres-pool.js';
import {
  CONNECT_MILLISECONDS,
  inTransaction,
  type Limits,
  type PostgresSessions,
} from './postgres-sessions.js';
import { PROBE_WRITE, probeFiller, type Probe } from '../readiness.js';
import type { Queries, Tables } from '../schema.js';

/** How long a statement of a caller may take. With the wait for a connection below 2 s (N16). */
const STATEMENT_MILLISECONDS = 800;

const LIMITS: Limits = {
  statement_timeout: STATEMENT_MILLISECONDS,
  /** A transaction whose instance froze gives its row locks back after this. */
  idle_in_transaction_session_timeout: 5_000,
};

/** A row that another transaction holds is left to a connection of its own: it must not hold up a group. */
const GROUP_LIMITS: Limits = { ...LIMITS, lock_timeout: 100 };

/** Connections of one instance; PostgreSQL's own default allows 100 for everybody. */
const POOL_CONNECTIONS = 10;

/** A migration may take its time, and so may the one of the instance beside us that we wait for. */
const MIGRATION_MILLISECONDS = 300_000;

/** An index on an audit log of any size may take longer. Nobody waits for it but this start. */
const PREPARATION_MILLISECONDS = 12 * 3_600_000;

/** How often the partitions of the months to come are looked after: they are made three months ahead. */
const PARTITIONS_EVERY_MILLISECONDS = 3_600_000;

/** The callers' connections: each wait is bounded. Nothing is connected yet. */
export function postgresQueries(sessions: PostgresSessions, onConnectionLost: OnConnectionLost): Queries {
  const pool = sessions.pool(LIMITS, { max: POOL_CONNECTIONS });
  const bounded = new BoundedPool(pool, STATEMENT_MILLISECONDS, onConnectionLost, sessions);
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: bounded }) });
}

/** Called with a line for the log when the service looks after its schema, or could not. */
export type OnMaintenance = (level: 'info' | 'warn', line: object) => void;

/** Where grants are recorded: together, on a connection of their own. Nothing is connected yet. */
export function postgresGroupCommit(
  sessions: PostgresSessions,
  queries: Queries,
  onConnectionLost: OnConnectionLost,
): PostgresGroupCommit {
  const groupMilliseconds = STATEMENT_MILLISECONDS + HEAD_START_MILLISECONDS;
  return new PostgresGroupCommit({
    connect: () => sessions.connect(GROUP_LIMITS, onConnectionLost),
    limitsOf: (client) => sessions.beginWithLimits(client),
    runAlone: (query) => queries.executeQuery(query),
    groupMilliseconds,
    callerMilliseconds: CONNECT_MILLISECONDS + groupMilliseconds,
  });
}

/** One connection with long time limits, for what reads everything: the export of the audit log. */
export function slowPostgresQueries(sessions: PostgresSessions): Queries {
  const pool = sessions.unlimitedPool({ connectionTimeoutMillis: 10_000, max: 1 });
  const bounded = new BoundedPool(pool, MIGRATION_MILLISECONDS, () => undefined);
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: bounded }) });
}

/**
 * Brings the schema to this version. Several instances may call it at once: one of them migrates. The others wait for
 * it here, on a connection that waits longer than callers may.
 */
export async function migratePostgres(
  sessions: PostgresSessions,
  onMaintenance: OnMaintenance,
): Promise<void> {
  const queries = queriesOnOneConnection(sessions, MIGRATION_MILLISECONDS);
  // What is prepared is no part of the transaction that holds the lock. It connects when it is first asked.
  const beside = queriesOnOneConnection(sessions, PREPARATION_MILLISECONDS);
  try {
    await refuseOtherEncodings(queries);
    await underMigrationLock(queries, async (locked) => {
      if (await isAuditLogWhole(locked)) {
        await prepareAuditPartitions(beside, ({ table, step }) =>
          onMaintenance('info', {
            msg: 'the audit log is being made ready for partitions; this may take minutes',
            table,
            step,
          }),
        );
      }
      await migrateToLatest(locked, 'postgres');
    });
  } finally {
    await Promise.all([queries.destroy(), beside.destroy()]);
  }
}

function queriesOnOneConnection(sessions: PostgresSessions, statementMilliseconds: number): Queries {
  const pool = new BoundedPool(sessions.unlimitedPool({ max: 1 }), statementMilliseconds, () => undefined);
  return new Kysely<Tables>({ dialect: new MigratingDialect({ pool }) });
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
  readonly #sessions: PostgresSessions;
  readonly #onWeakDurability: OnWeakDurability;
  readonly #onMaintenance: OnMaintenance;
  #client: Client | null = null;
  #isMigrated = false;
  #partitionsLookedAfter = Number.NEGATIVE_INFINITY;
  #lastWarning: string | null = null;

  constructor(
    sessions: PostgresSessions,
    onWeakDurability: OnWeakDurability,
    onMaintenance: OnMaintenance = () => undefined,
  ) {
    this.#sessions = sessions;
    this.#onWeakDurability = onWeakDurability;
    this.#onMaintenance = onMaintenance;
  }

  readonly probe: Probe = async (withWrite) => {
    try {
      const client = await this.#connected();
      if (!this.#isMigrated) {
        await migratePostgres(this.#sessions, this.#onMaintenance);
        this.#isMigrated = true;
      }
      const [state] = (
        await this.#ask(client, `select current_setting('transaction_read_only') as read_only`)
      ).rows as { read_only: string }[];
      // A standby, or a primary that was switched to read-only: it answers, and records nothing (N20).
      if (state?.read_only !== 'off') throw new Error('PostgreSQL is read-only');
      if (withWrite) await this.#ask(client, PROBE_WRITE('$1'), [probeFiller()]);
      await this.#makePartitions(client);
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

  #ask(client: Client, text: string, values: unknown[] = []): Promise<QueryResult> {
    const limits = this.#sessions.beginWithLimits(client);
    return limits === null ? client.query(text, values) : inTransaction(client, limits, { text, values });
  }

  /** Grants do not depend on it (there is a default partition), so a failure says nothing of readiness. */
  async #makePartitions(client: Client): Promise<void> {
    const now = performance.now();
    if (now - this.#partitionsLookedAfter < PARTITIONS_EVERY_MILLISECONDS) return;
    this.#partitionsLookedAfter = now;
    try {
      const { rows } = await this.#ask(client, 'select edgepass_make_audit_partitions() as made');
      const { made = 0 } = (rows[0] ?? {}) as { made?: number };
      if (made > 0)
        this.#onMaintenance('info', { msg: 'partitions of the audit log were made', count: made });
    } catch (error) {
      this.#onMaintenance('warn', {
        msg: 'the partitions of the audit log could not be made ahead; trying again in an hour',
        reason: codeOf(error),
      });
    }
  }

  async #connected(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const client = await this.#sessions.connectAndLearn(LIMITS, STATEMENT_MILLISECONDS, (lost) => {
      if (this.#client === lost) this.#client = null;
    });
    this.#client = client;
    await this.#checkDurability(client);
    return client;
  }

  /** After each new connection: a failover may have led to a server with other settings. */
  async #checkDurability(client: Client): Promise<void> {
    const [settings] = (await this.#ask(client, COMMIT_SETTINGS)).rows as CommitSettings[];
    const warning = settings === undefined ? null : durabilityWarning(settings);
    const text = warning === null ? null : JSON.stringify(warning);
    if (warning !== null && text !== this.#lastWarning) this.#onWeakDurability(warning);
    this.#lastWarning = text;
  }
}

/** What no correction of DATABASE_URL would change: SQLSTATE classes of PostgreSQL's appendix A. */
const PASSING_CLASSES = [
  '08', // connection lost
  '25006', // read-only
  '40P01', // waited for another that waited for this one
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
