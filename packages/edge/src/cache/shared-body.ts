import { Readable } from 'node:stream';

/** How much of a body may be kept. */
export interface BodyLimit {
  /** Takes memory for so many further bytes; false when there is none for them. */
  reserve(bytes: number): boolean;
  /** Gives back all that was taken. */
  release(): void;
}

/**
 * A body on its way from the origin, which several viewers read while it comes, and of which the whole is kept when it
 * fits. As long as it fits, a slow viewer holds up nobody; beyond that the origin waits for the slowest.
 */
export class SharedBody {
  /** The whole body; null when it did not fit or did not come to its end. */
  readonly whole: Promise<Buffer | null>;
  private readonly viewers = new Set<Readable>();
  private readonly waiting = new Set<Readable>();
  private readonly settle: (whole: Buffer | null) => void;
  private chunks: Buffer[] | null = [];
  private receivedBytes = 0;
  private isComplete = false;

  constructor(
    private readonly source: Readable,
    private readonly byteLength: number | null,
    private readonly limit: BodyLimit,
  ) {
    const { promise, resolve } = Promise.withResolvers<Buffer | null>();
    this.whole = promise;
    this.settle = resolve;
    // Nothing flows before the first viewer is there.
    source.pause();
    source.on('data', (chunk: Buffer) => this.receive(chunk));
    source.pause();
    source.once('end', () => this.complete());
    source.once('error', (error) => this.fail(error));
    source.once('close', () => this.fail(new Error('the origin broke off')));
  }

  /** A further viewer's stream from the first byte on; null when the beginning is no longer there. */
  open(): Readable | null {
    if (this.chunks === null) return null;
    const viewer: Readable = new Readable({
      read: () => {
        this.waiting.delete(viewer);
        if (this.waiting.size === 0) this.source.resume();
      },
      destroy: (error, callback) => {
        this.leave(viewer);
        callback(error);
      },
    });
    for (const chunk of this.chunks) viewer.push(chunk);
    if (this.isComplete) viewer.push(null);
    else this.viewers.add(viewer);
    this.source.resume();
    return viewer;
  }

  private receive(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    if (this.chunks !== null && this.limit.reserve(chunk.length)) this.chunks.push(chunk);
    else this.keepNothing();
    for (const viewer of this.viewers) {
      const hasSpace = viewer.push(chunk);
      if (!hasSpace && this.chunks === null) this.waiting.add(viewer);
    }
    if (this.waiting.size > 0) this.source.pause();
  }

  private keepNothing(): void {
    if (this.chunks === null) return;
    this.chunks = null;
    this.limit.release();
    this.settle(null);
  }

  private complete(): void {
    this.isComplete = true;
    const isWhole = this.byteLength === null || this.byteLength === this.receivedBytes;
    if (this.chunks !== null && isWhole) {
      this.settle(Buffer.concat(this.chunks));
      this.limit.release();
    } else {
      this.keepNothing();
    }
    for (const viewer of this.viewers) viewer.push(null);
    this.viewers.clear();
  }

  private fail(error: Error): void {
    if (this.isComplete) return;
    this.keepNothing();
    for (const viewer of this.viewers) viewer.destroy(error);
    this.viewers.clear();
  }

  /** Nobody is served for nothing: without viewers the origin is let go, and nothing is kept (CF-CO, canceled requests). */
  private leave(viewer: Readable): void {
    this.viewers.delete(viewer);
    this.waiting.delete(viewer);
    if (this.isComplete) return;
    if (this.viewers.size === 0) this.source.destroy();
    else if (this.waiting.size === 0) this.source.resume();
  }
}
