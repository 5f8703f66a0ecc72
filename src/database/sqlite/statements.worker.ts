// The file of a database, on a thread of its own: SQLite waits for the disk in the call that commits, and the event
// loop must not wait with it. From dist as JavaScript and under jest straight from src: only package imports and
// erasable types, because Node strips types but resolves no `.js` to `.ts`.
import { parentPort, workerData } from 'node:worker_threads';
import Sqlite, { type Database as SqliteFile, type Statement } from 'better-sqlite3';

/** What a statement gave: its rows, or how many rows it changed. */
export interface StatementResult {
  readonly rows: unknown[];
  readonly changes: number;
}

/** Why there is no result, as it travels between threads. */
export interface StatementFailure {
  readonly message: string;
  /** SQLite's, as `SQLITE_FULL`. */
  readonly code?: string;
}

/** What became of a statement. */
export type Outcome = StatementResult | { readonly failure: StatementFailure };

/** What the file is asked to do. Jobs are done in the order in which they are asked for. */
export type Job =
  /** All of them in one transaction, in which each can fail alone. Each names its text by its place in `texts`. */
  | {
      readonly kind: 'together';
      readonly texts: readonly string[];
      readonly statements: readonly (readonly [text: number, parameters: readonly unknown[]])[];
    }
  /** By itself, or in the transaction that one of these has begun. */
  | { readonly kind: 'alone'; readonly text: string; readonly parameters: readonly unknown[] }
  /** Undoes a transaction that was left open. */
  | { readonly kind: 'undo' }
  | { readonly kind: 'close' };

/** Where a file is and how long SQLite waits for another process that has it. */
export interface FileToOpen {
  readonly path: string;
  readonly busyMilliseconds: number;
}

/** More texts than edgepass has; what varies is how many subjects and prefixes a viewer has. */
const REMEMBERED_STATEMENTS = 256;

/** Opens the file for this process alone. @throws SQLite's error */
export function openFile({ path, busyMilliseconds }: FileToOpen): SqliteFile {
  const file = new Sqlite(path, { timeout: busyMilliseconds });
  // One process owns the file (docs/database.md): a second one is refused, not interleaved.
  file.pragma('locking_mode = EXCLUSIVE');
  file.pragma('journal_mode = WAL');
  // FULL: a row is on the disk before its cookie leaves, also when the power fails.
  file.pragma('synchronous = FULL');
  return file;
}

/** Does jobs on a file, one after the other. */
export class Statements {
  readonly #file: SqliteFile;
  readonly #prepared = new Map<string, Statement>();

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** Gives one outcome for each statement of the job, in their order, or one of the job; what was changed is on the disk by then. */
  do(job: Job): readonly Outcome[] {
    switch (job.kind) {
      case 'together':
        return this.#together(
          job.statements.map(([text, parameters]) => [job.texts[text] ?? '', parameters]),
        );
      case 'alone':
        return [outcomeOf(() => this.#run(job.text, job.parameters))];
      case 'undo':
        return [outcomeOf(() => this.#undo())];
      case 'close':
        return [outcomeOf(() => void this.#file.close())];
    }
  }

  #together(statements: readonly (readonly [text: string, parameters: readonly unknown[]])[]): Outcome[] {
    // One statement alone is its own transaction.
    const isGroup = statements.length > 1;
    const outcomes: Outcome[] = [];
    try {
      if (isGroup) this.#run('begin', []);
      for (const [text, parameters] of statements) {
        const outcome = outcomeOf(() => this.#run(text, parameters));
        outcomes.push(outcome);
        // Disk full, I/O error: SQLite has given up all of it, not this statement of it.
        if ('failure' in outcome && isGroup && !this.#file.inTransaction)
          return failed(outcomes, statements, outcome);
      }
      if (isGroup) this.#run('commit', []);
      return outcomes;
    } catch (error) {
      this.#undo();
      return failed(outcomes, statements, { failure: failureOf(error) });
    }
  }

  #run(text: string, parameters: readonly unknown[]): StatementResult {
    const statement = this.#prepare(text);
    if (statement.reader) return { rows: statement.all(...parameters), changes: 0 };
    return { rows: [], changes: statement.run(...parameters).changes };
  }

  #undo(): void {
    if (this.#file.inTransaction) this.#run('rollback', []);
  }

  #prepare(text: string): Statement {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    const statement = this.#file.prepare(text);
    this.#prepared.set(text, statement);
    if (this.#prepared.size > REMEMBERED_STATEMENTS) {
      this.#prepared.delete(this.#prepared.keys().next().value ?? '');
    }
    return statement;
  }
}

const NOTHING: StatementResult = { rows: [], changes: 0 };

function outcomeOf(run: () => StatementResult | void): Outcome {
  try {
    return run() ?? NOTHING;
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

/** Nothing of a group is left: those that failed on their own keep their reason, the others get the group's. */
function failed(outcomes: readonly Outcome[], statements: readonly unknown[], reason: Outcome): Outcome[] {
  return statements.map((_, index) => {
    const own = outcomes[index];
    return own !== undefined && 'failure' in own ? own : reason;
  });
}

function failureOf(error: unknown): StatementFailure {
  const { message, code } = error as { readonly message: string; readonly code?: unknown };
  return { message, ...(typeof code === 'string' ? { code } : {}) };
}

/** As a thread: opens the file, says that it is open or why it is not, and answers each message with its outcomes. */
function serve(toOpen: FileToOpen): void {
  const answer = (outcomes: readonly Outcome[]): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    parentPort?.postMessage(outcomes);
  };
  try {
    const statements = new Statements(openFile(toOpen));
    parentPort?.on('message', (job: Job) => {
      answer(statements.do(job));
      if (job.kind === 'close') parentPort?.close();
    });
    answer([NOTHING]);
  } catch (error) {
    answer([{ failure: failureOf(error) }]);
    parentPort?.close();
  }
}

const asThread = workerData as { readonly sqliteFile?: FileToOpen } | null;
if (asThread?.sqliteFile !== undefined) serve(asThread.sqliteFile);
