import { sql } from 'kysely';
import type { Clock } from '../operation/clock.js';
import type { Settings } from '../settings/settings.js';
import { slowPostgresQueries, postgresProblem } from './postgres/postgres.js';
import { hostOf, PostgresSessions } from './postgres/postgres-sessions.js';
import type { Queries } from './schema.js';
import { openSqliteForReading } from './sqlite/sqlite.js';

/** A database that is read and not migrated. */
export interface ReadingDatabase {
  readonly queries: Queries;
  /** When it was opened, by the clock of the machine that the database is on. */
  readonly nowEpochSeconds: number;
  close(): Promise<void>;
}

/** Opens the database of a service for a command that only reads. @throws {DatabaseOpenError} */
export async function openForReading(settings: Settings['database'], clock: Clock): Promise<ReadingDatabase> {
  if (settings.kind === 'sqlite') {
    return closing(await openSqliteForReading(settings.path), clock.nowEpochSeconds());
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

function closing(queries: Queries, nowEpochSeconds: number): ReadingDatabase {
  return { queries, nowEpochSeconds, close: () => queries.destroy() };
}
