import type { EdgeAnswer } from '../edge-answer.js';
import type { HeaderList } from '../header-list.js';
import type { BodyLimit } from './shared-body.js';

/** How much memory the copies may take. */
export interface CacheLimits {
  readonly totalBytes: number;
  /** An object above this is sent through and never stored. */
  readonly objectBytes: number;
}

/** The default limits. */
export const DEFAULT_CACHE_LIMITS: CacheLimits = {
  totalBytes: 256 * 1024 * 1024,
  objectBytes: 32 * 1024 * 1024,
};

/** How a body is written for viewers who read it so. */
export type ContentCoding = 'br' | 'gzip';

/** An answer of the origin in memory, before any response headers policy (R68). */
export interface StoredCopy {
  readonly status: number;
  readonly headers: HeaderList;
  readonly bytes: Buffer;
  /** Length of the body that the headers describe: of a copy made from HEAD there are no bytes. */
  readonly byteLength: number;
  readonly reason: string | undefined;
  readonly code: string | undefined;
  /** How this edge wrote the body, and the tag that the origin gave it. */
  readonly coding: ContentCoding | null;
  readonly originEntityTag: string | undefined;
  readonly addresses: readonly string[];
  /** When it would have been made had it come at once: what `Age` counts from. */
  readonly bornAtEpochSeconds: number;
  readonly freshUntilEpochSeconds: number;
  /** Given while the origin is asked in the background. */
  readonly revalidateUntilEpochSeconds: number;
  /** Given when the origin fails; `Infinity`: as long as it fails. */
  readonly serveOnErrorUntilEpochSeconds: number;
}

/** The copies by key, bounded in bytes; the one that was used least recently goes first. */
export class CopyStore {
  /** A Map keeps its order of insertion: the first is the one used least recently. */
  private readonly copies = new Map<string, StoredCopy>();
  /** It stands last already. */
  private lastUsed: string | undefined;
  private storedBytes = 0;
  private reservedBytes = 0;

  constructor(readonly limits: CacheLimits) {}

  get usedBytes(): number {
    return this.storedBytes + this.reservedBytes;
  }

  find(key: string): StoredCopy | undefined {
    const copy = this.copies.get(key);
    if (copy === undefined || key === this.lastUsed) return copy;
    this.copies.delete(key);
    this.copies.set(key, copy);
    this.lastUsed = key;
    return copy;
  }

  /** Reserves memory for a body that is about to be read; false when it may not be kept. Release it afterwards. */
  reserve(bytes: number): boolean {
    if (bytes > this.limits.objectBytes || this.reservedBytes + bytes > this.limits.totalBytes) return false;
    this.reservedBytes += bytes;
    this.evict();
    return true;
  }

  /** Memory for a body of unknown length, taken piece by piece. */
  memoryForOne(): BodyLimit {
    let taken = 0;
    return {
      reserve: (bytes) => {
        if (taken + bytes > this.limits.objectBytes || !this.reserve(bytes)) return false;
        taken += bytes;
        return true;
      },
      release: () => {
        this.release(taken);
        taken = 0;
      },
    };
  }

  release(bytes: number): void {
    this.reservedBytes -= bytes;
  }

  store(key: string, copy: StoredCopy): void {
    this.remove(key);
    this.copies.set(key, copy);
    this.lastUsed = key;
    this.storedBytes += copyBytes(key, copy);
    this.evict();
  }

  /** Removes every copy that has such an address; gives how many there were. */
  removeWhere(isMeant: (address: string) => boolean): number {
    let removed = 0;
    for (const [key, copy] of this.copies) {
      if (!copy.addresses.some(isMeant)) continue;
      this.remove(key);
      removed += 1;
    }
    return removed;
  }

  private evict(): void {
    for (const key of this.copies.keys()) {
      if (this.usedBytes <= this.limits.totalBytes) return;
      this.remove(key);
    }
  }

  private remove(key: string): void {
    const copy = this.copies.get(key);
    if (copy === undefined) return;
    this.copies.delete(key);
    this.storedBytes -= copyBytes(key, copy);
  }
}

/** What a copy takes beside its body: its key, headers and the objects around them, roughly. */
function copyBytes(key: string, copy: StoredCopy): number {
  const headers = copy.headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return copy.bytes.length + 2 * (3 * key.length + headers) + 1024;
}

const answers = new WeakMap<StoredCopy, EdgeAnswer>();

/** The whole copy as an answer, the same one each time. */
export function answerOf(copy: StoredCopy): EdgeAnswer {
  const known = answers.get(copy);
  if (known !== undefined) return known;
  const answer: EdgeAnswer = {
    status: copy.status,
    headers: copy.headers,
    body: { kind: 'bytes', bytes: copy.bytes },
    ...(copy.reason === undefined ? {} : { reason: copy.reason }),
    ...(copy.code === undefined ? {} : { code: copy.code }),
  };
  answers.set(copy, answer);
  return answer;
}
