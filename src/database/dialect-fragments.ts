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
   * Statements that let a table of {@link appendOnly} refuse DELETE only while its rows must be kept, counted
   * from the epoch seconds in `timeColumn`, and refuse that a row is written over another one.
   */
  retained(table: string, timeColumn: string): readonly RawBuilder<unknown>[];
  /** Statements that let the time in `audit_retention` only grow. */
  readonly retentionGrows: readonly RawBuilder<unknown>[];
  /**
   * Ends a SELECT from `entitlements` so that of the rows it found the one with the latest end is left (a right
   * without end ends last), which cannot be deleted or changed until this statement's transaction has committed.
   */
  readonly latestEnd: RawBuilder<unknown>;
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
  retained: (table, timeColumn) => [
    sql`drop trigger ${sql.id(`${table}_refuses_delete`)}`,
    sql`
      create trigger ${sql.id(`${table}_refuses_delete`)} before delete on ${sql.table(table)}
      when old.${sql.id(timeColumn)} + (select seconds from audit_retention) > unixepoch()
      begin
        select raise(abort, ${sql.lit(`${table} is kept until its retention date`)});
      end`,
    // "insert or replace" deletes without asking the trigger of DELETE.
    sql`
      create trigger ${sql.id(`${table}_refuses_replace`)} before insert on ${sql.table(table)}
      when exists (select 1 from ${sql.table(table)} where id = new.id)
      begin
        select raise(abort, ${sql.lit(`${table} is append-only`)});
      end`,
  ],
  retentionGrows: [
    sql`
      create trigger audit_retention_grows before update on audit_retention
      when new.id <> old.id or new.seconds < old.seconds
      begin
        select raise(abort, 'audit_retention only grows');
      end`,
    sql`
      create trigger audit_retention_stays before delete on audit_retention
      begin
        select raise(abort, 'audit_retention stays');
      end`,
    sql`
      create trigger audit_retention_is_one_row before insert on audit_retention
      when exists (select 1 from audit_retention)
      begin
        select raise(abort, 'audit_retention stays');
      end`,
  ],
  // One group of all rows; beside the one max() the other columns are those of its row
  // (https://sqlite.org/lang_select.html#bareagg). To sort them instead makes a temporary table for each statement:
  // measured, 69 µs a grant where this takes 26. There is one writer at a time, so no lock needs to be asked for.
  latestEnd: sql`group by null
    having max(coalesce(entitlements.ends_at, ${sql.lit(Number.MAX_SAFE_INTEGER)})) is not null`,
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
  retained: (table, timeColumn) => [
    sql`drop trigger ${sql.id(`${table}_append_only`)} on ${sql.table(table)}`,
    sql`
      create trigger ${sql.id(`${table}_append_only`)} before update or truncate on ${sql.table(table)}
      for each statement execute function edgepass_append_only()`,
    sql`
      create or replace function edgepass_retained() returns trigger language plpgsql as $$
      begin
        if (to_jsonb(old) ->> tg_argv[0])::bigint + (select seconds from audit_retention)
          > extract(epoch from now()) then
          raise exception '% is kept until its retention date', tg_table_name using errcode = 'restrict_violation';
        end if;
        return old;
      end $$`,
    sql`
      create trigger ${sql.id(`${table}_retained`)} before delete on ${sql.table(table)}
      for each row execute function edgepass_retained(${sql.lit(timeColumn)})`,
  ],
  retentionGrows: [
    sql`
      create function edgepass_retention_grows() returns trigger language plpgsql as $$
      begin
        if tg_op <> 'UPDATE' or new.id <> old.id or new.seconds < old.seconds then
          raise exception 'audit_retention only grows' using errcode = 'restrict_violation';
        end if;
        return new;
      end $$`,
    sql`
      create trigger audit_retention_grows before update or delete on audit_retention
      for each row execute function edgepass_retention_grows()`,
    sql`
      create trigger audit_retention_stays before truncate on audit_retention
      for each statement execute function edgepass_append_only()`,
  ],
  latestEnd: sql`order by entitlements.ends_at desc nulls first limit 1 for share`,
};

export const DIALECT_FRAGMENTS: Readonly<Record<DialectName, DialectFragments>> = { sqlite, postgres };
