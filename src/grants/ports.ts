import type { CanActivate, Type } from '@nestjs/common';
import type { Viewer } from '../authentication/viewer.js';
import type { Prefix } from '../cloudfront/prefix.js';

/**
 * The three questions that `grants/` asks and does not answer itself. The stand-alone service answers them
 * with its own tables, a host application with its own sign-in, roles and audit trail.
 */

/** Port 1, who is the viewer: the host's guard decides who gets in, and `read` says who that is. */
export interface ViewerPort {
  /** Guards of the grant routes; each refuses the way the host refuses everywhere else. */
  readonly guards: readonly (Type<CanActivate> | CanActivate)[];
  /**
   * Reads what the guard has established from the request; `null` = nobody is signed in (401). A host
   * writes its own request type, and may give more than a viewer: `mayOpen` gets the same object. The id is
   * a non-empty string of at most 256 bytes without control characters, and is read once.
   */
  read(request: unknown): Viewer | null | Promise<Viewer | null>;
  /**
   * Who calls `DELETE /grants`, which passes no guard, so that leaving works without a session too. With it,
   * what is on record for that viewer is cleared beside what the browser says that it holds: a grant whose
   * answer is on its way at that moment. Verify what you read; `null` = nobody knows. A rejection counts as that.
   */
  identify?(request: unknown): Viewer | null | Promise<Viewer | null>;
}

/** What the grant routes need of port 1; the guards stand before them. */
export type ReadViewer = ViewerPort['read'];

/** Port 2, may this viewer open this prefix, and until when? */
export interface MayOpen {
  /**
   * @param prefix canonical, or `/` for the whole distribution; `ancestorsOf(prefix)` are the prefixes that
   *   cover it, to be looked up by equality
   * @returns `null` when not; else when the right ends in epoch seconds, `null` inside for a right without end
   */
  mayOpen(viewer: Viewer, prefix: Prefix): Promise<Permission | null>;
}

/** A right, and its end. */
export interface Permission {
  readonly untilEpochSeconds: number | null;
}

/** Port 3, record this grant. */
export interface RecordGrant {
  /**
   * Resolves only when the record is durable: no cookie leaves before, and none when it rejects. The caller
   * is then answered `audit_unavailable`, unless it rejects with a `Problem` or an `HttpException`.
   * @param grant a frozen copy: an ORM that writes into what it saves needs `{ ...grant }`. The policy is
   *   signed from what `mayOpen` allowed, whatever happens to this object
   */
  record(grant: GrantRecord): Promise<void>;
  /**
   * The viewer's unexpired grants for `GET /grants`; a host without it answers `not_found`. A record without
   * `issuedAs`, as an earlier edgepass gave it, counts as `cookies`.
   */
  unexpired?(viewer: Viewer, nowEpochSeconds: number): Promise<readonly StoredGrant[]>;
}

/** One grant as it stands in the audit log. */
export interface GrantRecord {
  readonly id: string;
  readonly viewerId: string;
  /** What was opened: a folder, or of a signed URL of one file its path. */
  readonly prefix: string;
  /** The Resource of the policy: `https://cdn.example.com/courses/algebra/*`, or the address of one file. */
  readonly resource: string;
  /** Cookies stay in the browser that asked; a signed URL works for everybody who has it. */
  readonly issuedAs: 'cookies' | 'url';
  readonly keyPairId: string;
  readonly issuedAtEpochSeconds: number;
  readonly expiresAtEpochSeconds: number;
}

/** A {@link GrantRecord} as the host has stored it. */
export type StoredGrant = Omit<GrantRecord, 'issuedAs'> & Partial<Pick<GrantRecord, 'issuedAs'>>;

/** A port did not answer in time. What it answers later is not heard. */
export class PortTimeoutError extends Error {
  override readonly name = 'PortTimeoutError';
}

/**
 * Asks a port of the host and waits for its answer no longer than the deadline.
 * @param port for the message: `mayOpen(viewer, prefix)`
 * @param timeoutMilliseconds at most 2,147,483,647: `setTimeout` takes a longer one for 1
 * @throws {PortTimeoutError} past the deadline; else what the port throws or rejects with
 */
export async function askPort<Answer>(
  port: string,
  timeoutMilliseconds: number,
  ask: () => Answer | Promise<Answer>,
): Promise<Answer> {
  const answer = ask();
  // A port that answers at once needs no timer.
  if (!isThenable(answer)) return answer;
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new PortTimeoutError(`${port} did not settle within ${timeoutMilliseconds} ms`)),
      timeoutMilliseconds,
    );
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function isThenable<Answer>(answer: Answer | Promise<Answer>): answer is Promise<Answer> {
  return typeof answer === 'object' && answer !== null && 'then' in answer;
}
