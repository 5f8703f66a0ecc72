import type { CompiledQuery, QueryResult } from 'kysely';
import type { Client, QueryResult as PostgresAnswer } from 'pg';
import { PoolExhaustedError } from './postgres-pool.js';

/** What the group is made from. */
export interface GroupCommitParts {
  /** Gives a connection of pg in pipeline mode. */
  readonly connect: () => Promise<Client>;
  /** Runs one statement outside any group, for what a group could not do. */
  readonly runAlone: <R>(query: CompiledQuery<R>) => Promise<QueryResult<R>>;
  /** How long PostgreSQL may take for a group, and how long a caller waits for its answer altogether. */
  readonly groupMilliseconds: number;
  readonly callerMilliseconds: number;
}

interface Waiting {
  readonly query: CompiledQuery;
  readonly resolve: (result: QueryResult<unknown>) => void;
  readonly reject: (error: unknown) => void;
  readonly isOver: () => boolean;
}

/** A group that fails is run again one by one, so it must not be everybody. */
const LARGEST_GROUP = 64;

/** PostgreSQL keeps the plan of each named statement for each connection. */
const NAMED_STATEMENTS = 64;

/**
 * Statements that wait at the same time share one transaction of one connection: one round trip, one flush to
 * the disk, and one lock for the rights that several of them stand on (several transactions that share a lock
 * make PostgreSQL write down who they are). Each promise resolves only when the transaction has been
 * committed. Where a statement fails or meets a row that another transaction holds, nothing of the group is
 * stored and each of it is run alone.
 */
export class PostgresGroupCommit {
  readonly #parts: GroupCommitParts;
  readonly #names = new Map<string, string>();
  #client: Client | null = null;
  #waiting: Waiting[] = [];
  #isBusy = false;
  #groupsDone = 0;

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the statement has been committed. Rejects with PostgreSQL's error, and then it left nothing;
   * with the connection's, and then nobody knows; with {@link PoolExhaustedError} when others took all the time.
   */
  run<R>(query: CompiledQuery<R>): Promise<QueryResult<R>> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const doneBefore = this.#groupsDone;
      const timer = setTimeout(() => {
        isOver = true;
        reject(
          this.#groupsDone > doneBefore
            ? new PoolExhaustedError('the statement did not get its turn')
            : new Error('PostgreSQL did not answer in time'),
        );
      }, this.#parts.callerMilliseconds);
      this.#waiting.push({
        query,
        isOver: () => isOver,
        resolve: (result) => {
          clearTimeout(timer);
          resolve(result as QueryResult<R>);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#schedule();
    });
  }

  async close(): Promise<void> {
    await this.#client?.end();
  }

  /** After the callbacks of this turn of the event loop: requests that came together are committed together. */
  #schedule(): void {
    if (this.#isBusy || this.#waiting.length === 0) return;
    this.#isBusy = true;
    setImmediate(() => void this.#commitNext());
  }

  async #commitNext(): Promise<void> {
    // Whoever has been told that it took too long must not find a row later.
    const group = this.#waiting.splice(0, LARGEST_GROUP).filter(({ isOver }) => !isOver());
    try {
      if (group.length > 0) await this.#commit(await this.#connected(), group);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
    this.#isBusy = false;
    this.#schedule();
  }

  async #commit(client: Client, group: readonly Waiting[]): Promise<void> {
    const isTransaction = group.length > 1;
    const last = { query_timeout: this.#parts.groupMilliseconds };
    // All of it is sent at once; the answers come in the same order.
    const begin = isTransaction ? client.query('begin') : null;
    const statements = group.map(({ query: { sql, parameters } }) =>
      client.query({
        ...this.#nameOf(sql),
        text: sql,
        values: [...parameters],
        ...(isTransaction ? {} : last),
      }),
    );
    const commit = isTransaction ? client.query({ text: 'commit', ...last }) : null;
    const [answers, [ended]] = await Promise.all([
      Promise.allSettled(statements),
      Promise.allSettled([commit]),
      Promise.allSettled([begin]),
    ]);
    this.#groupsDone += 1;

    const failure = answers.find((answer) => answer.status === 'rejected');
    const isUndone = isTransaction
      ? ended.status === 'fulfilled' && ended.value?.command === 'ROLLBACK'
      : isHeldByAnother(failure?.reason);
    if (isUndone) {
      for (const { query, resolve, reject } of group) this.#parts.runAlone(query).then(resolve, reject);
    } else if (failure !== undefined || ended.status === 'rejected') {
      throw failure?.reason ?? (ended as PromiseRejectedResult).reason;
    } else {
      group.forEach(({ resolve }, index) => {
        const answer = answers[index];
        if (answer?.status === 'fulfilled') resolve(toResult(answer.value));
      });
    }
  }

  async #connected(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const client = await this.#parts.connect();
    const forget = (): void => {
      if (this.#client === client) this.#client = null;
    };
    client.on('error', forget);
    client.on('end', forget);
    this.#client = client;
    return client;
  }

  #nameOf(text: string): { readonly name?: string } {
    const known = this.#names.get(text);
    if (known !== undefined) return { name: known };
    if (this.#names.size === NAMED_STATEMENTS) return {};
    const name = `edgepass_${this.#names.size}`;
    this.#names.set(text, name);
    return { name };
  }
}

/** `lock_not_available` (appendix A): the connection of groups waits for no row, one of the caller's own does. */
function isHeldByAnother(error: unknown): boolean {
  return (error as { readonly code?: unknown } | null | undefined)?.code === '55P03';
}

function toResult({ rows, rowCount }: PostgresAnswer): QueryResult<unknown> {
  return { rows: rows as unknown[], numAffectedRows: BigInt(rowCount ?? 0) };
}
