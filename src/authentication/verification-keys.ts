import { createSecretKey, type KeyObject } from 'node:crypto';
import type { CryptoKey, JWTHeaderParameters } from 'jose';
import type { Clock } from '../operation/clock.js';
import type { Settings } from '../settings/settings.js';
import type { Fetch } from './jwks-download.js';
import { KeySourceError, readPublicKeyFile } from './public-key-file.js';
import { RemoteKeySet } from './remote-key-set.js';

/** The settings of AUTH_MODE=jwt. */
export type JwtSettings = Extract<Settings['authentication'], { mode: 'jwt' }>;

/** The keys that access tokens are verified with. */
export interface KeySource {
  /** Gives the key for a token's protected header, whose `alg` is on the allow-list already. */
  keyFor(header: JWTHeaderParameters): Promise<CryptoKey | KeyObject>;
  /** Another number once a key has been changed, added or withdrawn; `null` while none may be used. */
  readonly version: number | null;
}

/** A key of the settings stays until the process ends. */
const ONLY_VERSION = 1;

/** RFC 7518 §3.2: a key shorter than the hash of HS256 can be guessed. */
const MIN_SECRET_BYTES = 32;
const SYMMETRIC: ReadonlyMap<string, string> = new Map([
  ['HS256', 'SHA-256'],
  ['HS384', 'SHA-384'],
  ['HS512', 'SHA-512'],
]);
/** Which of the asymmetric algorithms a key of a file can serve. */
const OF_KEY_TYPE: Readonly<Record<string, readonly string[]>> = {
  rsa: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
};
const ASYMMETRIC = new Set([...Object.values(OF_KEY_TYPE).flat(), 'EdDSA', 'Ed25519']);

/**
 * The key set behind AUTH_JWKS_URL; `null` where access tokens are verified with another key. Nothing is fetched
 * yet.
 * @param options.environment in production the address must be https
 * @throws {KeySourceError}
 */
export function openIssuerKeys(
  { keys }: JwtSettings,
  options: { readonly clock: Clock; readonly environment: Settings['environment']; readonly fetch: Fetch },
): RemoteKeySet | null {
  if (keys.kind !== 'jwks') return null;
  checkUrl(keys.url, options.environment === 'production');
  return new RemoteKeySet(keys.url, options.clock, options.fetch);
}

/** What has been opened before, of the key source that the settings name. */
export interface OpenedKeys {
  /** The key set of AUTH_JWKS_URL, as {@link openIssuerKeys} gives it. */
  readonly issuerKeys: RemoteKeySet | null;
  /** The key of AUTH_PUBLIC_KEY_FILE; `null`: the file is still to be read. */
  readonly fileKey: KeyObject | null;
}

/**
 * Opens the key source of the settings. Symmetric and asymmetric algorithms are never mixed: with both, a
 * token signed by HMAC with the public key as its secret would pass (RFC 8725 section 2.1).
 * @throws {KeySourceError}
 */
export async function openKeySource(
  { keys, algorithms }: JwtSettings,
  { issuerKeys, fileKey }: OpenedKeys,
): Promise<KeySource> {
  checkAlgorithms(algorithms, keys.kind === 'secret' ? new Set(SYMMETRIC.keys()) : ASYMMETRIC);
  if (keys.kind === 'secret') return secretSource(Buffer.from(keys.secret.reveal(), 'utf8'), algorithms);
  if (keys.kind === 'publicKeyFile')
    return fileSource(fileKey ?? (await readPublicKeyFile(keys.path)), algorithms);
  if (issuerKeys === null) throw new TypeError('expected the key set of AUTH_JWKS_URL, found none');
  return issuerKeys;
}

/** The key source of one HMAC secret. The keys are imported once: jose would import the bytes per token. */
export function secretSource(secret: Uint8Array, algorithms: readonly string[]): KeySource {
  if (secret.length < MIN_SECRET_BYTES) {
    throw new KeySourceError({
      setting: 'AUTH_SECRET',
      expected: 'at least 32 bytes',
      found: `${secret.length} bytes`,
      todo: 'make a longer one, at random',
    });
  }
  const secretKey = createSecretKey(secret);
  const imported = new Map(
    algorithms.map((algorithm) => {
      const hash = SYMMETRIC.get(algorithm) ?? '';
      return [algorithm, secretKey.toCryptoKey({ name: 'HMAC', hash }, false, ['verify'])];
    }),
  );
  return {
    version: ONLY_VERSION,
    async keyFor({ alg }) {
      const key = imported.get(alg);
      if (key === undefined)
        throw new Error(`Expected one of ${algorithms.join(', ')}, found another algorithm.`);
      return key;
    },
  };
}

function fileSource(key: KeyObject, algorithms: readonly string[]): KeySource {
  const type = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? '';
  const possible = OF_KEY_TYPE[type] ?? [];
  if (!algorithms.some((algorithm) => possible.includes(algorithm))) {
    throw new KeySourceError({
      setting: 'AUTH_ALGORITHMS',
      expected: `one of ${possible.join(', ')} for the key in AUTH_PUBLIC_KEY_FILE`,
      found: algorithms.join(','),
      todo: 'name the algorithm that the issuer signs with',
    });
  }
  return { version: ONLY_VERSION, keyFor: () => Promise.resolve(key) };
}

function checkAlgorithms(algorithms: readonly string[], allowed: ReadonlySet<string>): void {
  const others = algorithms.filter((algorithm) => !allowed.has(algorithm));
  if (algorithms.length > 0 && others.length === 0) return;
  throw new KeySourceError({
    setting: 'AUTH_ALGORITHMS',
    expected: `some of ${[...allowed].join(', ')} for this key source`,
    found: others.join(',') || 'none',
    todo: 'name algorithms of one kind: HS… go with AUTH_SECRET only',
  });
}

function checkUrl(url: string, httpsOnly: boolean): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : 'no URL';
  if (protocol === 'https:' || (protocol === 'http:' && !httpsOnly)) return;
  throw new KeySourceError({
    setting: 'AUTH_JWKS_URL',
    expected: 'an https:// URL',
    found: protocol,
    todo: 'use https: keys that are changed on the way let a stranger sign in as anyone',
  });
}
