import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type { Pool, PoolClient } from 'pg';

/** Hears of each connection that PostgreSQL or the network took away. */
export type OnConnectionLost = (error: Error) => void;

/** How much later than PostgreSQL's own `statement_timeout` we give up: where it answers, its answer counts. */
const HEAD_START_MILLISECONDS = 150;

/**
 * pg's pool as kysely uses it, with the two things that pg leaves to its users: a connection that breaks in
 * the middle of a statement is reported instead of ending the process, and one on which PostgreSQL no
 * longer answers (a cut line, a frozen machine) is given up instead of being waited for.
 */
export class BoundedPool implements PostgresPool {
  readonly options: object;
  readonly #pool: Pool;
  readonly #waitMilliseconds: number;

  constructor(pool: Pool, statementMilliseconds: number, onConnectionLost: OnConnectionLost) {
    this.#pool = pool;
    this.options = pool.options;
    this.#waitMilliseconds = statementMilliseconds + HEAD_START_MILLISECONDS;
    // Each client reports for itself, idle or in use; the pool repeats the idle ones, and may not go unheard.
    pool.on('connect', (client) => client.on('error', onConnectionLost));
    pool.on('error', () => undefined);
  }

  async connect(): Promise<PostgresPoolClient> {
    return new BoundedClient(await this.#pool.connect(), this.#waitMilliseconds);
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

class BoundedClient implements PostgresPoolClient {
  constructor(
    private readonly client: PoolClient,
    private readonly waitMilliseconds: number,
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
      return (await this.client.query(sql, [...parameters])) as unknown as PostgresQueryResult<R>;
    } finally {
      clearTimeout(timer);
    }
  }
}
