import type { Queries } from '../database/schema.js';
import { changeEvent, grantEvent, refusalEvent, type AuditEvent, type AuditKind } from './audit-event.js';

/** A page of the log, newest first; `afterId` is the last id of the page before. */
export interface AuditPage {
  readonly subject?: string;
  readonly afterId?: string;
  readonly limit: number;
}

/** A part of the log, oldest first; times in epoch seconds, `until` not included. */
export interface AuditRange {
  readonly kinds: readonly AuditKind[];
  readonly sinceEpochSeconds?: number;
  readonly untilEpochSeconds?: number;
}

/** Rows read at a time, so that an export of any length takes the memory of one batch of each kind. */
const BATCH_ROWS = 1_000;

/**
 * A row carries the time of its request and is committed later: a grant and a change after a few seconds at most (the
 * time limits of the database), the sum of a minute's refusals up to 90 s after its time (`RecordRefusals`). The rest is
 * for clocks of instances that differ.
 */
const LATEST_COMMIT_SECONDS = 120;

const USER = 'user:';

/** Grants, refusals and changes of entitlements are three tables and one log, in the order of their ids. */
export class AuditLog {
  constructor(private readonly queries: Queries) {}

  async page(page: AuditPage): Promise<readonly AuditEvent[]> {
    const viewer = page.subject?.startsWith(USER) ? page.subject.slice(USER.length) : null;
    const concernsViewers = page.subject === undefined || viewer !== null;
    const [grants, refusals, changes] = await Promise.all([
      concernsViewers ? this.#newestGrants(page, viewer) : [],
      concernsViewers ? this.#newestRefusals(page, viewer) : [],
      this.#newestChanges(page),
    ]);
    return [...grants, ...refusals, ...changes].toSorted((a, b) => byId(b, a)).slice(0, page.limit);
  }

  /**
   * The events of a range as far as all of its rows have been committed, and up to when that is: a range that begins
   * there misses no row and repeats none, whatever is being committed now.
   * @param nowEpochSeconds of the database's machine
   */
  completeRange(
    range: AuditRange,
    nowEpochSeconds: number,
    database: 'sqlite' | 'postgres',
  ): { readonly events: AsyncGenerator<AuditEvent, void, void>; readonly untilEpochSeconds: number } {
    const { sinceEpochSeconds = 0, untilEpochSeconds: asked = Number.MAX_SAFE_INTEGER } = range;
    // No service has an SQLite file that is being read: what was to be committed has been.
    const complete = nowEpochSeconds - (database === 'postgres' ? LATEST_COMMIT_SECONDS : 0);
    const untilEpochSeconds = Math.max(sinceEpochSeconds, Math.min(asked, complete));
    return { events: this.#range({ ...range, untilEpochSeconds }), untilEpochSeconds };
  }

  async *#range(range: AuditRange): AsyncGenerator<AuditEvent, void, void> {
    const sources = range.kinds.map((kind) => this.#batches(kind, range));
    const heads = await Promise.all(sources.map((source) => source.next()));
    for (;;) {
      let oldest = -1;
      for (const [index, head] of heads.entries()) {
        const other = heads[oldest];
        if (head.done === true) continue;
        if (other === undefined || other.done === true || byId(head.value, other.value) < 0) oldest = index;
      }
      const head = heads[oldest];
      const source = sources[oldest];
      if (head === undefined || source === undefined || head.done === true) return;
      yield head.value;
      heads[oldest] = await source.next();
    }
  }

  async *#batches(kind: AuditKind, range: AuditRange): AsyncGenerator<AuditEvent, void, void> {
    let afterId = '';
    for (;;) {
      const batch = await this.#batch(kind, range, afterId);
      yield* batch;
      const last = batch.at(-1);
      if (last === undefined || batch.length < BATCH_ROWS) return;
      afterId = last.id;
    }
  }

  async #batch(kind: AuditKind, range: AuditRange, afterId: string): Promise<readonly AuditEvent[]> {
    const since = range.sinceEpochSeconds ?? 0;
    const until = range.untilEpochSeconds ?? Number.MAX_SAFE_INTEGER;
    if (kind === 'grant') {
      const rows = this.queries.selectFrom('grants').selectAll().where('id', '>', afterId);
      const part = rows.where('issued_at', '>=', since).where('issued_at', '<', until);
      return (await part.orderBy('id').limit(BATCH_ROWS).execute()).map(grantEvent);
    }
    if (kind === 'refusal') {
      const rows = this.queries.selectFrom('refusals').selectAll().where('id', '>', afterId);
      const part = rows.where('refused_at', '>=', since).where('refused_at', '<', until);
      return (await part.orderBy('id').limit(BATCH_ROWS).execute()).map(refusalEvent);
    }
    const rows = this.queries.selectFrom('entitlement_changes').selectAll().where('id', '>', afterId);
    const part = rows.where('changed_at', '>=', since).where('changed_at', '<', until);
    return (await part.orderBy('id').limit(BATCH_ROWS).execute()).map(changeEvent);
  }

  async #newestGrants({ afterId, limit }: AuditPage, viewer: string | null) {
    let query = this.queries.selectFrom('grants').selectAll().orderBy('id', 'desc').limit(limit);
    if (viewer !== null) query = query.where('viewer_id', '=', viewer);
    if (afterId !== undefined) query = query.where('id', '<', afterId);
    return (await query.execute()).map(grantEvent);
  }

  async #newestRefusals({ afterId, limit }: AuditPage, viewer: string | null) {
    let query = this.queries.selectFrom('refusals').selectAll().orderBy('id', 'desc').limit(limit);
    if (viewer !== null) query = query.where('viewer_id', '=', viewer);
    if (afterId !== undefined) query = query.where('id', '<', afterId);
    return (await query.execute()).map(refusalEvent);
  }

  async #newestChanges({ subject, afterId, limit }: AuditPage) {
    let query = this.queries.selectFrom('entitlement_changes').selectAll().orderBy('id', 'desc').limit(limit);
    if (subject !== undefined) query = query.where('subject', '=', subject);
    if (afterId !== undefined) query = query.where('id', '<', afterId);
    return (await query.execute()).map(changeEvent);
  }
}

/** Ids are lower-case hexadecimal: both databases and JavaScript order them alike. */
function byId(a: AuditEvent, b: AuditEvent): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}
