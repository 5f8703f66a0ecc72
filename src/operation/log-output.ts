import { writeSync } from 'node:fs';
import { errorCode } from './error-code.js';

/**
 * How long the service waits for a reader that cannot keep up, before lines are lost instead. Used up, it grows
 * again by a millisecond a line, so that a slow reader does not hold the service again and again.
 */
const LONGEST_WAIT_MILLISECONDS = 100;

/** Writes some of the bytes from `offset` on; gives how many. Node's `writeSync`. */
type Write = (descriptor: number, bytes: Uint8Array, offset: number) => number;

/**
 * Writes log lines to a file descriptor, and lets nothing that happens to the log happen to the service: a
 * line that cannot be written (the reader has gone, its disk is full, N46) is counted and forgotten, and the
 * next one is tried anew. Writing waits for the disk, so that no line is lost when the process ends.
 */
export class LogOutput {
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #linesLost = 0;
  #isTorn = false;
  #waitMillisecondsLeft = LONGEST_WAIT_MILLISECONDS;

  constructor(
    private readonly descriptor: number,
    private readonly writeSome: Write = writeSync,
  ) {}

  /** Lines that could not be written. */
  get linesLost(): number {
    return this.#linesLost;
  }

  /** Takes a line with its end. */
  write(line: string): void {
    // What was left of a line that could not be ended must not spoil this one.
    const bytes = Buffer.from(this.#isTorn ? `\n${line}` : line);
    const written = this.#writeWhatPasses(bytes);
    if (written < bytes.length) this.#linesLost += 1;
    else this.#waitMillisecondsLeft = Math.min(LONGEST_WAIT_MILLISECONDS, this.#waitMillisecondsLeft + 1);
    if (written > 0) this.#isTorn = written < bytes.length;
  }

  #writeWhatPasses(bytes: Uint8Array): number {
    let written = 0;
    while (written < bytes.length) {
      try {
        written += this.writeSome(this.descriptor, bytes, written);
      } catch (error) {
        // What a non-blocking pipe says when it is full.
        const isFull = errorCode(error) === 'EAGAIN';
        if (!isFull || this.#waitMillisecondsLeft === 0) return written;
        this.#waitMillisecondsLeft -= 1;
        Atomics.wait(this.#sleeper, 0, 0, 1);
      }
    }
    return written;
  }
}
