import { setTimeout as wait } from 'node:timers/promises';

/**
 * PostgreSQL took the whole statement or transaction back because another was in its way, and asks for it to
 * be run again: serialization failure and deadlock (SQLSTATE 40001 and 40P01 of its appendix A).
 */
const CONFLICTS: ReadonlySet<unknown> = new Set(['40001', '40P01']);

/** How often it is run again. */
const MOST_REPEATS = 3;

/** Those who met must not meet again: each waits up to this long, twice that the next time, and so on. */
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
      const { code } = (error ?? {}) as { readonly code?: unknown };
      const isLate = performance.now() - begin > LATEST_REPEAT_MILLISECONDS;
      if (!CONFLICTS.has(code) || repeats === MOST_REPEATS || isLate) throw error;
    }
    // oxlint-disable-next-line no-await-in-loop -- the pause between them
    await wait(Math.random() * LONGEST_FIRST_PAUSE_MILLISECONDS * 2 ** repeats);
  }
}
