import type { CloudFrontFault, FieldNames } from '../fault.js';
import { siteOf } from '../host.js';

/**
 * The combinations of attributes that a browser keeps; any other does not compile.
 * Partitioned without SameSite=None is legal but useless, so it is no member either.
 */
export type CookieKind =
  | { readonly sameSite: 'Lax' | 'Strict'; readonly secure: boolean; readonly partitioned: false }
  | { readonly sameSite: 'None'; readonly secure: true; readonly partitioned: boolean };

/** Without the leading slash a browser would put its own default path in its place (RFC 6265 section 5.1.4). */
export type CookiePath = `/${string}`;

/** The addresses of a deployment, and what was set beside them. */
export interface CookieAttributesInput {
  readonly appOrigins: readonly string[];
  /** `origin` has no path; `basePath` is `''` or `/api`. */
  readonly publicUrl: { readonly origin: string; readonly basePath: string };
  readonly cloudFrontUrl: string;
  readonly environment: 'production' | 'development' | 'test';
  /** `null` means derived. */
  readonly cookies: {
    readonly domain: string | null;
    readonly sameSite: 'Lax' | 'Strict' | 'None' | null;
    readonly secure: boolean | null;
    readonly partitioned: boolean | null;
    readonly path: 'prefix' | 'root';
  };
  /** For the sentences. */
  readonly names: FieldNames;
}

export type CookieKindResult =
  | { readonly kind: CookieKind; readonly warnings: readonly string[] }
  | { readonly faults: readonly CloudFrontFault[] };

/**
 * SameSite, Secure and Partitioned, one kind for every cookie of the deployment (B22–B31, B38, B42, B43).
 * Takes the addresses and what was set; gives the kind, or every combination no browser would keep.
 */
export function deriveCookieKind(input: CookieAttributesInput): CookieKindResult {
  const { cookies, cloudFrontUrl, appOrigins } = input;
  const faults = transportFaults(input);
  const isHttps = input.publicUrl.origin.startsWith('https:');
  const secure = cookies.secure ?? isHttps;
  const foreign = appOrigins.filter((origin) => siteOf(origin) !== siteOf(cloudFrontUrl));
  const sameSite = cookies.sameSite ?? (foreign.length > 0 ? 'None' : 'Lax');
  const partitioned = cookies.partitioned ?? foreign.length > 0;
  const warnings = isHttps ? [] : [plainHttpWarning(input)];

  if (sameSite !== 'None') {
    if (foreign.length > 0) faults.push(foreignFault(sameSite, foreign, input));
    else if (partitioned) faults.push(partitionedFault(sameSite, input.names));
    return faults.length > 0 ? { faults } : { kind: { sameSite, secure, partitioned: false }, warnings };
  }
  if (!isHttps && faults.length === 0) faults.push(noneFault(foreign, input));
  if (faults.length > 0) return { faults };
  if (foreign.length > 0) warnings.push(foreignWarning(foreign, partitioned, input));
  return { kind: { sameSite, secure: true, partitioned }, warnings };
}

/** What is wrong with http, https and Secure, whatever the host names are. */
export function transportFaults(input: CookieAttributesInput): CloudFrontFault[] {
  const isHttps = input.publicUrl.origin.startsWith('https:');
  const { secure } = input.cookies;
  const isSecureWrong = secure !== null && secure !== isHttps;
  return [...schemeFaults(input), ...(isSecureWrong ? [secureFault(isHttps, input.names)] : [])];
}

function schemeFaults(input: CookieAttributesInput): CloudFrontFault[] {
  const { publicUrl, cloudFrontUrl, appOrigins, environment } = input;
  const addresses = [
    { field: 'publicUrl', origins: [publicUrl.origin] },
    { field: 'cloudFrontUrl', origins: [cloudFrontUrl] },
    { field: 'appOrigins', origins: appOrigins },
  ] as const;
  const plain = addresses.flatMap(({ field, origins }) =>
    origins.filter((origin) => origin.startsWith('http:')).map((origin) => ({ field, origin })),
  );
  if (environment === 'production') {
    return plain.map(({ field, origin }) => ({
      field,
      expected: 'https:// in production: CloudFront cookies over plain HTTP are open to everyone on the way',
      found: origin,
      todo: `serve it over HTTPS: ${origin.replace('http:', 'https:')}`,
    }));
  }
  if (publicUrl.origin.startsWith('https:') === cloudFrontUrl.startsWith('https:')) return [];
  const secureOne = [publicUrl.origin, cloudFrontUrl].find((url) => url.startsWith('https:')) ?? '';
  const plainOne = [publicUrl.origin, cloudFrontUrl].find((url) => url.startsWith('http:')) ?? '';
  return [
    {
      field: plainOne === cloudFrontUrl ? 'cloudFrontUrl' : 'publicUrl',
      expected: 'the API and the distribution both over HTTPS: browsers take http and https for two sites',
      found: `${plainOne} beside ${secureOne}`,
      todo: `serve it over HTTPS: ${plainOne.replace('http:', 'https:')}`,
    },
  ];
}

function secureFault(isHttps: boolean, names: FieldNames): CloudFrontFault {
  return isHttps
    ? {
        field: 'cookies.secure',
        expected: 'true, or unset: without Secure the cookies also travel over plain HTTP',
        found: 'false, with addresses over HTTPS',
        todo: `remove ${names['cookies.secure']}`,
      }
    : {
        field: 'cookies.secure',
        expected:
          'false, or unset, over plain HTTP: browsers refuse a Secure cookie there, Safari on localhost too',
        found: `true, with ${names.publicUrl} over plain HTTP`,
        todo: `serve the API over HTTPS (npm start does), or remove ${names['cookies.secure']}`,
      };
}

function foreignFault(
  sameSite: string,
  foreign: readonly string[],
  input: CookieAttributesInput,
): CloudFrontFault {
  return {
    field: 'cookies.sameSite',
    expected: `None while an app is on another site than ${input.cloudFrontUrl}: browsers refuse ${sameSite} cookies there`,
    found: `${sameSite} with ${foreign.join(', ')}`,
    todo: `remove ${input.names['cookies.sameSite']}, or open the app on the same site, such as ${sameSiteApp(input)}`,
  };
}

function partitionedFault(sameSite: string, names: FieldNames): CloudFrontFault {
  return {
    field: 'cookies.partitioned',
    expected: `true only beside ${names['cookies.sameSite']}=None: a partition is for pages of another site`,
    found: `true with SameSite=${sameSite}`,
    todo: `set ${names['cookies.sameSite']}=None (pages that other sites embed), or remove ${names['cookies.partitioned']}`,
  };
}

function noneFault(foreign: readonly string[], input: CookieAttributesInput): CloudFrontFault {
  const isAsked = input.cookies.sameSite === 'None';
  return {
    field: isAsked ? 'cookies.sameSite' : 'appOrigins',
    expected: isAsked
      ? 'None only over HTTPS: browsers keep it only with Secure'
      : `apps on the site of ${input.cloudFrontUrl} while it is plain HTTP: another site needs SameSite=None, which browsers keep only with Secure`,
    found: isAsked ? `None with ${input.publicUrl.origin}` : foreign.join(', '),
    todo: isAsked
      ? `serve API and distribution over HTTPS (npm start does), or remove ${input.names['cookies.sameSite']}`
      : `serve API and distribution over HTTPS (npm start does), or open the app as ${sameSiteApp(input)}`,
  };
}

function foreignWarning(
  foreign: readonly string[],
  partitioned: boolean,
  input: CookieAttributesInput,
): string {
  const attributes = partitioned ? 'SameSite=None; Secure; Partitioned' : 'SameSite=None; Secure';
  const where = partitioned
    ? 'kept by Chrome 114, Firefox 141, Safari 26.2 and newer, by no older Safari'
    : 'kept only where third-party cookies are allowed, never by Safari';
  return `${foreign.join(', ')}: on another site than ${input.cloudFrontUrl}, so the cookies are ${attributes}, ${where}; an app on the same site, such as ${sameSiteApp(input)}, works everywhere`;
}

function plainHttpWarning(input: CookieAttributesInput): string {
  return `${input.publicUrl.origin} is plain HTTP: the cookies go without Secure, for development only; Safari and production need HTTPS (npm start serves it)`;
}

/** An origin that would need no third-party cookie; where nobody can make names, the host itself. */
function sameSiteApp({ cloudFrontUrl }: CookieAttributesInput): string {
  const site = siteOf(cloudFrontUrl);
  const { protocol, hostname } = new URL(cloudFrontUrl);
  return site === `${protocol}//${hostname}` ? site : site.replace('//', '//app.');
}
