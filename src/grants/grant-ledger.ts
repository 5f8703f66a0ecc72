import type { Viewer } from '../authentication/viewer.js';
import type { GrantRecord, MayOpen, RecordGrant } from './ports.js';

/** A grant with a shorter life than this is refused: it would be over before the first file is open. */
export const MINIMUM_LIFE_SECONDS = 10;

/** A grant as it is asked for: `expiresAtEpochSeconds` is the wish, which the right behind it may shorten. */
export interface ProposedGrant extends Omit<GrantRecord, 'viewerId'> {
  readonly viewer: Viewer;
}

/**
 * Ports 2 and 3 as one question, because the answer must be one: is this permitted, and is it recorded?
 * The stand-alone service answers with one statement of its database (`audit.repository.ts`).
 */
export interface GrantLedger {
  /** Resolves with the durable record, its expiry shortened to the right behind it; `null` = not entitled. */
  permitAndRecord(proposed: ProposedGrant): Promise<GrantRecord | null>;
  /** The viewer's unexpired grants; absent where nobody can list them. */
  readonly unexpired?: (viewer: Viewer, nowEpochSeconds: number) => Promise<readonly GrantRecord[]>;
}

/** A host application's two ports as one ledger: first the permission, then the record. */
export function hostLedger(rights: MayOpen, records: RecordGrant): GrantLedger {
  return {
    async permitAndRecord({ viewer, ...proposed }) {
      const permission = await rights.mayOpen(viewer, proposed.prefix);
      if (!permission) return null;
      const expiresAtEpochSeconds = earlier(proposed.expiresAtEpochSeconds, permission.untilEpochSeconds);
      if (expiresAtEpochSeconds - proposed.issuedAtEpochSeconds < MINIMUM_LIFE_SECONDS) return null;
      const record = { ...proposed, viewerId: viewer.id, expiresAtEpochSeconds };
      await records.record(record);
      return record;
    },
    ...(records.unexpired ? { unexpired: records.unexpired.bind(records) } : {}),
  };
}

function earlier(wished: number, until: number | null): number {
  if (until === null) return wished;
  if (!Number.isFinite(until)) {
    throw new TypeError('mayOpen() must give untilEpochSeconds as a finite number of seconds, or null');
  }
  return Math.min(wished, Math.floor(until));
}
