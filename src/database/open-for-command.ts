import { sql } from 'kysely';
import type { Clock } from '../operation/clock.js';
import type { Settings } from '../settings/settings.js';
import { slowPostgresQueries, postgresProblem } from './postgres/postgres.js';
import { hostOf, PostgresSessions } from './postgres/postgres-sessions.js';
import type { Queries } from './schema.js';
import { openExistingSqlite, openSqliteForReading } from './sqlite/sqlite.js';

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
    const { rows } = await sql<{ now: number }>`select extract(epoch from now())::bigint as now`.execute(
      queries,
    );
    return closing(queries, rows[0]?.now ?? 0);
  } catch (error) {
    await queries.destroy();
    throw postgresProblem(error, hostOf(settings.url.reveal()));
  }
}

function closing(queries: Queries, nowEpochSeconds: number): CommandDatabase {
  return { queries, nowEpochSeconds, close: () => queries.destroy() };
}
