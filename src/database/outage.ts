import { setTimeout as wait } from 'node:timers/promises';
import { Problem } from '../http/problems/problem.js';
import type { ProblemCode } from '../http/problems/problem-codes.js';
import { PoolExhaustedError } from './postgres/postgres-pool.js';
import { errorCode } from '../operation/error-code.js';

/**
 * PostgreSQL took the whole statement or transaction back because another was in its way, and asks for it to
 * be run again: serialization failure and deadlock (SQLSTATE 40001 and 40P01 of its appendix A).
 */
const CONFLICTS: ReadonlySet<unknown> = new Set(['40001', '40P01']);

/** How often it is run again. */
const MOST_REPEATS = 3;

/** Two that conflicted must not do so again: each waits up to this long, twice that the next time, and so on. */
const LONGEST_FIRST_PAUSE_MILLISECONDS = 20;

/** A conflict may come after a long wait for a lock; a caller who waited this long gets an answer instead. */
const LATEST_REPEAT_MILLISECONDS = 500;

/**
 * Runs a query again, up to three times, where PostgreSQL took it back whole; nothing of it is then stored.
 * Anything else that fails may have been committed, and is never repeated.
 * @param query one statement or one transaction, from its beginning
 */
export async function repeatConflicts<T>(query: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  for (let repeats = 0; ; repeats++) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
      return await query();
    } catch (error) {
      const isLate = performance.now() - begin > LATEST_REPEAT_MILLISECONDS;
      if (!CONFLICTS.has(errorCode(error)) || repeats === MOST_REPEATS || isLate) throw error;
    }
    // oxlint-disable-next-line no-await-in-loop -- the pause between them
    await wait(Math.random() * LONGEST_FIRST_PAUSE_MILLISECONDS * 2 ** repeats);
  }
}

/** When a caller may try again after the database failed: long enough for a restart, short for a person. */
const RETRY_AFTER_SECONDS = 2;

/**
 * Makes of every failure of the database the 503 whose code says whose trouble it is.
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
    isLoggedByState: true,
  });
}
