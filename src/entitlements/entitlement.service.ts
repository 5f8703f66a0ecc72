import { uuidv7 as timeOrderedId } from 'uuidv7';
import { isUuid } from '../http/request-id.js';
import type { Viewer } from '../authentication/viewer.js';
import { toTimestamp, type Clock } from '../operation/clock.js';
import { orUnavailable } from '../database/database.js';
import { Problem } from '../http/problems/problem.js';
import { openedPrefix, whyNothingOpened, type Entitlement } from './entitlement.js';
import type { EntitlementFilter, EntitlementRepository, OpenGrants } from './entitlement.repository.js';

/** What an administrator gives: a subject may open a prefix, in a period that may be open at both ends. */
export interface EntitlementOrder {
  readonly subject: string;
  readonly prefix: string;
  readonly startsAtEpochSeconds: number | null;
  readonly endsAtEpochSeconds: number | null;
}

/** One entitlement as its viewer sees it. */
export interface ViewerEntitlement {
  readonly entitlement: Entitlement;
  /** What it opens for this viewer; `null` where that is no prefix, as with an id that `{user}` cannot stand for. */
  readonly opens: string | null;
  /** Why it opens nothing now, in words; `null` when it does. */
  readonly reason: string | null;
}

export class EntitlementService {
  constructor(
    private readonly repository: EntitlementRepository,
    private readonly clock: Clock,
  ) {}

  /** What the viewer may open, and why a row does not apply to them. */
  async ofViewer(viewer: Viewer): Promise<readonly ViewerEntitlement[]> {
    const now = this.clock.nowEpochSeconds();
    const entitlements = await orUnavailable('database_unavailable', () => this.repository.ofViewer(viewer));
    return entitlements.map((entitlement) => {
      const opens = openedPrefix(entitlement.prefix, viewer);
      const reason =
        opens === null ? whyNothingOpened(entitlement.prefix, viewer) : whyNotNow(entitlement, now);
      return { entitlement, opens, reason };
    });
  }

  async page(filter: EntitlementFilter): Promise<readonly Entitlement[]> {
    return orUnavailable('database_unavailable', () => this.repository.page(filter));
  }

  /** Gives or changes a right; both are recorded with who did it. */
  async put(
    order: EntitlementOrder,
    by: Viewer,
  ): Promise<{ readonly id: string; readonly created: boolean }> {
    return orUnavailable('database_unavailable', () =>
      this.repository.put({
        ...order,
        id: timeOrderedId(),
        changeId: timeOrderedId(),
        changedBy: by.id,
        changedAtEpochSeconds: this.clock.nowEpochSeconds(),
      }),
    );
  }

  /**
   * Takes a right away; final for every grant that begins after this resolves.
   * @returns the grants made under it that still live: their cookies cannot be called back
   * @throws {Problem} `not_found`
   */
  async delete(id: string, by: Viewer): Promise<OpenGrants> {
    const change = {
      changeId: timeOrderedId(),
      changedBy: by.id,
      changedAtEpochSeconds: this.clock.nowEpochSeconds(),
    };
    // What is no id of ours is not looked up: on some texts (a NUL) PostgreSQL fails instead of finding nothing.
    const open = isUuid(id)
      ? await orUnavailable('database_unavailable', () => this.repository.delete(id, change))
      : null;
    if (!open) throw new Problem('not_found', { detail: 'There is no entitlement with this id.' });
    return open;
  }
}

function whyNotNow(entitlement: Entitlement, now: number): string | null {
  if (entitlement.startsAtEpochSeconds !== null && now < entitlement.startsAtEpochSeconds) {
    return `It starts at ${toTimestamp(entitlement.startsAtEpochSeconds)}.`;
  }
  if (entitlement.endsAtEpochSeconds !== null && now >= entitlement.endsAtEpochSeconds) {
    return `It ended at ${toTimestamp(entitlement.endsAtEpochSeconds)}.`;
  }
  return null;
}
