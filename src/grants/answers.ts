import { toTimestamp } from '../operation/clock.js';
import type { Granted } from './grants.service.js';
import type { GrantRecord } from './ports.js';

/** One grant, as `GET /grants` lists it. */
export interface GrantAnswer {
  readonly id: string;
  readonly prefix: string;
  readonly resource: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
}

/** Answer of `GET /grants`. */
export interface GrantsAnswer {
  readonly grants: readonly GrantAnswer[];
}

/** Answer of `POST /grants`; the cookies travel in the headers. */
export interface GrantedAnswer {
  readonly id: string;
  /** What the cookies open: at least what was asked. */
  readonly prefix: string;
  readonly resource: string;
  readonly expiresAt: string;
  /** When to ask again, so that nothing stops. */
  readonly renewAfter: string;
  readonly keyPairId: string;
}

/** A grant for the list. */
export function grantAnswer(record: GrantRecord): GrantAnswer {
  return {
    id: record.id,
    prefix: record.prefix,
    resource: record.resource,
    issuedAt: toTimestamp(record.issuedAtEpochSeconds),
    expiresAt: toTimestamp(record.expiresAtEpochSeconds),
  };
}

/** A grant that has just been made. */
export function grantedAnswer({ record, renewAfterEpochSeconds }: Granted): GrantedAnswer {
  return {
    id: record.id,
    prefix: record.prefix,
    resource: record.resource,
    expiresAt: toTimestamp(record.expiresAtEpochSeconds),
    renewAfter: toTimestamp(renewAfterEpochSeconds),
    keyPairId: record.keyPairId,
  };
}
