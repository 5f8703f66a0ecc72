import type { Clock } from '../operation/clock.js';
import { readAppOrigin, readCloudFrontUrl, readPublicUrl, type AddressResult } from './addresses.js';
import {
  deriveCookieAttributes,
  type CookieAttributes,
  type CookieAttributesInput,
  type CookieAttributesProblem,
} from './cookies/cookie-attributes.js';
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

/** The options after reading: everything that the service works with. */
export interface CheckedOptions {
  readonly cloudFrontUrl: string;
  readonly key: SigningKey;
  readonly hashAlgorithm: HashAlgorithm;
  readonly attributes: CookieAttributes;
  /** In the names of the settings, as the problems are. */
  readonly warnings: readonly string[];
}

const OPTION_OF_SETTING: Readonly<Record<string, string>> = {
  PUBLIC_URL: 'publicUrl',
  CLOUDFRONT_DOMAIN: 'cloudFrontUrl',
  APP_ORIGINS: 'appOrigins',
  CLOUDFRONT_PRIVATE_KEY: 'privateKey',
  CLOUDFRONT_KEY_PAIR_ID: 'keyPairId',
  COOKIE_DOMAIN: 'cookies.domain',
  COOKIE_SAME_SITE: 'cookies.sameSite',
  COOKIE_SECURE: 'cookies.secure',
  COOKIE_PARTITIONED: 'cookies.partitioned',
};

const EXPECTED_ADDRESS = {
  CLOUDFRONT_DOMAIN:
    'the host of the distribution as browsers see it: https://cdn.example.com, nothing after the host',
  PUBLIC_URL:
    'the API as browsers see it: https://api.example.com, or with a path https://www.example.com/api',
  APP_ORIGINS: 'one exact origin: https://app.example.com, never * and nothing after the host and port',
} as const;
type AddressSetting = keyof typeof EXPECTED_ADDRESS;

/**
 * Everything in the options that cannot work, at once.
 * @example if (error instanceof CloudFrontOptionsError) console.error(error.message)
 */
export class CloudFrontOptionsError extends Error {
  override readonly name = 'CloudFrontOptionsError';

  /** In the names of the settings. Not enumerable, so that a host's log says everything once, in its own words. */
  declare readonly problems: readonly CookieAttributesProblem[];

  /** Takes the problems in the names of the settings; the message has the names of the options. */
  constructor(problems: readonly CookieAttributesProblem[]) {
    const lines = problems.map(({ setting, expected, found, todo }) =>
      inTheWordsOfOptions(`${setting}: expected ${expected}; found ${found}; ${todo}`),
    );
    super(`these CloudFront options cannot work:\n${lines.join('\n')}`);
    Object.defineProperty(this, 'problems', { value: problems, enumerable: false });
  }
}

/** Checks the options with the rules of the settings. Throws {@link CloudFrontOptionsError}. */
export function checkOptions(options: CloudFrontOptions): CheckedOptions {
  const problems: CookieAttributesProblem[] = [];
  const addresses = readAddresses(options, problems);
  const loaded = loadSigningKey({
    text: options.privateKey,
    file: null,
    keyPairId: options.keyPairId ?? null,
  });
  if ('problem' in loaded) problems.push(loaded.problem);
  const derived =
    addresses === null ? null : deriveCookieAttributes({ ...addresses, ...cookieSettings(options) });
  if (derived !== null && 'problems' in derived) problems.push(...derived.problems);
  if (addresses === null || derived === null || 'problems' in derived || 'problem' in loaded) {
    throw new CloudFrontOptionsError(problems);
  }
  return {
    cloudFrontUrl: addresses.cloudFrontUrl,
    key: loaded.key,
    hashAlgorithm: options.hashAlgorithm ?? 'SHA1',
    attributes: derived.attributes,
    warnings: derived.warnings,
  };
}

function readAddresses(
  options: CloudFrontOptions,
  problems: CookieAttributesProblem[],
): Pick<CookieAttributesInput, 'cloudFrontUrl' | 'publicUrl' | 'appOrigins'> | null {
  const environment = options.environment ?? 'production';
  const keep = <Address>(setting: AddressSetting, result: AddressResult<Address>): Address | null => {
    if ('address' in result) return result.address;
    problems.push({ setting, expected: EXPECTED_ADDRESS[setting], ...result.fault });
    return null;
  };
  const cloudFrontUrl = keep('CLOUDFRONT_DOMAIN', readCloudFrontUrl(options.cloudFrontUrl, environment));
  const publicUrl = keep('PUBLIC_URL', readPublicUrl(options.publicUrl, environment));
  const origins = options.appOrigins.map((origin) => keep('APP_ORIGINS', readAppOrigin(origin, environment)));
  const appOrigins = origins.filter((origin) => origin !== null);
  if (origins.length === 0) {
    const todo = 'name the origin of the page that asks for grants';
    problems.push({ setting: 'APP_ORIGINS', expected: 'at least one origin', found: 'none', todo });
  }
  if (cloudFrontUrl === null || publicUrl === null || appOrigins.length !== origins.length) return null;
  return origins.length === 0 ? null : { cloudFrontUrl, publicUrl, appOrigins };
}

function cookieSettings(options: CloudFrontOptions): Pick<CookieAttributesInput, 'environment' | 'cookies'> {
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
  };
}

/** A host application has set options, not our environment variables. Takes a text with names of settings; gives it with those of the options. */
export function inTheWordsOfOptions(text: string): string {
  return text.replace(/\b[A-Z]+(?:_[A-Z]+)+/g, (name) => OPTION_OF_SETTING[name] ?? name);
}
