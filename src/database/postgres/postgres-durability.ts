/** What decides when PostgreSQL says that a transaction is committed. */
export interface CommitSettings {
  readonly synchronous_commit: string;
  readonly synchronous_standby_names: string;
}

/** The query for {@link CommitSettings}. */
export const COMMIT_SETTINGS = `
  select current_setting('synchronous_commit') as synchronous_commit,
         current_setting('synchronous_standby_names') as synchronous_standby_names`;

/** Called when a PostgreSQL that was connected to can forget what it said was committed; the words are for the log. */
export type OnWeakDurability = (warning: object) => void;

/**
 * The line for the operator; `null` where an answered grant outlives what it can (PostgreSQL's documentation of
 * `synchronous_commit`): with `off` nothing was flushed, with `local` the synchronous standby was not waited for.
 */
export function durabilityWarning(settings: CommitSettings): object | null {
  const { synchronous_commit, synchronous_standby_names } = settings;
  const isFlushed = synchronous_commit !== 'off';
  const waitsForStandby = synchronous_commit !== 'local' || synchronous_standby_names.trim() === '';
  if (isFlushed && waitsForStandby) return null;
  return {
    msg: isFlushed
      ? 'PostgreSQL does not wait for its synchronous standby: a failover can lose audit rows whose cookies are out'
      : 'PostgreSQL answers before a grant is on its disk: a crash can lose audit rows whose cookies are out',
    synchronous_commit,
    todo: 'set synchronous_commit = on, for this user with ALTER ROLE … SET',
  };
}
