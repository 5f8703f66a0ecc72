import { sql, type Kysely } from 'kysely';

/**
 * The two tables of the audit log that grow with what callers do, each with the column of its time. Changes of
 * entitlements are few: their table stays whole.
 */
export const PARTITIONED = [
  ['grants', 'issued_at'],
  ['refusals', 'refused_at'],
] as const;

/** Names that the preparation of a table with rows and this migration have in common. */
export const preparedIndex = (table: string): string => `${table}_id_and_time`;
export const preparedBound = (table: string): string => `${table}_first_partition`;

/** The other indexes, which every partition gets. */
const INDEXES: Readonly<Record<(typeof PARTITIONED)[number][0], Readonly<Record<string, string>>>> = {
  grants: { grants_viewer: 'viewer_id, expires_at', grants_entitlement: 'entitlement_id, expires_at' },
  refusals: { refusals_viewer: 'viewer_id, id' },
};

/**
 * On PostgreSQL: a partition for each month (UTC). A table with rows becomes the first partition as it is;
 * `prepareAuditPartitions` has made ready what takes long, so that only names change under the lock.
 */
export const auditPartitions = {
  async up(database: Kysely<unknown>): Promise<void> {
    // What an administrator begins belongs to the owner of the tables: some functions below act with the rights of theirs.
    const schema = await actAsOwner(database);
    await sql.raw(functions(schema)).execute(database);
    for (const [table, timeColumn] of PARTITIONED) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, in one transaction
      await sql.raw(partition(table, timeColumn)).execute(database);
    }
    await sql.raw(PARTITION_FUNCTIONS(schema)).execute(database);
    await sql`select edgepass_make_audit_partitions()`.execute(database);
    await sql`select set_config('role', 'none', true)`.execute(database);
  },
};

/** Until the role is set back, or the transaction ends. Gives the schema of the tables. */
export async function actAsOwner(database: Kysely<unknown>): Promise<string> {
  const { rows } = await sql<{ owner: string; schema: string }>`
    select pg_get_userbyid(relowner) as owner, relnamespace::regnamespace::text as schema
    from pg_class where oid = 'grants'::regclass`.execute(database);
  const { owner, schema } = rows[0] ?? { owner: '', schema: '' };
  await sql`select set_config('role', ${owner}, true) where current_user <> ${owner}`.execute(database);
  return schema;
}

/**
 * How often, how long each time, and with what pause the exclusive lock is asked for: callers of the service wait behind
 * it that long at most. A reader that holds the table for long, such as a backup, is waited for by the tries.
 */
const LOCK_TRIES = 100;
const LOCK_MILLISECONDS = 100;
const LOCK_PAUSE_SECONDS = 0.5;

/**
 * The triggers of deletion name the table that people know, not the partition; and a temporary table cannot stand
 * in for `audit_retention`, because its schema is named (the temporary one is searched first).
 */
const functions = (schema: string): string => `
  create or replace function edgepass_retained() returns trigger language plpgsql as $$
  begin
    if (to_jsonb(old) ->> tg_argv[0])::bigint + (select seconds from ${schema}.audit_retention)
      > extract(epoch from now()) then
      raise exception '% is kept until its retention date', coalesce(tg_argv[1], tg_table_name)
        using errcode = 'restrict_violation';
    end if;
    return old;
  end $$;

  -- The triggers of a statement on a partitioned table are not those of its partitions (CREATE TRIGGER, Notes).
  create function edgepass_guard_partition(partition regclass, name text) returns void language plpgsql as $$
  begin
    execute format('create trigger %I before update or truncate on %s
      for each statement execute function edgepass_append_only()', name || '_append_only', partition);
  end $$;`;

/** Statements of a `do` block: who waits for the lock holds up every caller behind it, so it is given up and asked for again. */
export const lockBriefly = (table: string): string => `
    perform set_config('lock_timeout', '${LOCK_MILLISECONDS}ms', true);
    for tries in 1..${LOCK_TRIES} loop
      begin
        lock table ${table} in access exclusive mode;
        exit;
      exception when lock_not_available then
        if tries = ${LOCK_TRIES} then raise; end if;
        perform pg_sleep(${LOCK_PAUSE_SECONDS});
      end;
    end loop;
    perform set_config('lock_timeout', '0', true);`;

const partition = (table: keyof typeof INDEXES, timeColumn: string): string => `
  do $migrate$
  declare
    first_name text;
    bound text;
    granted record;
  begin
    ${lockBriefly(table)}

    alter table ${table} rename to ${table}_whole;
    ${Object.keys(INDEXES[table])
      .map((index) => `alter index ${index} rename to ${index}_whole;`)
      .join('\n    ')}
    alter table ${table}_whole rename constraint ${table}_pkey to ${table}_whole_pkey;
    drop trigger ${table}_append_only on ${table}_whole;
    drop trigger ${table}_retained on ${table}_whole;

    create table ${table} (like ${table}_whole) partition by range (${timeColumn});
    alter table ${table} add constraint ${table}_pkey primary key (id, ${timeColumn});
    ${Object.entries(INDEXES[table])
      .map(([index, columns]) => `create index ${index} on ${table} (${columns});`)
      .join('\n    ')}
    create trigger ${table}_append_only before update or truncate on ${table}
      for each statement execute function edgepass_append_only();
    create trigger ${table}_retained before delete on ${table}
      for each row execute function edgepass_retained('${timeColumn}', '${table}');
    for granted in
      select privilege_type, is_grantable, case grantee when 0 then 'public' else grantee::regrole::text end as grantee
      from pg_class, aclexplode(relacl) where oid = '${table}_whole'::regclass and grantee <> relowner
    loop
      execute format('grant %s on ${table} to %s%s', granted.privilege_type, granted.grantee,
        case when granted.is_grantable then ' with grant option' else '' end);
    end loop;

    if exists (select from ${table}_whole) then
      select substring(pg_get_constraintdef(oid) from '\\d+') into strict bound from pg_constraint
        where conrelid = '${table}_whole'::regclass and conname = '${preparedBound(table)}' and convalidated;
      first_name := '${table}_before_' || to_char(to_timestamp(bound::bigint) at time zone 'UTC', 'YYYY_MM');
      alter table ${table}_whole drop constraint ${table}_whole_pkey;
      execute format('alter table ${table}_whole rename to %I', first_name);
      execute format('alter table %I add constraint %I primary key using index ${preparedIndex(table)}',
        first_name, first_name || '_pkey');
      ${Object.keys(INDEXES[table])
        .map(
          (index) =>
            `execute format('alter index ${index}_whole rename to %I', replace('${index}', '${table}', first_name));`,
        )
        .join('\n      ')}
      execute format('alter table ${table} attach partition %I for values from (minvalue) to (%s)', first_name, bound);
      execute format('alter table %I drop constraint ${preparedBound(table)}', first_name);
      perform edgepass_guard_partition(first_name::regclass, first_name);
    else
      drop table ${table}_whole;
    end if;
    -- Where a month has no partition yet, or no longer: a grant never fails for that.
    create table ${table}_default partition of ${table} default;
    perform edgepass_guard_partition('${table}_default', '${table}_default');
  end $migrate$`;

/** How many months are made ahead of the current one. */
const MONTHS_AHEAD = 3;

/** Any number that no other user of the database has as a key of an advisory lock. */
const PARTITION_LOCK = '3853314791062309108';

const PARTITION_FUNCTIONS = (schema: string): string => `
  create view audit_partitions as
    select parent.relname::text as table_name, part.relname::text as partition_name,
      substring(bound from $$FROM \\('?(-?\\d+)$$)::bigint as from_epoch_seconds,
      substring(bound from $$TO \\('?(-?\\d+)$$)::bigint as until_epoch_seconds
    from pg_inherits
      join pg_class as part on part.oid = inhrelid
      join pg_class as parent on parent.oid = inhparent,
      lateral (select pg_get_expr(part.relpartbound, part.oid) as bound) as bounds
    where inhparent in ('grants'::regclass, 'refusals'::regclass);
  grant select on audit_partitions to public;

  -- False where rows of that month stand in the default partition already, or another partition has that month.
  create function edgepass_add_audit_partition(parent text, from_epoch bigint, until_epoch bigint) returns boolean
  language plpgsql set search_path = ${schema}, pg_temp as $$
  declare
    name text := parent || '_' || to_char(to_timestamp(from_epoch) at time zone 'UTC', 'YYYY_MM');
  begin
    -- Made apart and attached: that waits for no grant, where "create table … partition of" locks the whole log.
    execute format('create table %I (like %I including defaults)', name, parent);
    perform edgepass_guard_partition(name::regclass, name);
    execute format('alter table %I attach partition %I for values from (%s) to (%s)',
      parent, name, from_epoch, until_epoch);
    return true;
  exception when check_violation or invalid_object_definition or duplicate_table then
    return false;
  end $$;
  revoke all on function edgepass_add_audit_partition from public;

  -- Takes no argument and makes what is to be made anyway, so every role that can connect may call it. To attach a
  -- partition locks the default one, which a reader may hold: then it fails, and is done at the next call.
  create function edgepass_make_audit_partitions() returns integer
  language plpgsql security definer set search_path = ${schema}, pg_temp set lock_timeout = '${LOCK_MILLISECONDS}ms' as $$
  declare
    parent text;
    month timestamp;
    from_epoch bigint;
    until_epoch bigint;
    made integer := 0;
  begin
    if not pg_try_advisory_xact_lock(${PARTITION_LOCK}) then return 0; end if;
    foreach parent in array array['grants', 'refusals'] loop
      for ahead in 0..${MONTHS_AHEAD} loop
        month := date_trunc('month', now() at time zone 'UTC') + ahead * interval '1 month';
        from_epoch := extract(epoch from month);
        until_epoch := extract(epoch from month + interval '1 month');
        continue when exists (select from audit_partitions as known where known.table_name = parent
          and known.until_epoch_seconds > from_epoch
          and coalesce(known.from_epoch_seconds, from_epoch) < until_epoch);
        if edgepass_add_audit_partition(parent, from_epoch, until_epoch) then made := made + 1; end if;
      end loop;
    end loop;
    return made;
  end $$;

  -- For roles that may delete from the table; what triggers say of each row holds here of the newest possible one.
  create function edgepass_drop_audit_partition(partition text) returns void
  language plpgsql security definer set search_path = ${schema}, pg_temp set lock_timeout = '${LOCK_MILLISECONDS}ms' as $$
  declare
    known audit_partitions%rowtype;
  begin
    select * into known from audit_partitions where partition_name = partition and until_epoch_seconds is not null;
    if not found then
      raise exception '% is no partition of the audit log', partition using errcode = 'undefined_table';
    end if;
    -- session_user: inside of this function current_user is its owner.
    if not has_table_privilege(session_user, known.table_name, 'delete') then
      raise exception 'permission denied for table %', known.table_name using errcode = 'insufficient_privilege';
    end if;
    if known.until_epoch_seconds + (select seconds from audit_retention) > extract(epoch from now()) then
      raise exception '% is kept until its retention date', partition using errcode = 'restrict_violation';
    end if;
    execute format('drop table %I', partition);
  end $$;`;
