import { HttpException } from '@nestjs/common';
import type { Prefix } from '../cloudfront/prefix.js';
import { Problem } from '../http/problems/problem.js';
import type { Caller } from '../authentication/viewer.js';
import { askPort, PortTimeoutError, type GrantRecord, type MayOpen, type RecordGrant } from './ports.js';

/**
 * A grant whose right ends sooner than this is refused: it would be over before the first file is open. Less than
 * anybody may ask for (`MIN_TTL_SECONDS`), because the end of a right shortens what was asked.
 */
export const MINIMUM_LIFE_SECONDS = 10;

/** A grant as it is asked for: `expiresAtEpochSeconds` is the wish, which the right behind it may shorten. */
export interface ProposedGrant extends Omit<GrantRecord, 'viewerId'> {
  readonly caller: Caller;
  readonly prefix: Prefix;
}

/** A grant that has been recorded durably, for the prefix that was proposed. */
export interface RecordedGrant extends GrantRecord {
  readonly prefix: Prefix;
}

/**
 * Ports 2 and 3 as one question, because the answer must be one: is this permitted, and is it recorded?
 * The stand-alone service answers with one statement of its database (`database-grant-ledger.ts`).
 */
export interface GrantLedger {
  /** Resolves with the durable record, its expiry shortened to the right behind it; `null` = not entitled. */
  permitAndRecord(proposed: ProposedGrant): Promise<RecordedGrant | null>;
  /** Whether such a grant would be permitted now; nothing is recorded. Only a refusal asks, to say why. */
  wouldPermit(caller: Caller, prefix: Prefix, nowEpochSeconds: number): Promise<boolean>;
  /**
   * The viewer's unexpired grants, newest first; `null` where nobody can list them.
   * @param issuedAs only those; all of them if absent
   */
  unexpired(
    caller: Caller,
    nowEpochSeconds: number,
    issuedAs?: GrantRecord['issuedAs'],
  ): Promise<readonly GrantRecord[] | null>;
}

/**
 * A host application's two ports as one ledger: first the permission, then the record. What is signed is our
 * own record, made from what `mayOpen` allowed; the port gets a frozen copy of it.
 * @param timeoutMilliseconds how long each call of a port may take
 * @throws {TypeError} at start, for a provider that is not the port it was named for
 */
export function hostLedger(rights: MayOpen, records: RecordGrant, timeoutMilliseconds: number): GrantLedger {
  assertPort('mayOpen', rights, 'mayOpen(viewer, prefix)');
  assertPort('record', records, 'record(grant)');
  const unexpired = records.unexpired?.bind(records);
  return {
    async permitAndRecord({ caller, ...proposed }) {
      const permission = await readFromPort('mayOpen', timeoutMilliseconds, () =>
        rights.mayOpen(caller.viewer, proposed.prefix),
      );
      if (!permission) return null;
      const expiresAtEpochSeconds = earlier(proposed.expiresAtEpochSeconds, permission.untilEpochSeconds);
      if (expiresAtEpochSeconds - proposed.issuedAtEpochSeconds < MINIMUM_LIFE_SECONDS) return null;
      const record = { ...proposed, viewerId: caller.id, expiresAtEpochSeconds };
      await recordOrRefuse(records, Object.freeze({ ...record }), timeoutMilliseconds);
      return record;
    },
    async wouldPermit(caller, prefix, nowEpochSeconds) {
      const ask = () => rights.mayOpen(caller.viewer, prefix);
      const permission = await readFromPort('mayOpen', timeoutMilliseconds, ask);
      if (!permission) return false;
      return earlier(Infinity, permission.untilEpochSeconds) - nowEpochSeconds >= MINIMUM_LIFE_SECONDS;
    },
    async unexpired({ viewer }, nowEpochSeconds, issuedAs) {
      if (unexpired === undefined) return null;
      const ask = () => unexpired(viewer, nowEpochSeconds);
      const stored = await readFromPort('unexpired', timeoutMilliseconds, ask);
      const records = stored.map((record): GrantRecord => ({ issuedAs: 'cookies', ...record }));
      return issuedAs === undefined ? records : records.filter((record) => record.issuedAs === issuedAs);
    },
  };
}

/**
 * Asks a port that only reads. Past the deadline the caller is answered as when the database of the
 * stand-alone service does not answer.
 * @throws {Problem} `database_unavailable` past the deadline; else what the port throws
 */
export async function readFromPort<Answer>(
  port: 'read' | 'identify' | 'mayOpen' | 'unexpired',
  timeoutMilliseconds: number,
  ask: () => Answer | Promise<Answer>,
): Promise<Answer> {
  try {
    return await askPort(port, timeoutMilliseconds, ask);
  } catch (error) {
    if (!(error instanceof PortTimeoutError)) throw error;
    throw new Problem('database_unavailable', { cause: error, reason: `port_timeout_${port}` });
  }
}

/** A token can name anything: a wrong one must stop the start and not the first caller. */
function assertPort(port: 'mayOpen' | 'record', provider: unknown, method: string): void {
  const isObject = typeof provider === 'object' && provider !== null;
  if (isObject && typeof (provider as Record<string, unknown>)[port] === 'function') return;
  throw new TypeError(`GrantsModule: expected the provider of the port \`${port}\` to have ${method}`);
}

/** A `Problem` or `HttpException` of the host is answered as it is; anything else is our 503. */
async function recordOrRefuse(
  records: RecordGrant,
  record: GrantRecord,
  timeoutMilliseconds: number,
): Promise<void> {
  try {
    await askPort('record', timeoutMilliseconds, () => records.record(record));
  } catch (error) {
    if (error instanceof Problem || error instanceof HttpException) throw error;
    const reason = error instanceof PortTimeoutError ? 'port_timeout_record' : 'record_rejected';
    throw new Problem('audit_unavailable', { cause: error, reason });
  }
}

/** A date in milliseconds, read as seconds, would be a right for ever (this is the year 5138). */
const SOONEST_MILLISECONDS = 100_000_000_000;

function earlier(wished: number, until: number | null): number {
  if (until === null) return wished;
  if (!Number.isFinite(until) || until >= SOONEST_MILLISECONDS) {
    throw new TypeError(
      'mayOpen() must give untilEpochSeconds as a number of seconds (not milliseconds), or null',
    );
  }
  return Math.min(wished, Math.floor(until));
}
