import { Worker } from 'node:worker_threads';
import type { CompiledQuery } from 'kysely';
import type { Groups } from '../database.js';
import { Ongoing } from '../../operation/ongoing.js';
import type { FileToOpen, Job, Outcome, StatementResult, Statements } from './statements.worker.js';

/** Does jobs on a file in their order. Rejects only where the file can do nothing any more. */
export interface FileJobs {
  do(job: Job): Promise<readonly Outcome[]>;
}

/** SQLite's error, as it came from the thread of the file. */
export class StatementError extends Error {
  override readonly name = 'SqliteError';

  constructor(
    message: string,
    readonly code: string | undefined,
  ) {
    super(message);
  }
}

/** Ordinary disks need milliseconds. Two flushes of 3 s still pass, and a load balancer waits longer still. */
const LONGEST_WAIT_MILLISECONDS = 8_000;

interface Waiting {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly sinceMilliseconds: number;
  readonly resolve: (result: StatementResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Statements that wait at the same time share one transaction, and so one flush to the disk, which costs
 * more than all of them; those that come meanwhile are the next group. Each promise resolves only when that
 * transaction has been committed, and a statement that fails takes no other with it. The one user of a SQLite file.
 */
export class GroupCommit {
  readonly #file: FileJobs;
  #waiting: Waiting[] = [];
  /** The groups that the file has and has not answered. */
  readonly #sent = new Ongoing<readonly Waiting[]>();
  /** One for all statements: a timer for each would cost a grant more than the rest of its wait. */
  #deadline: NodeJS.Timeout | null = null;
  #waitingForFile: (() => void)[] = [];
  #isAcquired = false;
  /** Somebody has waited too long, and the file has answered nothing since. */
  #isStuck = false;
  /** The groups under way; `null` = nothing is, or somebody has acquired the file. */
  #serving: Promise<void> | null = null;

  constructor(file: FileJobs) {
    this.#file = file;
  }

  /**
   * Resolves when the statement has been committed. Rejects with SQLite's error, and then it left nothing; after 8 s
   * because the disk does not answer, and then the outcome is unknown; while the disk does not answer, at once.
   */
  run(sql: string, parameters: readonly unknown[]): Promise<StatementResult> {
    if (this.#isStuck) return Promise.reject(notAnswering());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sql, parameters, sinceMilliseconds: performance.now(), resolve, reject });
      if (this.#deadline === null) {
        this.#deadline = setTimeout(() => this.#refuseLate(), LONGEST_WAIT_MILLISECONDS).unref();
      }
      this.#schedule();
    });
  }

  /** Refuses every statement that has waited too long, and comes again when the next one will have. */
  #refuseLate(): void {
    // A timer counts in whole milliseconds.
    const latest = performance.now() - LONGEST_WAIT_MILLISECONDS + 1;
    const isLate = ({ sinceMilliseconds }: Waiting): boolean => sinceMilliseconds <= latest;
    const all = [...[...this.#sent].flat(), ...this.#waiting];
    const late = all.filter(isLate);
    if (late.length > 0) this.#isStuck = true;
    // What has not been sent yet never is: who was refused must not find a row later.
    this.#waiting = this.#waiting.filter((one) => !isLate(one));
    for (const { reject } of late) reject(notAnswering());
    const next = all.find((one) => !isLate(one));
    this.#deadline =
      next === undefined
        ? null
        : setTimeout(() => this.#refuseLate(), next.sinceMilliseconds - latest + 1).unref();
  }

  /**
   * Resolves when the file is the caller's alone, until {@link release}: for a transaction of its own. Rejects, as
   * {@link run} does, after 8 s or while the disk does not answer.
   */
  acquire(): Promise<void> {
    if (this.#isStuck) return Promise.reject(notAnswering());
    return new Promise((resolve, reject) => {
      const take = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#isStuck = true;
        this.#waitingForFile = this.#waitingForFile.filter((one) => one !== take);
        reject(notAnswering());
      }, LONGEST_WAIT_MILLISECONDS);
      this.#waitingForFile.push(take);
      this.#schedule();
    });
  }

  /** Ends what {@link acquire} began, and undoes a transaction that was left open. */
  async release(): Promise<void> {
    try {
      resultOf((await this.#do({ kind: 'undo' }))[0]);
    } finally {
      this.#isAcquired = false;
      this.#schedule();
    }
  }

  /** Runs a statement by itself, for the caller that has acquired the file. */
  async runAlone(text: string, parameters: readonly unknown[]): Promise<StatementResult> {
    const [outcome] = await this.#do({ kind: 'alone', text, parameters });
    return resultOf(outcome);
  }

  /** Commits what waits, then closes the file. */
  async close(): Promise<void> {
    while (this.#serving !== null) {
      // oxlint-disable-next-line no-await-in-loop -- what is answered may ask for more
      await this.#serving;
    }
    resultOf((await this.#file.do({ kind: 'close' }))[0]);
  }

  #schedule(): void {
    if (this.#serving !== null || this.#isAcquired) return;
    if (this.#waiting.length === 0 && this.#waitingForFile.length === 0) return;
    this.#serving = this.#serve().finally(() => {
      this.#serving = null;
      const next = this.#waitingForFile.shift();
      this.#isAcquired = next !== undefined;
      if (next === undefined) this.#schedule();
      else next();
    });
  }

  /** Commits group after group, until nothing waits or somebody wants the file for himself. */
  async #serve(): Promise<void> {
    // After the callbacks of this iteration of the event loop: requests that came together are committed together.
    await new Promise((resolve) => setImmediate(resolve));
    let group = this.#take();
    let committing = this.#commit(group);
    while (group.length > 0) {
      // oxlint-disable-next-line no-await-in-loop -- one group after the other
      const outcomes = await committing;
      const answered = group;
      // The file has its next group before this one is answered, which takes the event loop a while.
      group = this.#waitingForFile.length > 0 ? [] : this.#take();
      committing = this.#commit(group);
      settle(answered, outcomes);
    }
  }

  #take(): Waiting[] {
    const group = this.#waiting;
    this.#waiting = [];
    return group;
  }

  /** Gives the outcomes of a group, or why the file gave none. */
  async #commit(group: readonly Waiting[]): Promise<readonly Outcome[] | Error> {
    if (group.length === 0) return [];
    this.#sent.add(group);
    // Most of a group have one text, which need not be copied to the thread for each.
    const texts = new Map<string, number>();
    const statements = group.map(({ sql, parameters }) => {
      const place = texts.get(sql) ?? texts.size;
      texts.set(sql, place);
      return [place, parameters] as const;
    });
    const outcomes = await this.#do({ kind: 'together', texts: [...texts.keys()], statements }).catch(
      (error: Error) => error,
    );
    this.#sent.delete(group);
    return outcomes;
  }

  async #do(job: Job): Promise<readonly Outcome[]> {
    const outcomes = await this.#file.do(job);
    this.#isStuck = false;
    return outcomes;
  }
}

/** The same for single statements; kysely's own way to a group ends at the same statement, with eight promises more. */
export function groupsOf(group: GroupCommit): Groups {
  return {
    run: <R>({ sql, parameters }: CompiledQuery<R>) =>
      group.run(sql, parameters) as Promise<{ readonly rows: R[] }>,
    // kysely closes it.
    close: async () => undefined,
  };
}

function notAnswering(): Error {
  return new Error('the disk of the SQLite file did not answer in time');
}

function settle(group: readonly Waiting[], outcomes: readonly Outcome[] | Error): void {
  group.forEach(({ resolve, reject }, index) => {
    try {
      if (outcomes instanceof Error) throw outcomes;
      resolve(resultOf(outcomes[index]));
    } catch (error) {
      reject(error);
    }
  });
}

/** @throws {StatementError} */
function resultOf(outcome: Outcome | undefined): StatementResult {
  if (outcome === undefined) throw new Error('expected an outcome of the statement, got none');
  if ('failure' in outcome) throw new StatementError(outcome.failure.message, outcome.failure.code);
  return outcome;
}

/** A file whose statements run on the calling thread: one in memory, and those of commands. */
export function onThisThread(statements: Statements): FileJobs {
  return { do: (job) => Promise.resolve(statements.do(job)) };
}

/**
 * Opens a file on a thread of its own. A thread that ends by itself ends the process (an error that nobody
 * caught), because what the file holds by then is unknown.
 * @throws {StatementError} where the file cannot be opened
 */
export async function onOwnThread(sqliteFile: FileToOpen): Promise<FileJobs> {
  // The same extension as this file: `.js` from dist, `.ts` under jest, where Node strips the types.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./statements.worker.${extension}`, import.meta.url), {
    name: 'edgepass-sqlite',
    workerData: { sqliteFile },
  });
  const asked: { resolve: (outcomes: readonly Outcome[]) => void; reject: (error: Error) => void }[] = [];
  let hasEnded = false;
  const next = (): Promise<readonly Outcome[]> =>
    new Promise((resolve, reject) => {
      if (hasEnded) {
        reject(ended());
        return;
      }
      asked.push({ resolve, reject });
      worker.ref();
    });
  worker.on('message', (outcomes: readonly Outcome[]) => {
    asked.shift()?.resolve(outcomes);
    // A file that has nothing to do keeps no process alive.
    if (asked.length === 0) worker.unref();
  });
  worker.on('exit', () => {
    hasEnded = true;
    for (const { reject } of asked.splice(0)) reject(ended());
  });
  resultOf((await next())[0]);
  return {
    do: (job) => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(job);
      return next();
    },
  };
}

function ended(): Error {
  return new Error('the thread of the SQLite file has ended');
}
