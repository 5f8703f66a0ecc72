import type { Kysely } from 'kysely';

/**
 * One schema for SQLite and PostgreSQL: text ids, integer epoch seconds, no enums or booleans.
 * Bytes are compared as they are: no collation that folds case may ever touch a subject or a prefix.
 */
export interface Tables {
  entitlements: EntitlementRow;
  grants: GrantRow;
  entitlement_changes: EntitlementChangeRow;
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

/** The audit log of grants: append-only, one row for every cookie set that left. */
export interface GrantRow {
  id: string;
  viewer_id: string;
  prefix: string;
  resource: string;
  key_pair_id: string;
  entitlement_id: string;
  issued_at: number;
  expires_at: number;
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

export type Queries = Kysely<Tables>;
