import {
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from 'jose';
import type { Clock } from '../operation/clock.js';
import { Problem } from '../http/problems/problem.js';
import {
  isAccessTokenType,
  isBoundToKey,
  isMadeForAnotherPurpose,
  viewerFromClaims,
  type ClaimNames,
} from './token-claims.js';
import { tokenExpired, tokenInvalid, tokenNotYetValid } from './token-problems.js';
import { openKeySource, type JwtSettings, type KeySource, type OpenedKeys } from './verification-keys.js';
import type { Viewer } from './viewer.js';
import { hash } from 'node:crypto';

/** Reads from an access token the caller it was issued to. */
export interface AccessTokenVerifier {
  /**
   * @param token a compact JWS, as presented
   * @throws Problem `token_invalid`, `token_expired`, `token_not_yet_valid`, `keys_unavailable` or
   *   `clock_untrusted`
   */
  verify(token: string): Promise<Viewer>;
}

/** Injection token of the {@link AccessTokenVerifier}. */
export const ACCESS_TOKEN_VERIFIER = Symbol('edgepass.access-token-verifier');

/** A larger one is refused before any cryptography. */
const MAX_TOKEN_BYTES = 8_192;
/** How far the clocks of issuer and service may be apart. */
const LEEWAY_SECONDS = 30;
/** A signature is checked with so many keys at most: issuers have two while one replaces the other. */
const MOST_KEYS_TRIED = 10;
/** Three parts of unpadded base64url, none empty: no JWE, no JSON serialisation, no `alg: none`. */
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** What a token must be to be accepted. */
export interface TokenRules extends ClaimNames {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
}

/**
 * The verifier for AUTH_MODE=jwt.
 * @param clock judges tokens
 * @throws {KeySourceError}
 */
export async function createAccessTokenVerifier(
  settings: JwtSettings,
  clock: Clock,
  opened: OpenedKeys,
): Promise<AccessTokenVerifier> {
  return new JwtVerifier(settings, await openKeySource(settings, opened), clock);
}

/** Verifies a token against fixed rules (RFC 8725 section 3) with the keys of one source. */
export class JwtVerifier implements AccessTokenVerifier {
  readonly #options: JWTVerifyOptions;

  constructor(
    private readonly rules: TokenRules,
    private readonly keys: KeySource,
    private readonly clock: Clock,
    private readonly remembered: RememberedTokens = new RememberedTokens(),
  ) {
    this.#options = {
      issuer: rules.issuer,
      audience: rules.audience,
      algorithms: [...rules.algorithms],
      clockTolerance: LEEWAY_SECONDS,
      requiredClaims: ['exp'],
    };
  }

  async verify(token: string): Promise<Viewer> {
    if (Buffer.byteLength(token, 'utf8') > MAX_TOKEN_BYTES) throw tokenInvalid('token_too_long');
    const key = tokenHash(token);
    const known = this.#remembered(key);
    if (known !== null) return known;
    this.#refuseByShape(token);
    // Before the check: a key that is withdrawn while it goes on must not be remembered as good.
    const keysVersion = this.keys.version;
    const claims = await this.#genuineClaims(token);
    const viewer = viewerFromClaims(claims, this.rules);
    if (keysVersion !== null && claims.exp !== undefined) {
      const { exp: expiresAtEpochSeconds, nbf: notBeforeEpochSeconds = null } = claims;
      const genuine = { viewer, expiresAtEpochSeconds, notBeforeEpochSeconds, keysVersion };
      this.remembered.set(key, genuine, token.length);
    }
    return viewer;
  }

  /**
   * The viewer of a token that was found genuine with the keys that are in force, and may be used now. In every
   * other case the token is checked as if it had never been seen, and refused with that reason.
   */
  #remembered(key: string): Viewer | null {
    const token = this.remembered.get(key);
    if (token === null) return null;
    const now = this.clock.nowEpochSeconds();
    const mayBeUsed =
      token.keysVersion === this.keys.version &&
      token.expiresAtEpochSeconds > now - LEEWAY_SECONDS &&
      (token.notBeforeEpochSeconds ?? 0) <= now + LEEWAY_SECONDS;
    if (mayBeUsed) return token.viewer;
    this.remembered.delete(key);
    return null;
  }

  /** Everything that can be refused before a key is looked up: a flood of rubbish costs no download. */
  #refuseByShape(token: string): void {
    if (!COMPACT_JWS.test(token)) throw tokenInvalid('not_a_compact_jws');
    const { alg, kid, typ, crit, b64 } = readHeader(token);
    if (alg === undefined || !this.rules.algorithms.includes(alg))
      throw tokenInvalid('algorithm_not_allowed');
    if (crit !== undefined || b64 !== undefined) throw tokenInvalid('critical_extension');
    if (kid !== undefined && typeof kid !== 'string') throw tokenInvalid('key_id');
    if (!isAccessTokenType(typ)) throw tokenInvalid('token_type');
  }

  async #genuineClaims(token: string): Promise<JWTPayload> {
    const currentDate = new Date(this.clock.nowEpochSeconds() * 1000);
    try {
      const { payload, protectedHeader } = await this.#verify(token, { ...this.#options, currentDate });
      if (isMadeForAnotherPurpose(protectedHeader, payload)) throw tokenInvalid('token_purpose');
      if (isBoundToKey(payload)) throw tokenInvalid('token_bound_to_key');
      return payload;
    } catch (error) {
      throw error instanceof Problem ? error : refusal(error);
    }
  }

  async #verify(token: string, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
    try {
      // jku, x5u and jwk of the header are never looked at: the keys have one source (RFC 8725 section 3.10).
      return await jwtVerify(token, (header) => this.keys.keyFor(header), options);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return verifyWithAny(token, error, options);
    }
  }
}

/**
 * Tries the keys that a token may mean, because it names none or because several have the name it gives.
 * @throws the error of the last key that was tried; of a key that fits, what else is wrong with the token
 */
async function verifyWithAny(
  token: string,
  keys: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  let refusal: unknown = keys;
  let tried = 0;
  for await (const key of keys) {
    if (tried === MOST_KEYS_TRIED) throw keys;
    tried += 1;
    try {
      return await jwtVerify(token, key, options);
    } catch (error) {
      // Claims are looked at once the signature has been found genuine.
      if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

function readHeader(token: string): ReturnType<typeof decodeProtectedHeader> {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw tokenInvalid('header_malformed');
  }
}

/** jose's errors and those of WebCrypto on an unusable key, as problems. Their messages stay here. */
function refusal(error: unknown): Problem {
  if (error instanceof errors.JWTExpired) return tokenExpired();
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf' && error.reason === 'check_failed') return tokenNotYetValid();
    return tokenInvalid(`claim_${error.claim}`);
  }
  if (error instanceof errors.JOSEError) return tokenInvalid(error.code.toLowerCase());
  return tokenInvalid('key_cannot_verify_this');
}

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
