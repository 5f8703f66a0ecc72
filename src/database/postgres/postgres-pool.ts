import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type { Pool, PoolClient } from 'pg';

/** Called for each connection that PostgreSQL or the network ended. */
export type OnConnectionLost = (error: Error) => void;

/** How much later than PostgreSQL's own `statement_timeout` we give up: where it answers, its answer counts. */
export const HEAD_START_MILLISECONDS = 150;

/** No connection became free in time although PostgreSQL was answering others: there are too many of us. */
export class PoolExhaustedError extends Error {
  override readonly name = 'PoolExhaustedError';
}

/**
 * pg's pool as kysely uses it, with the two things that pg leaves to its users: a connection that breaks in
 * the middle of a statement is reported instead of ending the process, and one on which PostgreSQL no
 * longer answers (a cut line, a frozen machine) is given up instead of being waited for.
 */
export class BoundedPool implements PostgresPool {
  readonly options: object;
  readonly #pool: Pool;
  readonly #waitMilliseconds: number;
  #answers = 0;

  constructor(pool: Pool, statementMilliseconds: number, onConnectionLost: OnConnectionLost) {
    this.#pool = pool;
    this.options = pool.options;
    this.#waitMilliseconds = statementMilliseconds + HEAD_START_MILLISECONDS;
    // Each client reports for itself, idle or in use. The pool repeats the idle ones: without a listener that would end the process.
    pool.on('connect', (client) => client.on('error', onConnectionLost));
    pool.on('error', () => undefined);
  }

  async connect(): Promise<PostgresPoolClient> {
    const answersBefore = this.#answers;
    try {
      const client = await this.#pool.connect();
      return new BoundedClient(client, this.#waitMilliseconds, () => (this.#answers += 1));
    } catch (error) {
      if (this.#answers === answersBefore) throw error;
      throw new PoolExhaustedError('no connection became free', { cause: error });
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

class BoundedClient implements PostgresPoolClient {
  constructor(
    private readonly client: PoolClient,
    private readonly waitMilliseconds: number,
    private readonly onAnswer: () => void,
  ) {}

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(
    sql: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof sql !== 'string') throw new Error('no query of edgepass is streamed');
    return this.#answer<R>(sql, parameters);
  }

  release(destroy?: boolean): void {
    this.client.release(destroy);
  }

  async #answer<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    // end() breaks a connection off on which a statement runs; the statement rejects, the pool forgets it.
    const timer = setTimeout(() => void this.client.end(), this.waitMilliseconds);
    try {
      const answer = await this.client.query(sql, [...parameters]);
      this.onAnswer();
      return answer as unknown as PostgresQueryResult<R>;
    } finally {
      clearTimeout(timer);
    }
  }
}
