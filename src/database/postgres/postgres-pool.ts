import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type { Pool, PoolClient, QueryResult } from 'pg';
import { inTransaction, NO_ANSWER_YET, type PostgresSessions } from './postgres-sessions.js';

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
  readonly #sessions: PostgresSessions | null;
  #answers = 0;

  /** @param sessions that made a pool with limits; without them no statement has any but our own wait */
  constructor(
    pool: Pool,
    statementMilliseconds: number,
    onConnectionLost: OnConnectionLost,
    sessions: PostgresSessions | null = null,
  ) {
    this.#pool = pool;
    this.#sessions = sessions;
    this.options = pool.options;
    this.#waitMilliseconds = statementMilliseconds + HEAD_START_MILLISECONDS;
    // Each client reports for itself, idle or in use. The pool repeats the idle ones: without a listener that would end the process.
    pool.on('connect', (client) => client.on('error', onConnectionLost));
    pool.on('error', () => undefined);
  }

  async connect(): Promise<PostgresPoolClient> {
    if (this.#sessions?.isPooled === null) throw new Error(NO_ANSWER_YET);
    const answersBefore = this.#answers;
    try {
      const client = await this.#pool.connect();
      const limits = this.#sessions?.beginWithLimits(client) ?? null;
      const count = (): void => void (this.#answers += 1);
      return limits === null
        ? new BoundedClient(client, this.#waitMilliseconds, count)
        : new PooledClient(client, this.#waitMilliseconds, count, limits);
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
    protected readonly client: PoolClient,
    protected readonly waitMilliseconds: number,
    private readonly onAnswer: () => void,
  ) {}

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(
    sql: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof sql !== 'string') throw new Error('no query of edgepass is streamed');
    return this.ask(sql, [...parameters]).then((answer) => {
      this.onAnswer();
      return answer as unknown as PostgresQueryResult<R>;
    });
  }

  release(destroy?: boolean): void {
    this.client.release(destroy);
  }

  protected async ask(text: string, values: unknown[]): Promise<QueryResult> {
    // end() breaks a connection off on which a statement runs; the statement rejects, the pool forgets it.
    const timer = setTimeout(() => void this.client.end(), this.waitMilliseconds);
    try {
      return await this.client.query(text, values);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A client behind a pooler: each transaction says its limits, and a statement outside of one gets one of its own. */
class PooledClient extends BoundedClient {
  #isInTransaction = false;

  constructor(
    client: PoolClient,
    waitMilliseconds: number,
    onAnswer: () => void,
    private readonly limits: string,
  ) {
    super(client, waitMilliseconds, onAnswer);
  }

  protected override ask(text: string, values: unknown[]): Promise<QueryResult> {
    // In pipeline mode pg breaks the connection off when this is over; end() would wait for the answer.
    const wait = { query_timeout: this.waitMilliseconds };
    // These words are kysely's own.
    const isBegin = /^(?:begin|start transaction)\b/.test(text);
    if (!isBegin && !this.#isInTransaction) {
      return inTransaction(this.client, this.limits, { text, values, ...wait });
    }
    if (isBegin) this.#isInTransaction = true;
    if (text === 'commit' || text === 'rollback') this.#isInTransaction = false;
    return this.client.query({ text: isBegin ? `${text}; ${this.limits}` : text, values, ...wait });
  }
}
