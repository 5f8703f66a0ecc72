import type { TracedEvent } from './traced-writes.js';

/**
 * What is left of the writes that no fsync had confirmed when the power failed: nothing; some of them in any
 * order, as a disk with a cache may do; or all, as after the end of a process.
 */
export type Survival = 'only what was synced' | 'some of the rest' | 'everything';

type Change = Extract<TracedEvent, { readonly kind: 'write' | 'resize' | 'grow' }>;

/** One file: the content that was synced, and the changes since. */
export class TracedFile {
  #safe: GrowingBytes;
  #since: Change[] = [];

  constructor(content: Buffer) {
    this.#safe = new GrowingBytes(content);
  }

  get pending(): number {
    return this.#since.length;
  }

  change(change: Change): void {
    this.#since.push(change);
  }

  /** Gives what makes the changes so far safe. */
  beginSync(): () => void {
    const confirmed = new Set(this.#since);
    return () => {
      for (const change of this.#since) if (confirmed.has(change)) this.#safe.change(change);
      this.#since = this.#since.filter((change) => !confirmed.has(change));
    };
  }

  contentAfter(survival: Survival, random: () => number): Buffer {
    const content = new GrowingBytes(Buffer.from(this.#safe.bytes));
    for (const change of this.#since) {
      const survives = survival === 'everything' || (survival === 'some of the rest' && random() < 0.5);
      if (survives) content.change(change);
    }
    return content.bytes;
  }
}

class GrowingBytes {
  #memory: Buffer;
  #size: number;

  constructor(content: Buffer) {
    this.#memory = content;
    this.#size = content.length;
  }

  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#size);
  }

  change(change: Change): void {
    if (change.kind === 'write') {
      this.#resize(Math.max(this.#size, change.offset + change.bytes.length));
      change.bytes.copy(this.#memory, change.offset);
    } else if (change.kind === 'resize') this.#resize(change.size);
    else this.#resize(Math.max(this.#size, change.size));
  }

  #resize(size: number): void {
    if (size > this.#memory.length) {
      const memory = Buffer.alloc(Math.max(size, 2 * this.#memory.length));
      this.bytes.copy(memory);
      this.#memory = memory;
    }
    if (size < this.#size) this.#memory.fill(0, size, this.#size);
    this.#size = size;
  }
}
