import type { Problem } from './problem.js';

/** A burst is over when nothing more was refused for this long; a longer one has a line a minute. */
const QUIET_MILLISECONDS = 1_000;
const LONGEST_MILLISECONDS = 60_000;
const LOOK_MILLISECONDS = 250;

/** One line for many refusals. */
export interface BurstLogEntry {
  readonly msg: string;
  readonly code: string;
  readonly reason: string;
  readonly count: number;
  readonly seconds: number;
  /** The first of them. */
  readonly requestId: string;
}

interface Burst {
  readonly problem: Problem;
  readonly requestId: string;
  readonly beganMilliseconds: number;
  latestMilliseconds: number;
  count: number;
}

/**
 * Counts refusals that come in bursts, thousands a second, and logs each burst in one line when it is over: a
 * line each would cost more than what was refused. One burst for each reason, and reasons are few and ours.
 */
export class RefusalBursts {
  readonly #bursts = new Map<string, Burst>();
  readonly #log: (entry: BurstLogEntry) => void;
  readonly #nowMilliseconds: () => number;
  #timer: NodeJS.Timeout | null = null;

  /** @param nowMilliseconds a clock that no operator sets */
  constructor(log: (entry: BurstLogEntry) => void, nowMilliseconds: () => number = () => performance.now()) {
    this.#log = log;
    this.#nowMilliseconds = nowMilliseconds;
  }

  /** Counts one refusal. */
  note(problem: Problem, requestId: string): void {
    const now = this.#nowMilliseconds();
    const burst = this.#bursts.get(problem.reason);
    if (burst !== undefined) {
      burst.count += 1;
      burst.latestMilliseconds = now;
      return;
    }
    this.#bursts.set(problem.reason, {
      problem,
      requestId,
      beganMilliseconds: now,
      latestMilliseconds: now,
      count: 1,
    });
    this.#timer ??= setInterval(() => this.logEnded(), LOOK_MILLISECONDS).unref();
  }

  /** Logs the bursts that are over. */
  logEnded(): void {
    const now = this.#nowMilliseconds();
    for (const [reason, burst] of this.#bursts) {
      const { beganMilliseconds, latestMilliseconds } = burst;
      const isOver = now - latestMilliseconds >= QUIET_MILLISECONDS;
      if (isOver || now - beganMilliseconds >= LONGEST_MILLISECONDS) this.#end(reason, burst);
    }
  }

  /** Logs what has not been logged yet. */
  close(): void {
    for (const [reason, burst] of this.#bursts) this.#end(reason, burst);
  }

  #end(reason: string, burst: Burst): void {
    const { problem, requestId, count, beganMilliseconds, latestMilliseconds } = burst;
    this.#bursts.delete(reason);
    if (this.#bursts.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
    const seconds = Math.ceil((latestMilliseconds - beganMilliseconds) / 1000);
    this.#log({ msg: 'requests refused', code: problem.code, reason, count, seconds, requestId });
  }
}
