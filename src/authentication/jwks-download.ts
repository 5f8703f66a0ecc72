import type { JSONWebKeySet, JWK } from 'jose';

/** The part of `fetch` that the download uses; handed in so that tests need no network. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 5_000;
const MAX_BODY_BYTES = 262_144;
const MAX_KEYS = 100;
const MIN_RSA_BYTES = 256;

/** Why a key set could not be had: one word for the log, nothing of what the server sent. */
export class JwksFailure extends Error {
  override readonly name = 'JwksFailure';
  constructor(readonly reason: string) {
    super(reason);
  }
}

/**
 * Fetches a JSON Web Key Set: within 5 s for all of it, at most 256 KB, no redirect followed (J49: it
 * could point into the own network). Gives only the keys that may verify a signature. Throws JwksFailure.
 */
export async function downloadJwks(url: string, fetch: Fetch): Promise<JSONWebKeySet> {
  const response = await reach(url, fetch);
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => undefined);
    throw new JwksFailure(`jwks_status_${response.status}`);
  }
  const keys = readKeys(await readBounded(response));
  if (keys.length === 0) throw new JwksFailure('jwks_without_usable_key');
  return { keys };
}

async function reach(url: string, fetch: Fetch): Promise<Response> {
  try {
    return await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { Accept: 'application/jwk-set+json, application/json' },
    });
  } catch (error) {
    throw transportFailure(error);
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BODY_BYTES) throw new JwksFailure('jwks_too_large');
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof JwksFailure ? error : transportFailure(error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function transportFailure(error: unknown): JwksFailure {
  return new JwksFailure(
    error instanceof Error && error.name === 'TimeoutError' ? 'jwks_timeout' : 'jwks_unreachable',
  );
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
 * to all; so is a private one; and an RSA key below 2048 bits can be factored.
 */
function mayVerify(value: unknown): value is JWK {
  if (typeof value !== 'object' || value === null) return false;
  const key = value as JWK;
  if (Object.hasOwn(key, 'd') || Object.hasOwn(key, 'k')) return false;
  if (key.use !== undefined && key.use !== 'sig') return false;
  if (key.kty === 'EC' || key.kty === 'OKP') return true;
  return (
    key.kty === 'RSA' && typeof key.n === 'string' && Buffer.from(key.n, 'base64url').length >= MIN_RSA_BYTES
  );
}
