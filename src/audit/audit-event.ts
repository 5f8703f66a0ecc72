import { toTimestamp } from '../operation/clock.js';
import type { EntitlementChangeRow, GrantRow, RefusalRow } from '../database/schema.js';

/** The kinds of rows of the audit log, as callers name them. */
export const AUDIT_KINDS = ['grant', 'refusal', 'entitlement'] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** One row of the audit log, as the admin call answers it and the export writes it. */
export interface AuditEvent {
  /** Ordered by time. */
  readonly id: string;
  readonly at: string;
  readonly kind: 'grant' | 'refusal' | 'entitlement_created' | 'entitlement_changed' | 'entitlement_deleted';
  /** Whom it is about: who was granted or refused, or who got or lost the right. */
  readonly subject?: string;
  readonly prefix?: string;
  /** Of a grant: what CloudFront lets through, as cookies or as a URL, signed by which key, until when. */
  readonly resource?: string;
  readonly issuedAs?: GrantRow['issued_as'];
  readonly keyPairId?: string;
  readonly expiresAt?: string;
  /** Of a grant and of a change: the entitlement behind it. */
  readonly entitlementId?: string;
  /** Of a change: the period, and the administrator. */
  readonly startsAt?: string;
  readonly endsAt?: string;
  readonly by?: string;
  /** Of a refusal: the code that was answered, and how often this row stands for it. */
  readonly code?: string;
  readonly count?: number;
}

export function grantEvent(row: GrantRow): AuditEvent {
  return {
    id: row.id,
    at: toTimestamp(row.issued_at),
    kind: 'grant',
    subject: `user:${row.viewer_id}`,
    prefix: row.prefix,
    resource: row.resource,
    issuedAs: row.issued_as,
    keyPairId: row.key_pair_id,
    expiresAt: toTimestamp(row.expires_at),
    entitlementId: row.entitlement_id,
  };
}

export function refusalEvent(row: RefusalRow): AuditEvent {
  return {
    id: row.id,
    at: toTimestamp(row.refused_at),
    kind: 'refusal',
    ...(row.viewer_id === null ? {} : { subject: `user:${row.viewer_id}` }),
    ...(row.prefix === null ? {} : { prefix: row.prefix }),
    code: row.code,
    count: row.count,
  };
}

export function changeEvent(row: EntitlementChangeRow): AuditEvent {
  return {
    id: row.id,
    at: toTimestamp(row.changed_at),
    kind: `entitlement_${row.change}`,
    subject: row.subject,
    prefix: row.prefix,
    ...(row.starts_at === null ? {} : { startsAt: toTimestamp(row.starts_at) }),
    ...(row.ends_at === null ? {} : { endsAt: toTimestamp(row.ends_at) }),
    entitlementId: row.entitlement_id,
    by: row.changed_by,
  };
}

/** Characters that JSON leaves as they are and that a terminal or an editor acts on: C1, line ends, bidirectional marks. */
const ACTED_ON = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One event as one line; nothing in it moves a cursor, ends the line or reverses the text. */
export function auditLine(event: AuditEvent): string {
  const text = JSON.stringify(event).replace(
    ACTED_ON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${text}\n`;
}
