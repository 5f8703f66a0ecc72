import { sql, type CompiledQuery, type QueryResult, type SelectQueryBuilder } from 'kysely';
import type { Viewer } from '../authentication/viewer.js';
import type { Prefix } from '../cloudfront/prefix.js';
import type { Database } from '../database/database.js';
import { orUnavailable } from '../database/outage.js';
import { PreparedQuery } from '../database/prepared-query.js';
import type { GrantRow, Tables } from '../database/schema.js';
import { MINIMUM_LIFE_SECONDS, type GrantLedger, type ProposedGrant } from './grant-ledger.js';
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

/** The ledger of the stand-alone service: entitlement check and audit row are one statement. */
export class AuditRepository<Asked extends object> implements GrantLedger {
  readonly #record: PreparedQuery<Asked & GrantRecord, GrantRow>;

  constructor(
    private readonly database: Database,
    private readonly rights: EntitlingQuery<Asked>,
  ) {
    this.#record = new PreparedQuery((places) => this.#insertIfEntitled(places));
  }

  /** @throws {Problem} `audit_unavailable` when the row could not be committed */
  async permitAndRecord(proposed: ProposedGrant): Promise<GrantRecord | null> {
    const { viewer, ...grant } = proposed;
    const asked = this.rights.askedOf(viewer, grant.prefix, grant.issuedAtEpochSeconds, MINIMUM_LIFE_SECONDS);
    const query = this.#record.with({ ...asked, ...grant, viewerId: viewer.id });
    const { rows } = await orUnavailable('audit_unavailable', () => this.#write(query));
    return rows[0] ? toRecord(rows[0]) : null;
  }

  /** A row that could not be written makes readiness find out whether any can. */
  async #write(query: CompiledQuery<GrantRow>): Promise<QueryResult<GrantRow>> {
    try {
      return await this.database.queries.executeQuery(query);
    } catch (error) {
      this.database.readiness.suspect();
      throw error;
    }
  }

  #insertIfEntitled(places: Asked & GrantRecord) {
    const text = (value: string) => sql<string>`cast(${value} as text)`;
    const seconds = (value: number) => sql<number>`cast(${value} as bigint)`;
    const wished = seconds(places.expiresAtEpochSeconds);
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
        'expires_at',
      ])
      .expression(
        this.rights
          .entitling(places)
          .select([
            text(places.id).as('id'),
            text(places.viewerId).as('viewer_id'),
            text(places.prefix).as('prefix'),
            text(places.resource).as('resource'),
            text(places.keyPairId).as('key_pair_id'),
            'entitlements.id as entitlement_id',
            seconds(places.issuedAtEpochSeconds).as('issued_at'),
            sql<number>`case when ends_at < ${wished} then ends_at else ${wished} end`.as('expires_at'),
          ]),
      )
      .returningAll();
  }

  readonly unexpired = async (viewer: Viewer, nowEpochSeconds: number): Promise<readonly GrantRecord[]> => {
    const rows = await orUnavailable('database_unavailable', () =>
      this.database.queries
        .selectFrom('grants')
        .selectAll()
        .where('viewer_id', '=', viewer.id)
        .where('expires_at', '>', nowEpochSeconds)
        .orderBy('id', 'desc')
        .limit(MOST_GRANTS_LISTED)
        .execute(),
    );
    return rows.map(toRecord);
  };
}

/** An answer stays bounded however often a viewer renews; the newest come first. */
const MOST_GRANTS_LISTED = 200;

function toRecord(row: GrantRow): GrantRecord {
  return {
    id: row.id,
    viewerId: row.viewer_id,
    prefix: row.prefix,
    resource: row.resource,
    keyPairId: row.key_pair_id,
    issuedAtEpochSeconds: row.issued_at,
    expiresAtEpochSeconds: row.expires_at,
  };
}
