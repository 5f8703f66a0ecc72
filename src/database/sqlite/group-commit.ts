import type { Database as SqliteFile, Statement } from 'better-sqlite3';

/** What a statement gave: its rows, or how many rows it changed. */
export interface StatementResult {
  readonly rows: unknown[];
  readonly changes: number;
}

interface Waiting {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly resolve: (result: StatementResult) => void;
  readonly reject: (error: unknown) => void;
}

/** More texts than edgepass has; what varies is how many subjects and prefixes a viewer has. */
const REMEMBERED_STATEMENTS = 256;

/**
 * Statements that wait at the same time share one transaction, and so one flush to the disk, which costs
 * more than all of them. Each promise resolves only when that transaction has been committed, and a
 * statement that fails takes no other with it. The one user of a SQLite file.
 */
export class GroupCommit {
  readonly #file: SqliteFile;
  readonly #prepared = new Map<string, Statement>();
  #waiting: Waiting[] = [];
  readonly #waitingForFile: (() => void)[] = [];
  #isAcquired = false;
  #isScheduled = false;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** Resolves when the statement has been committed; rejects with SQLite's error, and then it left nothing. */
  run(sql: string, parameters: readonly unknown[]): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sql, parameters, resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when the file is the caller's alone, until {@link release}: for a transaction of its own. */
  acquire(): Promise<void> {
    return new Promise((resolve) => {
      this.#waitingForFile.push(resolve);
      this.#schedule();
    });
  }

  /** Ends what {@link acquire} began, and undoes a transaction that was left open. */
  release(): void {
    this.#undo();
    this.#isAcquired = false;
    this.#schedule();
  }

  /** Runs a statement at once, for the caller that has acquired the file. */
  runAlone(sql: string, parameters: readonly unknown[]): StatementResult {
    const statement = this.#prepare(sql);
    if (statement.reader) return { rows: statement.all(...parameters), changes: 0 };
    return { rows: [], changes: statement.run(...parameters).changes };
  }

  /** Commits what waits, then closes the file. */
  close(): void {
    if (!this.#isAcquired) this.#commitTogether();
    this.#file.close();
  }

  /** After the callbacks of this iteration of the event loop: requests that came together are committed together. */
  #schedule(): void {
    if (this.#isScheduled || this.#isAcquired) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#isAcquired) return;
      this.#commitTogether();
      const next = this.#waitingForFile.shift();
      if (next === undefined) return;
      this.#isAcquired = true;
      next();
    });
  }

  #commitTogether(): void {
    const group = this.#waiting;
    if (group.length === 0) return;
    this.#waiting = [];
    try {
      // One statement alone is its own transaction.
      if (group.length > 1) this.runAlone('begin', []);
      const done = group.flatMap((statement) => this.#attempt(statement, group.length > 1));
      if (group.length > 1) this.runAlone('commit', []);
      for (const { statement, result } of done) statement.resolve(result);
    } catch (error) {
      this.#undo();
      // Those that failed on their own have their answer already.
      for (const statement of group) statement.reject(error);
    }
  }

  /** Throws when SQLite has given up the whole transaction (disk full, I/O error), not one statement of it. */
  #attempt(
    statement: Waiting,
    isInGroup: boolean,
  ): { readonly statement: Waiting; readonly result: StatementResult }[] {
    try {
      return [{ statement, result: this.runAlone(statement.sql, statement.parameters) }];
    } catch (error) {
      if (isInGroup && !this.#file.inTransaction) throw error;
      statement.reject(error);
      return [];
    }
  }

  #undo(): void {
    if (this.#file.inTransaction) this.runAlone('rollback', []);
  }

  #prepare(sql: string): Statement {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#file.prepare(sql);
    this.#prepared.set(sql, statement);
    if (this.#prepared.size > REMEMBERED_STATEMENTS) {
      this.#prepared.delete(this.#prepared.keys().next().value ?? '');
    }
    return statement;
  }
}
