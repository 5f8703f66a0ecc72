/** What `POST /grants` answers. Times are ISO 8601 in UTC; the cookies themselves stay out of reach of the page. */
export interface Grant {
  readonly id: string;
  /** What was opened: the prefix asked for, or the wider live one that already covers it. */
  readonly prefix: string;
  readonly resource: string;
  readonly expiresAt: string;
  readonly renewAfter: string;
  readonly keyPairId: string;
}

/** One unexpired grant of the caller, from the audit record. */
export interface GrantRecord {
  readonly id: string;
  readonly prefix: string;
  readonly resource: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
}

/** Something the caller may open; `applies: false` says in `reason` why a row does not fit this caller. */
export interface Entitlement {
  readonly subject: string;
  readonly prefix: string;
  readonly startsAt?: string;
  readonly endsAt?: string;
  readonly applies: boolean;
  /** The prefix with `{user}` filled in. */
  readonly opens?: string;
  readonly reason?: string;
}
