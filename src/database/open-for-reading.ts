import { sql } from 'kysely';
import type { Settings } from '../settings/settings.js';
import { patientPostgresQueries, postgresProblem } from './postgres/postgres.js';
import type { Queries } from './schema.js';
import { openSqliteForReading } from './sqlite/sqlite.js';

/** A database that is read and not migrated. */
export interface ReadingDatabase {
  readonly queries: Queries;
  close(): Promise<void>;
}

/** Opens the database of a service for a command that only reads. @throws {DatabaseOpenError} */
export async function openForReading(settings: Settings['database']): Promise<ReadingDatabase> {
  if (settings.kind === 'sqlite') return closing(await openSqliteForReading(settings.path));
  const queries = await patientPostgresQueries(settings.url.reveal());
  try {
    await sql`select 1`.execute(queries);
  } catch (error) {
    await queries.destroy();
    throw postgresProblem(error);
  }
  return closing(queries);
}

function closing(queries: Queries): ReadingDatabase {
  return { queries, close: () => queries.destroy() };
}
