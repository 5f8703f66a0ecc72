import type { Generated, Kysely } from 'kysely';

/**
 * One schema for SQLite and PostgreSQL: text ids, integer epoch seconds, no enums or booleans.
 * Bytes are compared as they are: no collation that folds case may ever touch a subject or a prefix.
 */
export interface Tables {
  entitlements: EntitlementRow;
  grants: GrantTable;
  entitlement_changes: EntitlementChangeRow;
  refusals: RefusalRow;
  audit_retention: AuditRetentionRow;
  write_probe: WriteProbeRow;
}

export interface EntitlementRow {
  id: string;
  subject: string;
  prefix: string;
  starts_at: number | null;
  ends_at: number | null;
  given_by: string;
  given_at: number;
}

/** What left: the cookies of a prefix, or one signed URL. */
export type IssuedAs = 'cookies' | 'url';

/** The audit log of grants: append-only, one row for every cookie set and every signed URL that left. */
export interface GrantRow {
  id: string;
  viewer_id: string;
  prefix: string;
  resource: string;
  key_pair_id: string;
  entitlement_id: string;
  issued_at: number;
  expires_at: number;
  issued_as: IssuedAs;
}

/** An instance of the version before, which may run beside this one, leaves `issued_as` out: then it is `cookies`. */
interface GrantTable extends Omit<GrantRow, 'issued_as'> {
  issued_as: Generated<IssuedAs>;
}

/** The audit log of what administrators did: append-only. */
export interface EntitlementChangeRow {
  id: string;
  entitlement_id: string;
  change: 'created' | 'changed' | 'deleted';
  subject: string;
  prefix: string;
  starts_at: number | null;
  ends_at: number | null;
  changed_by: string;
  changed_at: number;
}

/**
 * The audit log of refusals: append-only. The first of a viewer and code in a minute has a row of its own;
 * the rest of that minute share one, so that no caller fills the disk by asking.
 */
export interface RefusalRow {
  id: string;
  /** `null` where the refusals of several viewers share the row: more were refused than are counted separately. */
  viewer_id: string | null;
  code: string;
  /** What was asked for; `null` where nothing canonical was, or where several refusals share the row. */
  prefix: string | null;
  count: number;
  refused_at: number;
}

/** How long rows of the audit log are kept at least: one row, which only grows. */
export interface AuditRetentionRow {
  id: number;
  seconds: number;
}

/** Shows readiness whether writes succeed again after one failed: one row that means nothing. */
export interface WriteProbeRow {
  id: number;
  filler: string;
}

export type Queries = Kysely<Tables>;
