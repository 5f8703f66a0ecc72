import { createPublicKey, type AsymmetricKeyDetails } from 'node:crypto';
import type { JSONWebKeySet, JWK } from 'jose';
import { retryAfterSeconds } from './retry-after.js';

/** The part of `fetch` that the download uses; handed in so that tests need no network. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const LIMITS = { timeoutMs: 5_000, maxBodyBytes: 262_144 };
const MAX_KEYS = 100;
const LEAST_RSA_BITS = 2048;
const MOST_RSA_BITS = 8192;

/** Why a key set could not be had: one word for the log, nothing of what the server sent. */
export class JwksFailure extends Error {
  override readonly name = 'JwksFailure';
  constructor(
    readonly reason: string,
    /** How long the server asked to be left alone; `null` where it did not. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(reason);
  }
}

/**
 * Fetches a JSON Web Key Set: within 5 s for all of it, at most 256 KB, no redirect followed (J49: it
 * could point into the own network). Gives only the keys that may verify a signature. Throws JwksFailure.
 */
export async function downloadJwks(url: string, fetch: Fetch, limits = LIMITS): Promise<JSONWebKeySet> {
  const signal = AbortSignal.timeout(limits.timeoutMs);
  const response = await reach(url, fetch, signal);
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => undefined);
    throw new JwksFailure(`jwks_status_${response.status}`, retryAfterSeconds(response.headers));
  }
  const keys = readKeys(await readBounded(response, limits.maxBodyBytes, signal));
  if (keys.length === 0) throw new JwksFailure('jwks_without_usable_key');
  return { keys };
}

async function reach(url: string, fetch: Fetch, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, {
      redirect: 'manual',
      signal,
      headers: { Accept: 'application/jwk-set+json, application/json' },
    });
  } catch {
    throw transportFailure(signal);
  }
}

async function readBounded(response: Response, maxBodyBytes: number, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBodyBytes) throw new JwksFailure('jwks_too_large');
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof JwksFailure ? error : transportFailure(signal);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function transportFailure(signal: AbortSignal): JwksFailure {
  return new JwksFailure(signal.aborted ? 'jwks_timeout' : 'jwks_unreachable');
}

function readKeys(text: string): JWK[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new JwksFailure('jwks_not_json');
  }
  const { keys } = (document ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new JwksFailure('jwks_without_keys');
  return keys.slice(0, MAX_KEYS).filter(mayVerify);
}

/**
 * Whether a key of the set may ever verify a token (J47). A symmetric key in a public document is known
 * to all; so is a private one; an RSA key below 2048 bits can be factored, and with the exponent 1 every
 * text is its own signature. A longer one than 8192 bits is there to cost time.
 */
function mayVerify(value: unknown): value is JWK {
  if (typeof value !== 'object' || value === null) return false;
  const key = value as JWK;
  if (Object.hasOwn(key, 'd') || Object.hasOwn(key, 'k')) return false;
  if (key.use !== undefined && key.use !== 'sig') return false;
  const details = detailsOf(key);
  if (details === null) return false;
  const { modulusLength = 0, publicExponent = 0n } = details;
  return (
    key.kty !== 'RSA' ||
    (modulusLength >= LEAST_RSA_BITS && modulusLength <= MOST_RSA_BITS && publicExponent >= 3n)
  );
}

/** What OpenSSL reads of the key itself, leading zeros gone; `null` for what is no key, or no point of its curve. */
function detailsOf(key: JWK): AsymmetricKeyDetails | null {
  try {
    return createPublicKey({ key, format: 'jwk' }).asymmetricKeyDetails ?? {};
  } catch {
    return null;
  }
}
