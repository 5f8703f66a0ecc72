import { createPublicKey, type AsymmetricKeyDetails } from 'node:crypto';
import type { FetchImplementation, JWK } from 'jose';
import { errorCode } from '../operation/error-code.js';

/** The part of `fetch` that the download uses; handed in so that tests need no network. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What jose asks of the download: the time limit is in `signal`, and no redirect is followed. */
type DownloadOptions = Parameters<FetchImplementation>[1];

/** Bounds the number of keys as well: one takes 100 bytes at least. */
const MAX_BODY_BYTES = 262_144;
const LEAST_RSA_BITS = 2048;
const MOST_RSA_BITS = 8192;

/** Why a key set could not be had: words for the log, nothing of what the server sent. */
export class JwksFailure extends Error {
  override readonly name = 'JwksFailure';
  /** The code of Node or OpenSSL behind `jwks_unreachable`: `ENOTFOUND`, `SELF_SIGNED_CERT_IN_CHAIN`. */
  readonly code: string | null;
  /** How long the server asked to be left alone; `null` where it did not. */
  readonly retryAfterSeconds: number | null;

  constructor(
    readonly reason: string,
    more: { readonly code?: string | null; readonly retryAfterSeconds?: number | null } = {},
  ) {
    super(reason);
    this.code = more.code ?? null;
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
  }
}

/**
 * Fetches a JSON Web Key Set (RFC 7517 section 5) of at most 256 KB, and gives all of its keys that may verify a
 * signature. A redirect is a failure: it could lead into the own network.
 * @throws {JwksFailure}
 */
export async function downloadKeys(
  url: string,
  options: DownloadOptions,
  fetch: Fetch,
): Promise<readonly JWK[]> {
  const { signal } = options;
  const response = await fetch(url, options).catch((error: unknown) => {
    throw transportFailure(error, signal);
  });
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => undefined);
    const asked = retryAfterSeconds(response.headers);
    throw new JwksFailure(`jwks_status_${response.status}`, { retryAfterSeconds: asked });
  }
  const keys = readKeys(await readBounded(response, signal));
  if (keys.length === 0) throw new JwksFailure('jwks_without_usable_key');
  return keys;
}

async function readBounded(response: Response, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BODY_BYTES) throw new JwksFailure('jwks_too_large');
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof JwksFailure ? error : transportFailure(error, signal);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** fetch says "fetch failed" of everything; what failed is its cause. */
function transportFailure(error: unknown, signal: AbortSignal): JwksFailure {
  if (signal.aborted) return new JwksFailure('jwks_timeout');
  const { cause } = (error ?? {}) as { readonly cause?: unknown };
  return new JwksFailure('jwks_unreachable', { code: errorCode(cause) ?? errorCode(error) });
}

function readKeys(text: string): readonly JWK[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new JwksFailure('jwks_not_json');
  }
  const { keys } = (document ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new JwksFailure('jwks_without_keys');
  return keys.filter(mayVerify);
}

/**
 * Whether a key of the set may ever verify a token. A symmetric key in a public document is known to all; so is a
 * private one; an RSA key below 2048 bits can be factored, and with the exponent 1 every text is its own
 * signature. A longer one than 8192 bits is there to cost time.
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

/**
 * How many seconds a server asks to be left alone (RFC 9110 section 10.2.3): a number, or a date, which is compared
 * with the server's own. `null` where it says nothing that can be read.
 */
export function retryAfterSeconds(headers: Headers): number | null {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const milliseconds = Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(milliseconds) ? null : Math.max(0, Math.ceil(milliseconds / 1000));
}
