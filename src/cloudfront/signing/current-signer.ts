import type { Signer } from './signer.js';
import type { SigningKey } from '../keys/signing-key.js';

/** One piece of work that began with a key and ends with it, whatever happens to the key file meanwhile. */
export interface SigningLease {
  readonly key: SigningKey;
  /** As {@link Signer.sign}. */
  sign(policyText: string): Promise<string>;
  /** Must be called once, or a retired key is never put away. */
  end(): void;
}

interface KeyedSigner {
  readonly key: SigningKey;
  readonly signer: Signer;
  leases: number;
  isRetired: boolean;
}

/**
 * Holds the key in force together with its signer. They change together, by one assignment: no cookie can
 * carry the id of one key and the signature of another (K18).
 */
export class CurrentSigner {
  readonly #makeSigner: (key: SigningKey) => Signer;
  readonly #closing = new Set<Promise<void>>();
  #current: KeyedSigner;

  /** Throws what `makeSigner` throws. */
  constructor(key: SigningKey, makeSigner: (key: SigningKey) => Signer) {
    this.#makeSigner = makeSigner;
    this.#current = { key, signer: makeSigner(key), leases: 0, isRetired: false };
  }

  get key(): SigningKey {
    return this.#current.key;
  }

  /** Signatures that wait for a thread. */
  get waiting(): number {
    return this.#current.signer.waiting();
  }

  begin(): SigningLease {
    const current = this.#current;
    current.leases += 1;
    return {
      key: current.key,
      sign: (policyText) => current.signer.sign(policyText),
      end: () => {
        current.leases -= 1;
        this.#putAwayIfDone(current);
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
    const old = this.#current;
    this.#current = { key, signer, leases: 0, isRetired: false };
    old.isRetired = true;
    this.#putAwayIfDone(old);
  }

  ready(): Promise<void> {
    return this.#current.signer.ready();
  }

  /** Finishes what was accepted, then ends every signer. */
  async close(): Promise<void> {
    await Promise.all([this.#current.signer.close(), ...this.#closing]);
  }

  #putAwayIfDone(current: KeyedSigner): void {
    if (!current.isRetired || current.leases > 0) return;
    const closing: Promise<void> = current.signer.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
