import type { Client, ClientBase, ClientConfig, Pool, PoolConfig, QueryConfig, QueryResult } from 'pg';
import { errorCode } from '../../operation/error-code.js';
import { formatProblems } from '../../settings/settings-problem.js';
import { DatabaseOpenError } from '../database-open-error.js';

/** How long a caller waits for a connection. */
export const CONNECT_MILLISECONDS = 700;

/** AWS's network load balancers forget a connection after 350 s; Linux alone would first ask after two hours. */
const KEEP_ALIVE_MILLISECONDS = 30_000;

/** PostgreSQL's type id of `bigint`; the driver gives it as text by default. */
const INT8 = 20;

type Driver = typeof import('pg').default;

/** What PostgreSQL ends by itself, in milliseconds, under the names of its parameters. */
export interface Limits {
  readonly statement_timeout: number;
  readonly idle_in_transaction_session_timeout: number;
  readonly lock_timeout?: number;
}

/**
 * Makes the connections to one PostgreSQL. Where each is a session of its own, the limits are parameters of the
 * session. A pooler (PgBouncer with `pool_mode = transaction`) gives the session to somebody else after each
 * transaction, and takes no such parameters: there each transaction begins with its limits, and no statement has a name.
 */
export class PostgresSessions {
  readonly #pg: Driver;
  readonly #base: ClientConfig;
  readonly #host: string;
  readonly #limits = new WeakMap<object, string>();
  #isPooled: boolean | null = null;

  private constructor(pg: Driver, url: string) {
    this.#pg = pg;
    this.#host = hostOf(url);
    this.#base = {
      connectionString: url,
      application_name: 'edgepass',
      connectionTimeoutMillis: CONNECT_MILLISECONDS,
      // The kernel notices a peer that vanished although no statement runs, and what keeps count of connections in
      // between (NAT, a load balancer) does not forget this one.
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MILLISECONDS,
      types: {
        getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
          oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
      },
    };
  }

  /** Nothing is connected yet. */
  static async to(url: string): Promise<PostgresSessions> {
    const { default: pg } = await import('pg');
    return new PostgresSessions(pg, url);
  }

  /** Whether a pooler is in between; `null` until {@link connectAndLearn} has found out. */
  get isPooled(): boolean | null {
    return this.#isPooled;
  }

  /** A pool without limits, for what may take long. */
  unlimitedPool(config: PoolConfig): Pool {
    return new this.#pg.Pool({ ...this.#base, ...config });
  }

  /** A pool for statements with these limits. To be asked for connections once {@link isPooled} is known. */
  pool(limits: Limits, config: PoolConfig): Pool {
    // Each connection is made for what is known at that time.
    const startupOf = (client: ClientConfig | undefined): ClientConfig => ({
      ...client,
      ...(this.#isPooled === true ? { pipeline: true } : limits),
    });
    const note = (client: Client): void => this.#note(client, limits, this.#isPooled === true);
    const limited = class extends this.#pg.Client {
      constructor(client?: ClientConfig) {
        super(startupOf(client));
        note(this);
      }
    };
    return new this.#pg.Pool({ ...this.#base, ...config, Client: limited });
  }

  /** A connected client in pipeline mode whose statements have these limits. @throws while {@link isPooled} is not known */
  connect(limits: Limits, onError: (error: Error) => void): Promise<Client> {
    if (this.#isPooled === null) return Promise.reject(new Error(NO_ANSWER_YET));
    return this.#connect(limits, {}, this.#isPooled, (_, error) => onError(error));
  }

  /**
   * The statements that begin a transaction on this connection with its limits; `null` where the session has them.
   */
  beginWithLimits(client: ClientBase): string | null {
    return this.#limits.get(client) ?? null;
  }

  /**
   * Connects as {@link connect} does, and finds out for every later connection whether a pooler is in between.
   * @param queryMilliseconds after which a query on this connection is given up
   * @param onLost is given the client whose connection ended
   * @throws {DatabaseOpenError} where the pooler keeps no transaction together
   */
  async connectAndLearn(
    limits: Limits,
    queryMilliseconds: number,
    onLost: (client: Client) => void,
  ): Promise<Client> {
    const config = { query_timeout: queryMilliseconds };
    if (this.#isPooled !== true) {
      const client = await this.#connect(limits, config, false, onLost).catch((error: unknown) => {
        if (isParameterRefused(error)) return null;
        throw error;
      });
      if (client !== null && (await isSessionOfOurs(client, limits))) {
        this.#isPooled = false;
        return client;
      }
      client?.end().catch(() => undefined);
    }
    const client = await this.#connect(limits, config, true, onLost);
    await this.#refuseStatementPooling(client);
    this.#isPooled = true;
    return client;
  }

  async #connect(
    limits: Limits,
    config: ClientConfig,
    isPooled: boolean,
    onLost: (client: Client, error: Error) => void,
  ): Promise<Client> {
    const client = new this.#pg.Client({
      ...this.#base,
      ...config,
      ...(isPooled ? {} : limits),
      pipeline: true,
    });
    this.#note(client, limits, isPooled);
    client.on('error', (error) => onLost(client, error));
    try {
      await client.connect();
      return client;
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
  }

  #note(client: Client, limits: Limits, isPooled: boolean): void {
    if (!isPooled) return;
    const settings = Object.entries(limits).map(
      ([name, milliseconds]) => `set local ${name} = ${milliseconds}`,
    );
    this.#limits.set(client, settings.join('; '));
  }

  /**
   * Asks for a transaction with the limits of a grant. One statement at a time: a pooler that refuses it closes the
   * connection, and with more on its way the system would reset it before that answer is read.
   */
  async #refuseStatementPooling(client: Client): Promise<void> {
    try {
      await client.query(`begin; ${this.beginWithLimits(client) ?? ''}`);
      await client.query('rollback');
    } catch (error) {
      client.end().catch(() => undefined);
      if (!/transaction blocks not allowed/i.test((error as Error).message)) throw error;
      const problem = {
        setting: 'DATABASE_URL',
        expected: 'PostgreSQL, or a pooler that keeps a transaction on one connection',
        found: `${this.#host}, a pooler with pool_mode = statement`,
        todo: 'set pool_mode = transaction for this database in pgbouncer.ini, or name PostgreSQL itself',
      };
      throw new DatabaseOpenError(formatProblems([problem]), error);
    }
  }
}

/** What a caller gets while nothing has answered since the start. */
export const NO_ANSWER_YET = 'PostgreSQL has not answered yet';

/**
 * Runs one statement in a transaction of its own, all of it sent at once.
 * @param client in pipeline mode
 * @param limits statements of {@link PostgresSessions.beginWithLimits}
 */
export async function inTransaction(
  client: Pick<Client, 'query'>,
  limits: string,
  statement: QueryConfig & { readonly query_timeout?: number },
): Promise<QueryResult> {
  const { query_timeout } = statement;
  const last = query_timeout === undefined ? {} : { query_timeout };
  const outcomes = await Promise.allSettled([
    client.query({ text: `begin; ${limits}`, ...last }),
    client.query(statement),
    client.query({ text: 'commit', ...last }),
  ]);
  // The first that failed says why; COMMIT of a transaction that failed is answered with ROLLBACK and no error.
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return (outcomes[1] as PromiseFulfilledResult<QueryResult>).value;
}

/** The host of an address and its port, where it names one: the part of it that a message may show. */
export function hostOf(url: string): string {
  const { host, searchParams } = new URL(url);
  return host === '' ? (searchParams.get('host') ?? 'localhost') : host;
}

/** PgBouncer's answer to limits in the startup message, but for those in its `ignore_startup_parameters`. */
function isParameterRefused(error: unknown): boolean {
  return errorCode(error) === '08P01' && /unsupported startup parameter/i.test((error as Error).message);
}

/**
 * Whether the process that answers is the one that the connection was opened to, with the limits it was asked for. A
 * pooler gives a number of its own in place of the process's (the key for cancelling: `BackendKeyData`).
 */
async function isSessionOfOurs(client: Client, limits: Limits): Promise<boolean> {
  const { rows } = await client.query<{ pid: number; milliseconds: string }>(
    `select pg_backend_pid() as pid, setting as milliseconds from pg_settings where name = 'statement_timeout'`,
  );
  const [session] = rows;
  const { processID } = client as unknown as { readonly processID: number | null };
  return session?.pid === processID && Number(session?.milliseconds) === limits.statement_timeout;
}
