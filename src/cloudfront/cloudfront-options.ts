import type { Clock } from '../operation/clock.js';
import { readAppOrigin, readCloudFrontUrl, readPublicUrl, type AddressResult } from './addresses.js';
import {
  deriveCookieAttributes,
  type CookieAttributes,
  type CookieAttributesInput,
} from './cookies/cookie-attributes.js';
import type { CloudFrontFault, FieldNames } from './fault.js';
import type { HashAlgorithm } from './signing/signature.js';
import { loadSigningKey, type SigningKey } from './keys/signing-key.js';

/** What a host application hands in: plain values, no environment variable is read. */
export interface CloudFrontOptions {
  /** The distribution as the viewer sees it: `https://cdn.example.com`. */
  readonly cloudFrontUrl: string;
  /** The API as browsers see it; may end in a path, under which our own cookie then lives. */
  readonly publicUrl: string;
  /** Exact origins of the pages that ask for grants. */
  readonly appOrigins: readonly string[];
  /** May be left out where the key text begins with a line `Key-Pair-Id: K…`. */
  readonly keyPairId?: string | null;
  /** PEM with real newlines, `\n` escapes or quotes, or base64 of the PEM. */
  readonly privateKey: string;
  /** Default `SHA1`, which every CloudFront understands. */
  readonly hashAlgorithm?: HashAlgorithm;
  /** Default `production`. */
  readonly environment?: 'production' | 'development' | 'test';
  /** Each derived from the addresses when left out. */
  readonly cookies?: {
    readonly domain?: string | null;
    readonly sameSite?: 'Lax' | 'Strict' | 'None' | null;
    readonly secure?: boolean | null;
    readonly partitioned?: boolean | null;
    readonly path?: 'prefix' | 'root';
  };
  /** Threads that sign; 0 signs on the calling one, for bundles that leave the worker file out. Default: by key and processors. */
  readonly signingThreads?: number;
  /** Default: the machine's own clock. */
  readonly clock?: Clock;
  /** Hears what works but deserves attention. Default: a line in Nest's log at start. */
  readonly onWarning?: (warning: string) => void;
}

/** The options after reading: everything that the service works with, read and parsed once. */
export interface CheckedOptions extends Pick<CloudFrontOptions, 'clock' | 'onWarning' | 'signingThreads'> {
  readonly cloudFrontUrl: string;
  readonly key: SigningKey;
  readonly hashAlgorithm: HashAlgorithm;
  readonly attributes: CookieAttributes;
  /** What works but deserves attention. */
  readonly warnings: readonly string[];
}

/** Fields are named as the options are; the text of a key comes from one option, wherever the host has it from. */
const OPTION_OF_FIELD: FieldNames = {
  publicUrl: 'publicUrl',
  cloudFrontUrl: 'cloudFrontUrl',
  appOrigins: 'appOrigins',
  keyPairId: 'keyPairId',
  privateKey: 'privateKey',
  privateKeyFile: 'privateKey',
  'cookies.domain': 'cookies.domain',
  'cookies.sameSite': 'cookies.sameSite',
  'cookies.secure': 'cookies.secure',
  'cookies.partitioned': 'cookies.partitioned',
};

const EXPECTED_ADDRESS = {
  cloudFrontUrl:
    'the host of the distribution as browsers see it: https://cdn.example.com, nothing after the host',
  publicUrl:
    'the API as browsers see it: https://api.example.com, or with a path https://www.example.com/api',
  appOrigins: 'one exact origin: https://app.example.com, never * and nothing after the host and port',
} as const;
type AddressField = keyof typeof EXPECTED_ADDRESS;

/**
 * Everything in the options that cannot work, at once.
 * @example if (error instanceof CloudFrontOptionsError) console.error(error.message)
 */
export class CloudFrontOptionsError extends Error {
  override readonly name = 'CloudFrontOptionsError';

  /** One by one. Not enumerable, so that a host's log says everything once. */
  declare readonly faults: readonly CloudFrontFault[];

  constructor(faults: readonly CloudFrontFault[]) {
    const lines = faults.map(
      ({ field, expected, found, todo }) =>
        `${OPTION_OF_FIELD[field]}: expected ${expected}; found ${found}; ${todo}`,
    );
    super(`these CloudFront options cannot work:\n${lines.join('\n')}`);
    Object.defineProperty(this, 'faults', { value: faults, enumerable: false });
  }
}

/** Checks the options with the rules of the settings. Throws {@link CloudFrontOptionsError}. */
export function checkOptions(options: CloudFrontOptions): CheckedOptions {
  const faults: CloudFrontFault[] = [];
  const addresses = readAddresses(options, faults);
  const loaded = loadSigningKey({
    text: options.privateKey,
    file: null,
    keyPairId: options.keyPairId ?? null,
    names: OPTION_OF_FIELD,
  });
  if ('fault' in loaded) faults.push(loaded.fault);
  const derived =
    addresses === null ? null : deriveCookieAttributes({ ...addresses, ...cookieOptions(options) });
  if (derived !== null && 'faults' in derived) faults.push(...derived.faults);
  if (addresses === null || derived === null || 'faults' in derived || 'fault' in loaded) {
    throw new CloudFrontOptionsError(faults);
  }
  const { clock, onWarning, signingThreads } = options;
  return {
    ...(clock === undefined ? {} : { clock }),
    ...(onWarning === undefined ? {} : { onWarning }),
    ...(signingThreads === undefined ? {} : { signingThreads }),
    cloudFrontUrl: addresses.cloudFrontUrl,
    key: loaded.key,
    hashAlgorithm: options.hashAlgorithm ?? 'SHA1',
    attributes: derived.attributes,
    warnings: derived.warnings,
  };
}

function readAddresses(
  options: CloudFrontOptions,
  faults: CloudFrontFault[],
): Pick<CookieAttributesInput, 'cloudFrontUrl' | 'publicUrl' | 'appOrigins'> | null {
  const environment = options.environment ?? 'production';
  const keep = <Address>(field: AddressField, result: AddressResult<Address>): Address | null => {
    if ('address' in result) return result.address;
    faults.push({ field, expected: EXPECTED_ADDRESS[field], ...result.fault });
    return null;
  };
  const cloudFrontUrl = keep('cloudFrontUrl', readCloudFrontUrl(options.cloudFrontUrl, environment));
  const publicUrl = keep('publicUrl', readPublicUrl(options.publicUrl, environment));
  const origins = options.appOrigins.map((origin) => keep('appOrigins', readAppOrigin(origin, environment)));
  const appOrigins = origins.filter((origin) => origin !== null);
  if (origins.length === 0) {
    const todo = 'name the origin of the page that asks for grants';
    faults.push({ field: 'appOrigins', expected: 'at least one origin', found: 'none', todo });
  }
  if (cloudFrontUrl === null || publicUrl === null || appOrigins.length !== origins.length) return null;
  return origins.length === 0 ? null : { cloudFrontUrl, publicUrl, appOrigins };
}

function cookieOptions(
  options: CloudFrontOptions,
): Pick<CookieAttributesInput, 'environment' | 'cookies' | 'names'> {
  const {
    domain = null,
    sameSite = null,
    secure = null,
    partitioned = null,
    path = 'prefix',
  } = options.cookies ?? {};
  return {
    environment: options.environment ?? 'production',
    cookies: { domain, sameSite, secure, partitioned, path },
    names: OPTION_OF_FIELD,
  };
}

/** What this deployment tells CloudFront and the browser, to compare with what they have. Nothing of it is secret. */
export interface CloudFrontDescription {
  readonly keyPairId: string;
  readonly keyType: SigningKey['type'];
  /** The public key, as CloudFront must hold it under that id (`EncodedKey`). */
  readonly publicKeyPem: string;
  /** SHA-256 of the public key's SPKI DER, hex with colons; the same as `openssl pkey -pubin -outform DER | openssl sha256 -c`. */
  readonly fingerprint: string;
  readonly hashAlgorithm: HashAlgorithm;
  readonly cookies: {
    /** `null`: host-only. */
    readonly domain: string | null;
    readonly sameSite: CookieAttributes['sameSite'];
    readonly secure: boolean;
    readonly partitioned: boolean;
    readonly path: CookieAttributes['pathMode'];
  };
}

/** Takes the checked options; gives what may be shown of them. Named one by one, so that no private member slips in. */
export function describeCloudFront({
  key,
  hashAlgorithm,
  attributes,
}: CheckedOptions): CloudFrontDescription {
  const { domain, sameSite, secure, partitioned, pathMode } = attributes;
  return {
    keyPairId: key.keyPairId,
    keyType: key.type,
    publicKeyPem: key.publicKeyPem,
    fingerprint: key.fingerprint,
    hashAlgorithm,
    cookies: { domain, sameSite, secure, partitioned, path: pathMode },
  };
}
