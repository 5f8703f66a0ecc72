import { siteOf } from '../host.js';
import type { CookieAttributesInput, CookieAttributesProblem } from './cookie-attributes-input.js';
import type { CookieKind } from './set-cookie.js';

export type CookieKindResult =
  | { readonly kind: CookieKind; readonly warnings: readonly string[] }
  | { readonly problems: readonly CookieAttributesProblem[] };

/**
 * SameSite, Secure and Partitioned, one kind for every cookie of the deployment (B22–B31, B38, B42, B43).
 * Takes the addresses and what the operator set; gives the kind, or every combination no browser would keep.
 */
export function deriveCookieKind(input: CookieAttributesInput): CookieKindResult {
  const { cookies, cloudFrontUrl, appOrigins } = input;
  const problems = transportProblems(input);
  const isHttps = input.publicUrl.origin.startsWith('https:');
  const secure = cookies.secure ?? isHttps;
  const foreign = appOrigins.filter((origin) => siteOf(origin) !== siteOf(cloudFrontUrl));
  const sameSite = cookies.sameSite ?? (foreign.length > 0 ? 'None' : 'Lax');
  const partitioned = cookies.partitioned ?? foreign.length > 0;
  const warnings = isHttps ? [] : [plainHttpWarning(input)];

  if (sameSite !== 'None') {
    if (foreign.length > 0) problems.push(foreignProblem(sameSite, foreign, input));
    else if (partitioned) problems.push(partitionedProblem(sameSite));
    return problems.length > 0 ? { problems } : { kind: { sameSite, secure, partitioned: false }, warnings };
  }
  if (!isHttps && problems.length === 0) problems.push(noneProblem(foreign, input));
  if (problems.length > 0) return { problems };
  if (foreign.length > 0) warnings.push(foreignWarning(foreign, partitioned, input));
  return { kind: { sameSite, secure: true, partitioned }, warnings };
}

/** What is wrong with http, https and Secure, whatever the host names are. */
export function transportProblems(input: CookieAttributesInput): CookieAttributesProblem[] {
  const isHttps = input.publicUrl.origin.startsWith('https:');
  const { secure } = input.cookies;
  const isSecureWrong = secure !== null && secure !== isHttps;
  return [...schemeProblems(input), ...(isSecureWrong ? [secureProblem(isHttps)] : [])];
}

function schemeProblems(input: CookieAttributesInput): CookieAttributesProblem[] {
  const { publicUrl, cloudFrontUrl, appOrigins, environment } = input;
  const named = [
    { setting: 'PUBLIC_URL', origins: [publicUrl.origin] },
    { setting: 'CLOUDFRONT_DOMAIN', origins: [cloudFrontUrl] },
    { setting: 'APP_ORIGINS', origins: appOrigins },
  ];
  const plain = named.flatMap(({ setting, origins }) =>
    origins.filter((origin) => origin.startsWith('http:')).map((origin) => ({ setting, origin })),
  );
  if (environment === 'production') {
    return plain.map(({ setting, origin }) => ({
      setting,
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
      setting: plainOne === cloudFrontUrl ? 'CLOUDFRONT_DOMAIN' : 'PUBLIC_URL',
      expected: 'the API and the distribution both over HTTPS: browsers take http and https for two sites',
      found: `${plainOne} beside ${secureOne}`,
      todo: `serve it over HTTPS: ${plainOne.replace('http:', 'https:')}`,
    },
  ];
}

function secureProblem(isHttps: boolean): CookieAttributesProblem {
  return isHttps
    ? {
        setting: 'COOKIE_SECURE',
        expected: 'true, or unset: without Secure the cookies also travel over plain HTTP',
        found: 'false, with addresses over HTTPS',
        todo: 'remove COOKIE_SECURE',
      }
    : {
        setting: 'COOKIE_SECURE',
        expected:
          'false, or unset, over plain HTTP: browsers refuse a Secure cookie there, Safari on localhost too',
        found: 'true, with PUBLIC_URL over plain HTTP',
        todo: 'serve the API over HTTPS (npm start does), or remove COOKIE_SECURE',
      };
}

function foreignProblem(
  sameSite: string,
  foreign: readonly string[],
  input: CookieAttributesInput,
): CookieAttributesProblem {
  return {
    setting: 'COOKIE_SAME_SITE',
    expected: `None while an app is on another site than ${input.cloudFrontUrl}: browsers refuse ${sameSite} cookies there`,
    found: `${sameSite} with ${foreign.join(', ')}`,
    todo: `remove COOKIE_SAME_SITE, or open the app on the same site, such as ${sameSiteApp(input)}`,
  };
}

function partitionedProblem(sameSite: string): CookieAttributesProblem {
  return {
    setting: 'COOKIE_PARTITIONED',
    expected: 'true only beside COOKIE_SAME_SITE=None: a partition is for pages of another site',
    found: `true with SameSite=${sameSite}`,
    todo: 'set COOKIE_SAME_SITE=None (pages that other sites embed), or remove COOKIE_PARTITIONED',
  };
}

function noneProblem(foreign: readonly string[], input: CookieAttributesInput): CookieAttributesProblem {
  const isAsked = input.cookies.sameSite === 'None';
  return {
    setting: isAsked ? 'COOKIE_SAME_SITE' : 'APP_ORIGINS',
    expected: isAsked
      ? 'None only over HTTPS: browsers keep it only with Secure'
      : `apps on the site of ${input.cloudFrontUrl} while it is plain HTTP: another site needs SameSite=None, which browsers keep only with Secure`,
    found: isAsked ? `None with ${input.publicUrl.origin}` : foreign.join(', '),
    todo: isAsked
      ? 'serve API and distribution over HTTPS (npm start does), or remove COOKIE_SAME_SITE'
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
