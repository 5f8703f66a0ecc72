import { sql, type RawBuilder } from 'kysely';

export type DialectName = 'sqlite' | 'postgres';

/**
 * The places where the two databases need different words; everything else is one set of queries.
 * (A third, the migration lock, is kysely's own: an advisory lock on PostgreSQL, and on SQLite the
 * single writer.)
 */
export interface DialectFragments {
  /** Statements that make a table refuse UPDATE and DELETE. */
  appendOnly(table: string): readonly RawBuilder<unknown>[];
  /**
   * Ends a SELECT so that the rows it found cannot be deleted or changed until this statement's
   * transaction has committed. SQLite has one writer at a time, so nothing needs to be said.
   */
  readonly rowLock: RawBuilder<unknown>;
}

const sqlite: DialectFragments = {
  appendOnly: (table) =>
    (['update', 'delete'] as const).map(
      (change) => sql`
        create trigger ${sql.id(`${table}_refuses_${change}`)} before ${sql.raw(change)} on ${sql.table(table)}
        begin
          select raise(abort, ${sql.lit(`${table} is append-only`)});
        end`,
    ),
  rowLock: sql``,
};

const postgres: DialectFragments = {
  appendOnly: (table) => [
    sql`
      create or replace function edgepass_append_only() returns trigger language plpgsql as $$
      begin
        raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
      end $$`,
    sql`
      create trigger ${sql.id(`${table}_append_only`)} before update or delete or truncate on ${sql.table(table)}
      for each statement execute function edgepass_append_only()`,
  ],
  rowLock: sql`for share`,
};

export const DIALECT_FRAGMENTS: Readonly<Record<DialectName, DialectFragments>> = { sqlite, postgres };
