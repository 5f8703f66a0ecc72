/** Rejects when a grant could not succeed now. `deep`: something could not be written lately, so try that. */
export type Probe = (deep: boolean) => Promise<void>;

/** Hears of each change: the error that made it, or `null` when the database is ready again. */
export type OnReadinessChange = (error: unknown) => void;

/** One lost packet or one restart of a connection is no outage: this many probes in a row are. */
const FAILURES_UNTIL_NOT_READY = 3;

/** Milliseconds from a probe that succeeded to the next. */
const CALM_MILLISECONDS = 1_000;

/** Milliseconds from the first failed probe to the next; doubled each time, up to the longest. */
const FIRST_RETRY_MILLISECONDS = 250;
const LONGEST_RETRY_MILLISECONDS = 1_000;

/**
 * Whether a grant could succeed, asked in the background so that whoever asks waits for nothing: not ready
 * after three failed probes in a row, ready again after one that succeeded. It never gives up.
 */
export class Readiness {
  readonly #probe: Probe;
  readonly #listeners = new Set<OnReadinessChange>();
  #isReady: boolean;
  #isStopped = false;
  #isSuspected = false;
  #failures = 0;
  #lastError: unknown = null;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;

  /** @param isReady what holds until the first probes have an answer */
  constructor(probe: Probe, isReady: boolean) {
    this.#probe = probe;
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
  suspect(): void {
    if (this.#isSuspected) return;
    this.#isSuspected = true;
    if (this.#running === null) this.#schedule(FIRST_RETRY_MILLISECONDS);
  }

  /** Probes once, and from then on in the background; resolves with the probe and never rejects. */
  look(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    clearTimeout(this.#timer);
    this.#running ??= this.#lookOnce().finally(() => {
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

  async #lookOnce(): Promise<void> {
    const isDeep = this.#isSuspected;
    try {
      await this.#probe(isDeep);
      if (isDeep) this.#isSuspected = false;
      this.#failures = 0;
      this.#lastError = null;
      this.#become(true);
    } catch (error) {
      this.#failures += 1;
      this.#lastError = error;
      if (this.#failures >= FAILURES_UNTIL_NOT_READY) this.#become(false);
    }
  }

  #become(isReady: boolean): void {
    if (this.#isReady === isReady || this.#isStopped) return;
    this.#isReady = isReady;
    for (const listener of this.#listeners) listener(isReady ? null : this.#lastError);
  }

  #pauseMilliseconds(): number {
    if (this.#failures === 0) return this.#isSuspected ? FIRST_RETRY_MILLISECONDS : CALM_MILLISECONDS;
    return Math.min(FIRST_RETRY_MILLISECONDS * 2 ** (this.#failures - 1), LONGEST_RETRY_MILLISECONDS);
  }

  #schedule(pauseMilliseconds: number): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.look(), pauseMilliseconds).unref();
  }
}
