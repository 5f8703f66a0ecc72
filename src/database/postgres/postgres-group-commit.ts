import type { CompiledQuery, QueryResult } from 'kysely';
import type { Client, QueryResult as PostgresAnswer } from 'pg';
import { errorCode } from '../../operation/error-code.js';
import { PoolExhaustedError } from './postgres-pool.js';

/** What the group is made from. */
export interface GroupCommitParts {
  /** Gives a connection of pg in pipeline mode. */
  readonly connect: () => Promise<Client>;
  /**
   * What each transaction on this connection has to begin with, because its session is not its own and keeps neither
   * limits nor statements; `null` where it does.
   */
  readonly limitsOf: (client: Client) => string | null;
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
 * the disk, and one row lock for each entitlement (concurrent `FOR SHARE` lockers would make PostgreSQL write a
 * MultiXact). Each promise resolves only when the transaction has been
 * committed. Where a statement fails or meets a row that another transaction holds, nothing of the group is
 * stored and each of it is run alone.
 */
export class PostgresGroupCommit {
  readonly #parts: GroupCommitParts;
  readonly #names = new Map<string, string>();
  #client: Client | null = null;
  #waiting: Waiting[] = [];
  #isBusy = false;
  #isClosed = false;
  #groupsAnswered = 0;

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the statement has been committed. Rejects with PostgreSQL's error, and then it left nothing;
   * with the connection's, and then the outcome is unknown; with {@link PoolExhaustedError} when others took all the time.
   */
  run<R>(query: CompiledQuery<R>): Promise<QueryResult<R>> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const answeredBefore = this.#groupsAnswered;
      const timer = setTimeout(() => {
        isOver = true;
        reject(
          this.#groupsAnswered > answeredBefore
            ? new PoolExhaustedError('the statement was not sent in time')
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

  /** What waits is not sent any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#client?.end();
  }

  /** After the callbacks of this iteration of the event loop: requests that came together are committed together. */
  #schedule(): void {
    if (this.#isBusy || this.#waiting.length === 0) return;
    this.#isBusy = true;
    setImmediate(() => void this.#commitNext());
  }

  async #commitNext(): Promise<void> {
    // A caller that was already answered that it took too long must not find a row later.
    const group = this.#waiting.splice(0, LARGEST_GROUP).filter(({ isOver }) => !isOver());
    if (group.length > 0) await this.#serve(group);
    this.#isBusy = false;
    this.#schedule();
  }

  async #serve(group: readonly Waiting[]): Promise<void> {
    let client: Client;
    try {
      client = await this.#connected();
    } catch {
      // Nothing has been sent, and there are other connections.
      this.#runEachAlone(group);
      return;
    }
    try {
      await this.#commit(client, group);
    } catch (error) {
      // What this connection is still busy with is unknown.
      if (sqlStateOf(error) === null) this.#abandon(client);
      for (const { reject } of group) reject(error);
    }
  }

  async #commit(client: Client, group: readonly Waiting[]): Promise<void> {
    const limits = this.#parts.limitsOf(client);
    const isTransaction = group.length > 1 || limits !== null;
    const last = { query_timeout: this.#parts.groupMilliseconds };
    // All of it is sent at once; the answers come in the same order.
    const begin = isTransaction ? client.query(limits === null ? 'begin' : `begin; ${limits}`) : null;
    const statements = group.map(({ query: { sql, parameters } }) =>
      client.query({
        ...(limits === null ? this.#nameOf(sql) : {}),
        text: sql,
        values: [...parameters],
        ...(isTransaction ? {} : last),
      }),
    );
    const commit = isTransaction ? client.query({ text: 'commit', ...last }) : null;
    const [[begun, ended], answers] = await Promise.all([
      Promise.allSettled([begin, commit]),
      Promise.allSettled(statements),
    ]);
    const failures = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [answer.reason as unknown] : [],
    );
    const frame = [begun, ended].flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    if ([...failures, ...frame].every((failure) => sqlStateOf(failure) !== null)) this.#groupsAnswered += 1;

    const isUndone =
      group.length > 1
        ? ended.status === 'fulfilled' && ended.value?.command === 'ROLLBACK'
        : failures.some((failure) => WORKS_ELSEWHERE.has(sqlStateOf(failure)));
    if (isUndone) {
      if (failures.some((failure) => STALE_PLAN.has(sqlStateOf(failure)))) this.#abandon(client);
      this.#runEachAlone(group);
      return;
    }
    for (const outcome of [begun, ...answers, ended]) {
      if (outcome.status === 'rejected') throw outcome.reason;
    }
    group.forEach(({ resolve }, index) => {
      const answer = answers[index];
      if (answer?.status === 'fulfilled') resolve(toResult(answer.value));
    });
  }

  #runEachAlone(group: readonly Waiting[]): void {
    for (const { query, isOver, resolve, reject } of group) {
      if (!isOver()) this.#parts.runAlone(query).then(resolve, reject);
    }
  }

  #abandon(client: Client): void {
    if (this.#client === client) this.#client = null;
    client.end().catch(() => undefined);
  }

  async #connected(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const client = await this.#parts.connect();
    if (this.#isClosed) {
      client.end().catch(() => undefined);
      throw new Error('the database is closed');
    }
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

/**
 * The plan of a named statement does not fit the table any more, or the statement is gone (appendix A:
 * `feature_not_supported`, `invalid_sql_statement_name`): another instance has changed the schema, or
 * the connection's statements were discarded (`DISCARD ALL`).
 */
const STALE_PLAN: ReadonlySet<string | null> = new Set(['0A000', '26000']);

/** Beside those `lock_not_available`: this connection waits for no row, one of the caller's own does. */
const WORKS_ELSEWHERE: ReadonlySet<string | null> = new Set(['55P03', ...STALE_PLAN]);

/** With these PostgreSQL gives up the connection (appendix A): it says nothing of the statement. */
const ABOUT_THE_CONNECTION = /^(?:08|57P|25P03)/;

/**
 * The SQLSTATE of what PostgreSQL said of a statement; `null` where it said nothing of it. Only its own errors
 * have a severity, in the language of the server.
 */
function sqlStateOf(error: unknown): string | null {
  const code = errorCode(error);
  const isOfServer = code !== null && (error as { readonly severity?: unknown }).severity !== undefined;
  return isOfServer && !ABOUT_THE_CONNECTION.test(code) ? code : null;
}

function toResult({ rows, rowCount }: PostgresAnswer): QueryResult<unknown> {
  return { rows: rows as unknown[], numAffectedRows: BigInt(rowCount ?? 0) };
}
