import { sql, type CompiledQuery, type SelectQueryBuilder } from 'kysely';
import type { Viewer, Caller } from '../authentication/viewer.js';
import type { Prefix } from '../cloudfront/prefix.js';
import { type Database, orUnavailable, PreparedQuery } from '../database/database.js';
import { Problem } from '../http/problems/problem.js';
import type { GrantRow, Tables } from '../database/schema.js';
import {
  MINIMUM_LIFE_SECONDS,
  type GrantLedger,
  type ProposedGrant,
  type RecordedGrant,
} from './grant-ledger.js';
import type { GrantRecord } from './ports.js';

/**
 * Port 2 as a query over the entitlements of the same database: the one row that entitles this viewer.
 * Being a query, it becomes part of the statement that writes the audit row. `Asked` is what it is about,
 * kept apart from it because the text is made once and the values change.
 */
export interface EntitlingQuery<Asked extends object> {
  askedOf(viewer: Viewer, prefix: Prefix, nowEpochSeconds: number, minimumSeconds: number): Asked;
  entitling(asked: Asked): SelectQueryBuilder<Tables, 'entitlements', object>;
}

/** The window of the limit per viewer. */
const WINDOW_SECONDS = 60;

/** How far the clock of another instance may be ahead. An end lets PostgreSQL leave out the partitions of other months. */
const CLOCKS_DIFFER_SECONDS = 60;

/** What the statement counts the viewer's own rows by. */
interface Counted {
  readonly countedFromEpochSeconds: number;
  readonly countedUntilEpochSeconds: number;
}

/** What the statement gives where it has written a row: the right behind it may end sooner than was asked. */
type Ended = Pick<GrantRow, 'expires_at'>;

/**
 * The ledger of the stand-alone service: entitlement check, limit per viewer and audit row are one statement,
 * so that every instance counts the same rows. On PostgreSQL transactions that run at the same time do not see
 * each other's rows: a viewer may get as many more as there are instances, or, where a group of grants had to
 * be run one by one (`postgres-group-commit.ts`), connections.
 */
export class DatabaseGrantLedger<Asked extends object> implements GrantLedger {
  readonly #record: PreparedQuery<Asked & GrantRecord & Counted, Ended>;

  constructor(
    private readonly database: Database,
    private readonly rights: EntitlingQuery<Asked>,
    /** 0 is no limit. */
    private readonly grantsPerViewerAndMinute: number,
  ) {
    this.#record = new PreparedQuery((places) => this.#insertIfEntitled(places));
  }

  /** @throws {Problem} `audit_unavailable` when the row could not be committed, `rate_limited` over the limit */
  async permitAndRecord(proposed: ProposedGrant): Promise<RecordedGrant | null> {
    const { caller, issuedAtEpochSeconds } = proposed;
    const asked = this.rights.askedOf(
      caller.viewer,
      proposed.prefix,
      issuedAtEpochSeconds,
      MINIMUM_LIFE_SECONDS,
    );
    // Member by member: a copy of the rest of an object costs V8 several times as much.
    const record = {
      id: proposed.id,
      viewerId: caller.id,
      prefix: proposed.prefix,
      resource: proposed.resource,
      issuedAs: proposed.issuedAs,
      keyPairId: proposed.keyPairId,
      issuedAtEpochSeconds,
      expiresAtEpochSeconds: proposed.expiresAtEpochSeconds,
    };
    const query = this.#record.with({
      ...asked,
      ...record,
      countedFromEpochSeconds: issuedAtEpochSeconds - WINDOW_SECONDS,
      countedUntilEpochSeconds: issuedAtEpochSeconds + CLOCKS_DIFFER_SECONDS,
    });
    const row = await this.#write(query);
    if (row !== undefined) return { ...record, expiresAtEpochSeconds: row.expires_at };
    if (this.grantsPerViewerAndMinute > 0) await this.#refuseOverLimit(caller.id, issuedAtEpochSeconds);
    return null;
  }

  async wouldPermit({ viewer }: Caller, prefix: Prefix, nowEpochSeconds: number): Promise<boolean> {
    const asked = this.rights.askedOf(viewer, prefix, nowEpochSeconds, MINIMUM_LIFE_SECONDS);
    const row = await orUnavailable('database_unavailable', () =>
      this.rights.entitling(asked).select('entitlements.id').executeTakeFirst(),
    );
    return row !== undefined;
  }

  /** The statement does not say which of its conditions failed; only a caller who got nothing waits for this. */
  async #refuseOverLimit(viewerId: string, nowEpochSeconds: number): Promise<void> {
    const { count, eldest } = await orUnavailable('audit_unavailable', () =>
      this.database.queries
        .selectFrom('grants')
        .select(({ fn }) => [fn.countAll().as('count'), fn.min('issued_at').as('eldest')])
        .where('viewer_id', '=', viewerId)
        .where('expires_at', '>', nowEpochSeconds - WINDOW_SECONDS)
        .where('issued_at', '>', nowEpochSeconds - WINDOW_SECONDS)
        .where('issued_at', '<=', nowEpochSeconds + CLOCKS_DIFFER_SECONDS)
        .executeTakeFirstOrThrow(),
    );
    if (Number(count) < this.grantsPerViewerAndMinute) return;
    const retryAfterSeconds = Math.max(1, eldest + WINDOW_SECONDS - nowEpochSeconds);
    throw new Problem('rate_limited', { reason: 'viewer_limit', retryAfterSeconds });
  }

  /** A row that could not be written makes readiness find out whether any can. */
  async #write(query: CompiledQuery<Ended>): Promise<Ended | undefined> {
    try {
      const { rows } = await orUnavailable('audit_unavailable', () => this.database.record(query));
      return rows[0];
    } catch (error) {
      this.database.readiness.reportWriteFailure();
      throw error;
    }
  }

  #insertIfEntitled(places: Asked & GrantRecord & Counted) {
    const text = (value: string) => sql<string>`cast(${value} as text)`;
    const seconds = (value: number) => sql<number>`cast(${value} as bigint)`;
    const wished = seconds(places.expiresAtEpochSeconds);
    const from = seconds(places.countedFromEpochSeconds);
    const until = seconds(places.countedUntilEpochSeconds);
    // The index on viewer and end finds them: what was issued since then ends later still.
    const recent = sql<number>`(select count(*) from grants as recent
      where recent.viewer_id = ${text(places.viewerId)} and recent.expires_at > ${from}
        and recent.issued_at > ${from} and recent.issued_at <= ${until})`;
    return this.database.queries
      .insertInto('grants')
      .columns([
        'id',
        'viewer_id',
        'prefix',
        'resource',
        'key_pair_id',
        'entitlement_id',
        'issued_at',
        'issued_as',
        'expires_at',
      ])
      .expression(
        this.rights
          .entitling(places)
          .$if(this.grantsPerViewerAndMinute > 0, (rows) =>
            rows.where(recent, '<', this.grantsPerViewerAndMinute),
          )
          .select([
            text(places.id).as('id'),
            text(places.viewerId).as('viewer_id'),
            text(places.prefix).as('prefix'),
            text(places.resource).as('resource'),
            text(places.keyPairId).as('key_pair_id'),
            'entitlements.id as entitlement_id',
            seconds(places.issuedAtEpochSeconds).as('issued_at'),
            text(places.issuedAs).as('issued_as'),
            sql<number>`case when ends_at < ${wished} then ends_at else ${wished} end`.as('expires_at'),
          ]),
      )
      .returning('expires_at');
  }

  async unexpired(
    caller: Caller,
    nowEpochSeconds: number,
    issuedAs?: GrantRecord['issuedAs'],
  ): Promise<readonly GrantRecord[]> {
    const rows = await orUnavailable('database_unavailable', () =>
      this.database.queries
        .selectFrom('grants')
        .selectAll()
        .where('viewer_id', '=', caller.id)
        .where('expires_at', '>', nowEpochSeconds)
        .where('issued_as', 'in', issuedAs === undefined ? ['cookies', 'url'] : [issuedAs])
        .orderBy('id', 'desc')
        .limit(MOST_GRANTS_LISTED)
        .execute(),
    );
    return rows.map(toRecord);
  }
}

/** An answer stays bounded however often a viewer renews; the newest come first. */
const MOST_GRANTS_LISTED = 200;

function toRecord(row: GrantRow): GrantRecord {
  return {
    id: row.id,
    viewerId: row.viewer_id,
    prefix: row.prefix,
    resource: row.resource,
    issuedAs: row.issued_as,
    keyPairId: row.key_pair_id,
    issuedAtEpochSeconds: row.issued_at,
    expiresAtEpochSeconds: row.expires_at,
  };
}
