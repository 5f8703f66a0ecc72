import type { Signer } from './signer.js';
import type { SigningKey } from '../keys/signing-key.js';

/** One piece of work that began with a key and ends with it, whatever happens to the key file meanwhile. */
export interface SigningTurn {
  readonly key: SigningKey;
  /** As {@link Signer.sign}. */
  sign(policyText: string): Promise<string>;
  /** Must be called once, or a retired key is never put away. */
  end(): void;
}

interface Post {
  readonly key: SigningKey;
  readonly signer: Signer;
  turns: number;
  isRetired: boolean;
}

/**
 * Holds the key in force together with its signer. They change together, by one assignment: no cookie can
 * carry the id of one key and the signature of another (K18).
 */
export class SigningDesk {
  readonly #makeSigner: (key: SigningKey) => Signer;
  readonly #closing = new Set<Promise<void>>();
  #post: Post;

  /** Throws what `makeSigner` throws. */
  constructor(key: SigningKey, makeSigner: (key: SigningKey) => Signer) {
    this.#makeSigner = makeSigner;
    this.#post = { key, signer: makeSigner(key), turns: 0, isRetired: false };
  }

  get key(): SigningKey {
    return this.#post.key;
  }

  /** Signatures that wait for a thread. */
  get waiting(): number {
    return this.#post.signer.waiting();
  }

  begin(): SigningTurn {
    const post = this.#post;
    post.turns += 1;
    return {
      key: post.key,
      sign: (policyText) => post.signer.sign(policyText),
      end: () => {
        post.turns -= 1;
        this.#putAwayIfDone(post);
      },
    };
  }

  /** Resolves when the new key signs and is in force; rejects when it cannot sign, and the old one stays. */
  async replace(key: SigningKey): Promise<void> {
    const signer = this.#makeSigner(key);
    try {
      await signer.ready();
    } catch (error) {
      await signer.close();
      throw error;
    }
    const old = this.#post;
    this.#post = { key, signer, turns: 0, isRetired: false };
    old.isRetired = true;
    this.#putAwayIfDone(old);
  }

  ready(): Promise<void> {
    return this.#post.signer.ready();
  }

  /** Finishes what was accepted, then ends every signer. */
  async close(): Promise<void> {
    await Promise.all([this.#post.signer.close(), ...this.#closing]);
  }

  #putAwayIfDone(post: Post): void {
    if (!post.isRetired || post.turns > 0) return;
    const closing: Promise<void> = post.signer.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
