import { hash } from 'node:crypto';
import type { Viewer } from './viewer.js';

/** A token that was found genuine: whose it is, when it may be used, and with which keys that was found. */
export interface GenuineToken {
  readonly viewer: Viewer;
  readonly expiresAtEpochSeconds: number;
  /** `null` where the token names no beginning. */
  readonly notBeforeEpochSeconds: number | null;
  /** The version of the key source when the check began. */
  readonly keysVersion: number;
}

/** Of all tokens together; about 10,000 of the usual size. Beyond it the one that was not used for longest goes. */
const MAX_BYTES = 8 * 1024 * 1024;
/** What an entry takes beside the texts of its token. */
const ENTRY_BYTES = 256;

interface Entry extends GenuineToken {
  readonly bytes: number;
}

/**
 * Tokens that were found genuine, so that a caller who comes again with the same one costs a hash instead of a
 * signature check. It holds hashes, never a token. Whether the token may be used now, with the keys that are in
 * force now, is for the caller of `get` to decide, each time.
 */
export class RememberedTokens {
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** @param maxBytes bounds the memory, see {@link MAX_BYTES} */
  constructor(private readonly maxBytes: number = MAX_BYTES) {}

  get(key: string): GenuineToken | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    // The order of the map is the order of use.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  /** @param tokenBytes the length of the token: id and groups are parts of it, so they take no more */
  set(key: string, token: GenuineToken, tokenBytes: number): void {
    this.delete(key);
    const bytes = tokenBytes + ENTRY_BYTES;
    this.#entries.set(key, { ...token, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.maxBytes) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }

  get size(): number {
    return this.#entries.size;
  }
}

/** The name of a token in {@link RememberedTokens}: all of it counts, its signature too. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'base64');
}
