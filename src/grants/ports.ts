import type { Viewer } from '../authentication/viewer.js';

/**
 * The three questions that `grants/` asks and does not answer itself. The stand-alone service answers
 * them with its own rooms, a host application with its own sign-in, roles and audit trail.
 */

/** Port 1, who is the viewer: reads what the host's guard has established. `null` = nobody is signed in. */
export type ReadViewer = (request: unknown) => Viewer | null;

/** Port 2, may this viewer open this prefix, and until when? */
export interface MayOpen {
  /**
   * @param prefix canonical, or `/`
   * @returns `null` when not; else the end of the right in epoch seconds, or `null` inside when it has none
   */
  mayOpen(viewer: Viewer, prefix: string): Promise<{ readonly untilEpochSeconds: number | null } | null>;
}

/** Port 3, record this grant. Resolves only when the record is durable: no cookie leaves before. */
export interface RecordGrant {
  record(grant: GrantRecord): Promise<void>;
  /** The viewer's unexpired grants, for `GET /grants`; without it that route does not exist. */
  unexpired?(viewer: Viewer, nowEpochSeconds: number): Promise<readonly GrantRecord[]>;
}

/** One grant as it stands in the audit log. */
export interface GrantRecord {
  readonly id: string;
  readonly viewerId: string;
  readonly prefix: string;
  /** The Resource of the policy: `https://cdn.example.com/courses/algebra/*`. */
  readonly resource: string;
  readonly keyPairId: string;
  readonly issuedAtEpochSeconds: number;
  readonly expiresAtEpochSeconds: number;
}
