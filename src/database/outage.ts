import { Problem } from '../http/problems/problem.js';
import type { ProblemCode } from '../http/problems/problem-codes.js';
import { PoolExhaustedError } from './postgres/postgres-pool.js';
import { repeatConflicts } from './repeat-conflicts.js';

/** When a caller may try again after the database failed: long enough for a restart, short for a person. */
const RETRY_AFTER_SECONDS = 2;

/**
 * Turns every failure of the database into the coded 503 that tells callers whose trouble it is.
 * Where only our own connections are all in use, that is our load and not an outage: `overloaded`.
 * What PostgreSQL took back whole because of a conflict is run again first ({@link repeatConflicts}).
 * A refusal that the query itself decided (a {@link Problem}) passes unchanged.
 */
export async function orUnavailable<T>(
  code: Extract<ProblemCode, 'database_unavailable' | 'audit_unavailable'>,
  query: () => Promise<T>,
): Promise<T> {
  try {
    return await repeatConflicts(query);
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (error instanceof PoolExhaustedError) {
      throw new Problem('overloaded', { retryAfterSeconds: 1, reason: 'no_connection_free', cause: error });
    }
    throw new Problem(code, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: error });
  }
}

/** The refusal of a database that is known not to be ready; the log says so once. */
export function databaseUnavailable(): Problem {
  return new Problem('database_unavailable', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    reason: 'not_ready',
    isTold: true,
  });
}
