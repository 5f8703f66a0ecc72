import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import {
  checkSignerPackage,
  isSignatureOf,
  PROBE_POLICY,
  signPolicy,
  type HashAlgorithm,
} from './signature.js';
import { SigningPool } from './signing-pool.js';
import type { SigningKey } from '../keys/signing-key.js';

export { SignerFailedError, SignerOverloadedError } from './signing-pool.js';

/** Makes the signatures of policies, away from the event loop where they are expensive. */
export interface Signer {
  /**
   * Takes the finished policy text; gives the value of `CloudFront-Signature`. Rejects with
   * SignerOverloadedError when too many wait, with SignerFailedError when it cannot be done.
   */
  sign(policyText: string): Promise<string>;
  /** Resolves when signing is known to work on the workers too; rejects with SignerFailedError. */
  ready(): Promise<void>;
  /** How many policies wait for a worker. */
  waiting(): number;
  /** Finishes what was accepted, then ends the workers. */
  close(): Promise<void>;
}

export interface SignerOptions {
  readonly key: SigningKey;
  readonly hashAlgorithm: HashAlgorithm;
  /**
   * Worker threads at most; 0 signs on the calling thread, and so does a bundle without the worker's file.
   * Default: by key and number of processors.
   */
  readonly workers?: number;
  /** Policies that may wait for a worker. Default 1000, about a third of a second of RSA-2048 on one worker. */
  readonly queueLimit?: number;
}

const DEFAULT_QUEUE_LIMIT = 1_000;
const MAX_DEFAULT_WORKERS = 4;
// Signatures of the running second and those under way; beyond that only memory is spent.
const REMEMBERED_SIGNATURES = 1_024;

/**
 * Takes a key and a hash; gives the signer. Throws Error when a probe signature does not verify.
 * Equal texts share one signature: the text contains the second of expiry, so the grants of one prefix
 * in one second need one (RSA PKCS #1 v1.5 is deterministic; for ECDSA any valid one serves).
 */
export function createSigner(options: SignerOptions): Signer {
  const { key, hashAlgorithm } = options;
  checkSignerPackage(key, hashAlgorithm);
  const workerUrl = (options.workers ?? defaultWorkers(key)) > 0 ? workerFile() : null;
  const engine = workerUrl === null ? callingThread(key, hashAlgorithm) : workerEngine(options, workerUrl);
  // Two generations: a Map that its eldest entries leave one by one keeps what it held (`ongoing.ts`).
  let young = new Map<string, Promise<string>>();
  let old = young;

  return {
    ready: () => engine.ready(),
    waiting: () => engine.waiting(),
    close: () => engine.close(),
    sign(policyText) {
      const known = young.get(policyText) ?? old.get(policyText);
      if (known !== undefined) return known;
      if (young.size >= REMEMBERED_SIGNATURES / 2) {
        old = young;
        young = new Map();
      }
      const shared = young;
      const signature = engine.sign(policyText);
      shared.set(policyText, signature);
      signature.catch(() => shared.delete(policyText));
      return signature;
    },
  };
}

/** P-256 signs in 0.03 ms, about what a message to a worker and back costs; RSA-2048 needs eight times as long. */
function defaultWorkers(key: SigningKey): number {
  return key.type === 'P-256' ? 0 : Math.min(MAX_DEFAULT_WORKERS, Math.max(1, availableParallelism() - 1));
}

/**
 * What a host should know when this program stands in one bundled file: the worker's own file is not beside
 * it, so policies are signed on the calling thread. `null` where there is nothing to say.
 * @param workers as in {@link SignerOptions}
 */
export function missingWorkerWarning(key: SigningKey, workers: number | undefined): string | null {
  if ((workers ?? defaultWorkers(key)) === 0 || workerFile() !== null) return null;
  return (
    'the signing worker is not beside this file, as in a bundle: policies are signed on the main thread, about ' +
    '0.3 ms each with an RSA key; keep edgepass out of the bundle (esbuild --external:edgepass) to sign on ' +
    'threads, or set signingThreads to 0 to accept it'
  );
}

/** The file that the signing threads run, or `null` where it is not beside this one. */
function workerFile(): URL | null {
  try {
    // The same extension as this file: `.js` from dist, `.ts` under jest, where Node strips the types.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const url = new URL(`./signer.worker.${extension}`, import.meta.url);
    return existsSync(url) ? url : null;
  } catch {
    // A bundle in CommonJS has no import.meta.url.
    return null;
  }
}

function workerEngine({ key, hashAlgorithm, workers, queueLimit }: SignerOptions, workerUrl: URL): Signer {
  return new SigningPool({
    workerUrl,
    workerData: {
      keyPairId: key.keyPairId,
      privateKey: key.privateKey,
      algorithm: hashAlgorithm,
      probe: PROBE_POLICY,
    },
    isProbeSignature: (signature) => isSignatureOf(key.publicKey, hashAlgorithm, PROBE_POLICY, signature),
    maxWorkers: workers ?? defaultWorkers(key),
    queueLimit: queueLimit ?? DEFAULT_QUEUE_LIMIT,
  });
}

function callingThread(key: SigningKey, hashAlgorithm: HashAlgorithm): Signer {
  return {
    sign: async (policyText) => signPolicy(key, hashAlgorithm, policyText),
    ready: () => Promise.resolve(),
    waiting: () => 0,
    close: () => Promise.resolve(),
  };
}

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
