import { sql } from 'kysely';
import type { Clock } from '../operation/clock.js';
import type { Settings } from '../settings/settings.js';
import { Database } from './database.js';
import { migrateToLatest } from './migrate.js';
import {
  mayPass,
  postgresGroupCommit,
  postgresProblem,
  PostgresProbe,
  postgresQueries,
  slowPostgresQueries,
  type OnMaintenance,
} from './postgres/postgres.js';
import type { OnWeakDurability } from './postgres/postgres-durability.js';
import type { OnConnectionLost } from './postgres/postgres-pool.js';
import { hostOf, PostgresSessions } from './postgres/postgres-sessions.js';
import { Readiness } from './readiness.js';
import type { Queries } from './schema.js';
import { groupsOf } from './sqlite/group-commit.js';
import {
  openExistingSqlite,
  openSqlite,
  openSqliteForReading,
  sqliteProbe,
  sqliteProblem,
} from './sqlite/sqlite.js';

/** How long a start waits for PostgreSQL before it goes on without it, in milliseconds. */
const START_WAIT_MILLISECONDS = 5_000;

/**
 * Opens the database of the settings and migrates it. A PostgreSQL that does not answer yet stops no start:
 * the database is then not ready, and becomes it as soon as PostgreSQL is there.
 * @throws {DatabaseOpenError} naming the file, the missing driver or what to correct, never a password
 */
export async function openDatabase(
  settings: Settings['database'],
  onConnectionLost: OnConnectionLost,
  onWeakDurability: OnWeakDurability = () => undefined,
  onMaintenance: OnMaintenance = () => undefined,
): Promise<Database> {
  return settings.kind === 'sqlite'
    ? openSqliteDatabase(settings.path)
    : openPostgresDatabase(settings.url.reveal(), onConnectionLost, onWeakDurability, onMaintenance);
}

async function openSqliteDatabase(path: string): Promise<Database> {
  const { queries, group } = await openSqlite(path);
  const database = new Database(
    queries,
    'sqlite',
    new Readiness(sqliteProbe(queries), true),
    groupsOf(group),
  );
  try {
    await migrateToLatest(queries, 'sqlite');
  } catch (error) {
    await database.close();
    throw sqliteProblem(path, error);
  }
  return database;
}

async function openPostgresDatabase(
  url: string,
  onConnectionLost: OnConnectionLost,
  onWeakDurability: OnWeakDurability,
  onMaintenance: OnMaintenance,
): Promise<Database> {
  const sessions = await PostgresSessions.to(url);
  const queries = postgresQueries(sessions, onConnectionLost);
  const probe = new PostgresProbe(sessions, onWeakDurability, onMaintenance);
  const readiness = new Readiness(probe.probe, false);
  const groups = postgresGroupCommit(sessions, queries, onConnectionLost);
  const database = new Database(queries, 'postgres', readiness, groups, hostOf(url), () => probe.close());
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, START_WAIT_MILLISECONDS);
  });
  await Promise.race([readiness.probe(), timeout]);
  clearTimeout(timer);
  if (!readiness.isReady && readiness.lastError !== null && !mayPass(readiness.lastError)) {
    const problem = postgresProblem(readiness.lastError, hostOf(url));
    await database.close();
    throw problem;
  }
  return database;
}

/** A database that a command has opened beside the service; it is not migrated. */
export interface CommandDatabase {
  readonly queries: Queries;
  /** When it was opened, by the clock of the machine that the database is on. */
  readonly nowEpochSeconds: number;
  close(): Promise<void>;
}

/**
 * Opens the database of a service for a command.
 * @param use an SQLite file that is only read stays as it is
 * @throws {DatabaseOpenError}
 */
export async function openForCommand(
  settings: Settings['database'],
  clock: Clock,
  use: 'read' | 'write',
): Promise<CommandDatabase> {
  if (settings.kind === 'sqlite') {
    const open = use === 'read' ? openSqliteForReading : openExistingSqlite;
    return closing(await open(settings.path), clock.nowEpochSeconds());
  }
  const queries = slowPostgresQueries(await PostgresSessions.to(settings.url.reveal()));
  try {
    const { rows } = await sql<{
      now: number;
    }>`select floor(extract(epoch from now()))::bigint as now`.execute(queries);
    return closing(queries, rows[0]?.now ?? 0);
  } catch (error) {
    await queries.destroy();
    throw postgresProblem(error, hostOf(settings.url.reveal()));
  }
}

function closing(queries: Queries, nowEpochSeconds: number): CommandDatabase {
  return { queries, nowEpochSeconds, close: () => queries.destroy() };
}
