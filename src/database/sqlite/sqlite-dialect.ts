import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
} from 'kysely';
import { GroupCommit, type FileJobs } from './group-commit.js';

/** kysely's SQLite, with a driver that commits statements that wait at the same time together. */
export class GroupCommitDialect implements Dialect {
  /** For statements that need nothing else of kysely. */
  readonly group: GroupCommit;

  constructor(file: FileJobs) {
    this.group = new GroupCommit(file);
  }

  createDriver(): Driver {
    return new GroupCommitDriver(this.group);
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): SqliteAdapter {
    return new GroupCommitAdapter();
  }

  createIntrospector(queries: Kysely<unknown>): SqliteIntrospector {
    return new SqliteIntrospector(queries);
  }
}

/** What kysely's own adapter says of SQLite, corrected where it is too careful. */
class GroupCommitAdapter extends SqliteAdapter {
  /** Otherwise one caller waits for the other, and no two statements could be committed together. */
  override get supportsMultipleConnections(): boolean {
    return true;
  }

  /** Otherwise a migration that is cut off in the middle leaves half of its tables, and no start gets past them. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class GroupCommitDriver implements Driver {
  constructor(private readonly group: GroupCommit) {}

  async init(): Promise<void> {}

  acquireConnection(): Promise<Caller> {
    return Promise.resolve(new Caller(this.group));
  }

  async beginTransaction(caller: Caller): Promise<void> {
    await caller.acquireFile();
    await this.group.runAlone('begin', []);
  }

  async commitTransaction(): Promise<void> {
    await this.group.runAlone('commit', []);
  }

  async rollbackTransaction(caller: Caller): Promise<void> {
    await caller.releaseFile();
  }

  async releaseConnection(caller: Caller): Promise<void> {
    await caller.releaseFile();
  }

  async destroy(): Promise<void> {
    await this.group.close();
  }
}

/** What kysely calls a connection: one caller's statements, grouped with others' or in a transaction alone. */
class Caller implements DatabaseConnection {
  #hasFile = false;

  constructor(private readonly group: GroupCommit) {}

  async acquireFile(): Promise<void> {
    await this.group.acquire();
    this.#hasFile = true;
  }

  async releaseFile(): Promise<void> {
    if (!this.#hasFile) return;
    this.#hasFile = false;
    await this.group.release();
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes } = await (this.#hasFile
      ? this.group.runAlone(sql, parameters)
      : this.group.run(sql, parameters));
    return { rows: rows as R[], numAffectedRows: BigInt(changes) };
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('no query of edgepass is streamed');
  }
}
