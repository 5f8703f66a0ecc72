import { randomBytes } from 'node:crypto';

/** Rejects when a grant could not succeed now. `withWrite`: something could not be written lately, so try that. */
export type Probe = (withWrite: boolean) => Promise<void>;

/** Called at each change, with the error that made it, or with `null` when the database is ready again. */
export type OnReadinessChange = (error: unknown) => void;

/** One lost packet or one restart of a connection is no outage: this many probes in a row are. */
const FAILURES_UNTIL_NOT_READY = 3;

/** Milliseconds from a probe that succeeded to the next. */
const CALM_MILLISECONDS = 1_000;

/** Milliseconds from the first failed probe to the next; doubled each time, up to the longest. */
const FIRST_RETRY_MILLISECONDS = 250;
const LONGEST_RETRY_MILLISECONDS = 1_000;

/**
 * Whether a grant could succeed, probed in the background so that no caller waits for it: not ready
 * after three failed probes in a row, ready again after one that succeeded. It never gives up.
 */
export class Readiness {
  readonly #runProbe: Probe;
  readonly #listeners = new Set<OnReadinessChange>();
  #isReady: boolean;
  #isStopped = false;
  #hasWriteFailed = false;
  #failures = 0;
  #lastError: unknown = null;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;

  /** @param isReady what holds until the first probes have an answer */
  constructor(probe: Probe, isReady: boolean) {
    this.#runProbe = probe;
    this.#isReady = isReady;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** What the last failed probe said; `null` after one that succeeded. */
  get lastError(): unknown {
    return this.#lastError;
  }

  onChange(listener: OnReadinessChange): void {
    this.#listeners.add(listener);
  }

  /** A caller could not write: the next probe comes soon and tries to write, until one can. */
  reportWriteFailure(): void {
    if (this.#hasWriteFailed) return;
    this.#hasWriteFailed = true;
    if (this.#running === null) this.#schedule(FIRST_RETRY_MILLISECONDS);
  }

  /** Probes once, and from then on in the background; resolves with the probe and never rejects. */
  probe(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    clearTimeout(this.#timer);
    this.#running ??= this.#probeOnce().finally(() => {
      this.#running = null;
      this.#schedule(this.#pauseMilliseconds());
    });
    return this.#running;
  }

  /** No probe begins any more; resolves when none is running. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #probeOnce(): Promise<void> {
    const withWrite = this.#hasWriteFailed;
    try {
      await this.#runProbe(withWrite);
      if (withWrite) this.#hasWriteFailed = false;
      this.#failures = 0;
      this.#lastError = null;
      this.#setReady(true);
    } catch (error) {
      this.#failures += 1;
      this.#lastError = error;
      if (this.#failures >= FAILURES_UNTIL_NOT_READY) this.#setReady(false);
    }
  }

  #setReady(isReady: boolean): void {
    if (this.#isReady === isReady || this.#isStopped) return;
    this.#isReady = isReady;
    for (const listener of this.#listeners) listener(isReady ? null : this.#lastError);
  }

  #pauseMilliseconds(): number {
    if (this.#failures === 0) return this.#hasWriteFailed ? FIRST_RETRY_MILLISECONDS : CALM_MILLISECONDS;
    return Math.min(FIRST_RETRY_MILLISECONDS * 2 ** (this.#failures - 1), LONGEST_RETRY_MILLISECONDS);
  }

  #schedule(pauseMilliseconds: number): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.probe(), pauseMilliseconds).unref();
  }
}

/** As many bytes as the pages that a grant touches: a disk that takes this takes a grant. */
const FILLER_BYTES = 32_768;

/** The statement that shows whether the database still takes writes; it always writes over the same row. */
export const PROBE_WRITE = (place: '$1' | '?'): string =>
  `insert into write_probe (id, filler) values (1, ${place})
   on conflict (id) do update set filler = excluded.filler`;

/** Text that cannot be made smaller than it is. */
export function probeFiller(): string {
  return randomBytes(FILLER_BYTES / 2).toString('hex');
}
