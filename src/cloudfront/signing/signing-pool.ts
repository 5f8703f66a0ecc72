import { Worker } from 'node:worker_threads';

/** Too many signatures are waiting: answer `overloaded` and let the caller come back. */
export class SignerOverloadedError extends Error {
  override readonly name = 'SignerOverloadedError';
}

/** No signature could be made: the worker does not start, died twice on one policy, or is closed. */
export class SignerFailedError extends Error {
  override readonly name = 'SignerFailedError';
}

export interface SigningPoolOptions {
  readonly workerUrl: URL;
  readonly workerData: object;
  /** Judges the first signature of every new worker. */
  readonly isProbeSignature: (signature: string) => boolean;
  readonly maxWorkers: number;
  /** Jobs that may wait for a worker; one more is refused. */
  readonly queueLimit: number;
}

interface Job {
  readonly policy: string;
  readonly resolve: (signature: string) => void;
  readonly reject: (error: Error) => void;
  attempts: number;
}

interface Slot {
  readonly worker: Worker;
  ready: boolean;
  /** What it has been given, oldest first: it signs the first, the others wait on its side. */
  batches: (readonly Job[])[];
}

// At 0.25 ms for an RSA-2048 signature a batch takes at most 3 ms.
const MAX_BATCH = 12;
// A worker has its next batch before it ends the one before: it would stand still until the event loop comes round.
const BATCHES_AHEAD = 2;
// More texts than this wait while every worker is busy: one more worker is worth its start.
const PILE = 8;
const MAX_ATTEMPTS = 2;

/**
 * Signs policy texts on worker threads, several texts to a message: each message costs about what a signature of
 * P-256 does. piscina 5.3.2 sends one task a message: with a prefix per viewer it gave 0.66 of the grants a second
 * of this pool, at 1.46 times the processor time (docs/performance.md). An idle pool does not keep the
 * process alive; a worker that dies is replaced and its jobs are done once more.
 */
export class SigningPool {
  readonly #options: SigningPoolOptions;
  readonly #slots = new Set<Slot>();
  readonly #waiting: Job[] = [];
  #whenReady: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #whenIdle: (() => void)[] = [];
  #dispatchIsScheduled = false;
  #isClosed = false;
  #maxWorkers: number;

  constructor(options: SigningPoolOptions) {
    this.#options = options;
    this.#maxWorkers = options.maxWorkers;
    this.#addWorker();
  }

  /** Resolves when one worker has proved itself; rejects with SignerFailedError when it cannot start. */
  ready(): Promise<void> {
    if ([...this.#slots].some((slot) => slot.ready)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#whenReady.push({ resolve, reject });
      this.#ensureWorker();
      this.#keepAliveWhileBusy();
    });
  }

  /** Rejects with SignerOverloadedError when the queue is full, with SignerFailedError when it cannot be done. */
  sign(policy: string): Promise<string> {
    if (this.#isClosed) return Promise.reject(new SignerFailedError('the signer is closed'));
    if (this.#waiting.length >= this.#options.queueLimit) {
      return Promise.reject(
        new SignerOverloadedError(`${this.#waiting.length} signatures are waiting: come back in a second`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ policy, resolve, reject, attempts: 0 });
      this.#ensureWorker();
      this.#scheduleDispatch();
    });
  }

  waiting(): number {
    return this.#waiting.length;
  }

  /** Finishes what was accepted, then ends the workers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#isBusy()) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    this.#keepAliveWhileBusy();
    await Promise.all([...this.#slots].map(({ worker }) => worker.terminate()));
  }

  #ensureWorker(): void {
    const isBehind = this.#waiting.length > PILE && ![...this.#slots].some((slot) => !slot.ready);
    if (this.#slots.size === 0 || (isBehind && this.#slots.size < this.#maxWorkers)) this.#addWorker();
  }

  #addWorker(): void {
    const worker = new Worker(this.#options.workerUrl, {
      name: 'edgepass-signer',
      workerData: this.#options.workerData,
      // The worker needs the key and nothing else that this process knows.
      env: {},
      execArgv: [],
    });
    const slot: Slot = { worker, ready: false, batches: [] };
    this.#slots.add(slot);
    let cause: unknown;
    worker.on('message', (signatures: readonly (string | null)[]) => this.#receive(slot, signatures));
    worker.on('error', (error) => (cause = error));
    worker.on('exit', () => this.#replace(slot, cause));
    this.#keepAliveWhileBusy();
  }

  #receive(slot: Slot, signatures: readonly (string | null)[]): void {
    if (slot.ready) {
      const batch = slot.batches.shift() ?? [];
      batch.forEach((job, index) => {
        const signature = signatures[index];
        if (typeof signature === 'string') job.resolve(signature);
        else job.reject(new SignerFailedError('the policy could not be signed'));
      });
    } else if (typeof signatures[0] === 'string' && this.#options.isProbeSignature(signatures[0])) {
      slot.ready = true;
      for (const waiter of this.#whenReady.splice(0)) waiter.resolve();
    } else {
      void slot.worker.terminate();
    }
    this.#dispatch();
  }

  #replace(slot: Slot, cause: unknown): void {
    this.#slots.delete(slot);
    const [signing = [], ...untouched] = slot.batches;
    for (const job of signing) {
      job.attempts += 1;
      if (job.attempts >= MAX_ATTEMPTS)
        job.reject(new SignerFailedError('the signing worker died twice', { cause }));
    }
    this.#waiting.unshift(...signing.filter((job) => job.attempts < MAX_ATTEMPTS), ...untouched.flat());
    if (slot.ready) {
      if (!this.#isClosed || this.#waiting.length > 0) this.#ensureWorker();
    } else {
      // No loop of failing starts: what cannot grow stays as it is, and the last one is tried again when somebody asks.
      this.#maxWorkers = Math.max(1, this.#slots.size);
      if (this.#slots.size === 0) this.#giveUp(cause);
    }
    this.#dispatch();
  }

  #giveUp(cause: unknown): void {
    const failed = new SignerFailedError('the signing worker does not start', { cause });
    for (const waiter of this.#whenReady.splice(0)) waiter.reject(failed);
    for (const job of this.#waiting.splice(0)) job.reject(failed);
  }

  /** After the current tick, so that calls made together travel together. */
  #scheduleDispatch(): void {
    if (this.#dispatchIsScheduled) return;
    this.#dispatchIsScheduled = true;
    queueMicrotask(() => {
      this.#dispatchIsScheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    // First one batch for every worker that has none, only then one ahead.
    for (let ahead = 0; ahead < BATCHES_AHEAD; ahead += 1) {
      const free = [...this.#slots].filter((slot) => slot.ready && slot.batches.length <= ahead);
      free.forEach((slot, index) => this.#give(slot, free.length - index));
    }
    this.#keepAliveWhileBusy();
    if (!this.#isBusy()) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Hands a worker its share of what waits, of so many workers. */
  #give(slot: Slot, workers: number): void {
    const share = Math.ceil(this.#waiting.length / workers);
    const batch = this.#waiting.splice(0, Math.min(share, MAX_BATCH));
    if (batch.length === 0) return;
    slot.batches.push(batch);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    slot.worker.postMessage(batch.map((job) => job.policy));
  }

  #isBusy(): boolean {
    return this.#waiting.length > 0 || [...this.#slots].some((slot) => slot.batches.length > 0);
  }

  #keepAliveWhileBusy(): void {
    // While closing too: the process must not end before the workers have.
    const isNeeded = this.#isClosed || this.#isBusy() || this.#whenReady.length > 0;
    for (const { worker } of this.#slots) {
      if (isNeeded) worker.ref();
      else worker.unref();
    }
  }
}
