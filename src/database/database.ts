import { setTimeout as wait } from 'node:timers/promises';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { Compilable, CompiledQuery } from 'kysely';
import type { ProblemCode } from '../http/problems/problem-codes.js';
import { Problem } from '../http/problems/problem.js';
import { errorCode } from '../operation/error-code.js';
import { codeOf, type DatabaseOpenError } from './database-open-error.js';
import type { DialectName } from './dialect-fragments.js';
import { explainPostgres, postgresProblem } from './postgres/postgres.js';
import { PoolExhaustedError } from './postgres/postgres-pool.js';
import type { Readiness } from './readiness.js';
import type { Queries } from './schema.js';

/** How long a PostgreSQL may take to end its connections, in milliseconds. */
const CLOSE_MILLISECONDS = 1_000;

/** Runs single statements durably, those that wait at the same time together. */
export interface Groups {
  run<R>(query: CompiledQuery<R>): Promise<{ readonly rows: R[] }>;
  close(): Promise<void>;
}

/** An open database. Its schema is current once it has been ready. */
export class Database implements OnApplicationShutdown {
  constructor(
    readonly queries: Queries,
    readonly dialect: DialectName,
    readonly readiness: Readiness,
    private readonly groups: Groups,
    /** The host and port of a PostgreSQL, for the log; `null` where it is a file. */
    readonly host: string | null = null,
    private readonly closeProbe: () => void = () => undefined,
  ) {}

  /** Runs one statement durably, together with those that wait at the same time: one flush for all of them. */
  record<R>(query: CompiledQuery<R>): Promise<{ readonly rows: R[] }> {
    return this.groups.run(query);
  }

  /** For a start that cannot do without it: why it is not ready, in a line for the operator. */
  get notReady(): DatabaseOpenError {
    return postgresProblem(this.readiness.lastError ?? new Error('no answer'), this.host ?? 'the file');
  }

  /** Why it is not ready, for the log: the reason, of a PostgreSQL also the host, and what helps where that is known. */
  explain(error: unknown): object {
    return this.host === null ? { reason: codeOf(error) } : explainPostgres(error, this.host);
  }

  /** After the last answer: open connections are needed until then. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  async close(): Promise<void> {
    this.closeProbe();
    await this.readiness.stop();
    this.closeProbe();
    const closing = Promise.all([this.groups.close(), this.queries.destroy()]);
    // A file closes at once; a PostgreSQL that does not answer must not hold the process.
    await (this.dialect === 'sqlite' ? closing : Promise.race([closing, closeTimeout()]));
  }
}

/** Does not hold the process by itself. */
function closeTimeout(): Promise<void> {
  return wait(CLOSE_MILLISECONDS, undefined, { ref: false });
}

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

/** Stands where a value goes while the text is made. */
class Place {
  constructor(
    readonly name: string,
    /** Its place in a list; `null` for a single value. */
    readonly index: number | null,
  ) {}
}

/** More than the lengths that occur together; each text takes about a kilobyte. */
const REMEMBERED_TEXTS = 256;

/**
 * A query about single values and lists, whose text is made once for each combination of list lengths
 * instead of once for each call.
 * The function handed in builds it with kysely from places that stand for the values; it must pass them
 * on as parameters and not look at them.
 */
export class PreparedQuery<V extends object, Row> {
  readonly #texts = new Map<string, CompiledQuery<Row>>();

  constructor(private readonly build: (places: V) => Compilable<Row>) {}

  /** The query with these values, to be given to kysely's `executeQuery`. */
  with(values: V): CompiledQuery<Row> {
    const text = this.#textFor(values);
    return { ...text, parameters: text.parameters.map((parameter) => valueOf(parameter, values)) };
  }

  #textFor(values: V): CompiledQuery<Row> {
    let shape = '';
    // Not with map() and join(): this is asked for every grant.
    for (const value of Object.values(values)) shape += Array.isArray(value) ? `${value.length},` : ',';
    const known = this.#texts.get(shape);
    if (known !== undefined) return known;
    const text = this.build(placesFor(values)).compile();
    this.#texts.set(shape, text);
    if (this.#texts.size > REMEMBERED_TEXTS) this.#texts.delete(this.#texts.keys().next().value ?? '');
    return text;
  }
}

function placesFor<V extends object>(values: V): V {
  const places = Object.entries(values).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map((_, index) => new Place(name, index)) : new Place(name, null),
  ]);
  return Object.fromEntries(places) as V;
}

function valueOf(parameter: unknown, values: object): unknown {
  if (!(parameter instanceof Place)) return parameter;
  const value = (values as Readonly<Record<string, unknown>>)[parameter.name];
  return parameter.index === null ? value : (value as readonly unknown[])[parameter.index];
}
