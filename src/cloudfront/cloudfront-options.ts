import type { Clock } from '../clock/clock.js';
import { readAppOrigin, readCloudFrontUrl, readPublicUrl, type AddressResult } from './addresses.js';
import { deriveCookieScope, type CookieScope, type CookieScopeProblem } from './cookie-scope.js';
import type { HashAlgorithm } from './signature.js';
import { loadSigningKey, type SigningKey } from './signing-key.js';

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
  /** Default `SHA1`, which every CloudFront understands (R2, R3). */
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
  /** Default: the machine's own clock. */
  readonly clock?: Clock;
}

/** The options after reading: everything that the service works with. */
export interface CheckedOptions {
  readonly cloudFrontUrl: string;
  readonly key: SigningKey;
  readonly hashAlgorithm: HashAlgorithm;
  readonly scope: CookieScope;
  readonly warnings: readonly string[];
}

const OPTION_OF_SETTING: Readonly<Record<string, string>> = {
  PUBLIC_URL: 'publicUrl',
  CLOUDFRONT_DOMAIN: 'cloudFrontUrl',
  APP_ORIGINS: 'appOrigins',
  CLOUDFRONT_KEY_PAIR_ID: 'keyPairId',
  COOKIE_DOMAIN: 'cookies.domain',
  COOKIE_SAME_SITE: 'cookies.sameSite',
  COOKIE_SECURE: 'cookies.secure',
  COOKIE_PARTITIONED: 'cookies.partitioned',
};

/** Checks the options with the rules of the settings. Throws one Error that lists every problem. */
export function checkOptions(options: CloudFrontOptions): CheckedOptions {
  const environment = options.environment ?? 'production';
  const problems: CookieScopeProblem[] = [];
  const keep = <Address>(setting: string, result: AddressResult<Address>): Address | null => {
    if ('address' in result) return result.address;
    problems.push({ setting, ...result, todo: 'write it in that form' });
    return null;
  };
  const cloudFrontUrl = keep('cloudFrontUrl', readCloudFrontUrl(options.cloudFrontUrl, environment));
  const publicUrl = keep('publicUrl', readPublicUrl(options.publicUrl, environment));
  const appOrigins = options.appOrigins.map((origin) =>
    keep('appOrigins', readAppOrigin(origin, environment)),
  );
  if (appOrigins.length === 0) {
    problems.push({
      setting: 'appOrigins',
      expected: 'at least one origin',
      found: 'none',
      todo: 'name the origin of your page',
    });
  }
  const hashAlgorithm = options.hashAlgorithm ?? 'SHA1';
  const loaded = loadSigningKey({
    text: options.privateKey,
    origin: 'privateKey',
    keyPairId: options.keyPairId ?? null,
  });
  if ('problem' in loaded) problems.push(loaded.problem);

  if (cloudFrontUrl !== null && publicUrl !== null && appOrigins.every((origin) => origin !== null)) {
    const {
      domain = null,
      sameSite = null,
      secure = null,
      partitioned = null,
      path = 'prefix',
    } = options.cookies ?? {};
    const derived = deriveCookieScope({
      appOrigins,
      publicUrl,
      cloudFrontUrl,
      environment,
      cookies: { domain, sameSite, secure, partitioned, path },
    });
    if ('problems' in derived) problems.push(...derived.problems);
    else if ('key' in loaded && problems.length === 0) {
      const warnings = derived.warnings.map(inTheWordsOfOptions);
      return { cloudFrontUrl, key: loaded.key, hashAlgorithm, scope: derived.scope, warnings };
    }
  }
  const lines = problems.map(({ setting, expected, found, todo }) =>
    inTheWordsOfOptions(`${setting}: expected ${expected}; found ${found}; ${todo}`),
  );
  throw new Error(`CloudFront options cannot work:\n${lines.join('\n')}`);
}

/** A host application has set options, not our environment variables. */
function inTheWordsOfOptions(text: string): string {
  return text.replace(/[A-Z]+(?:_[A-Z]+)+/g, (name) => OPTION_OF_SETTING[name] ?? name);
}
