import { corsCheck, type CorsResult } from './browser/cors.js';
import { isClearing, readSetCookie, type SetCookie } from './browser/set-cookie.js';
import { header, setCookieLines, type Evidence, type Load } from './evidence/evidence.js';
import {
  readPolicy,
  readSignedCookies,
  type SignedCookies,
  type SignedPolicy,
} from './evidence/signed-policy.js';

/** An answer that sets signed cookies. */
export interface Grant {
  readonly load: Load;
  readonly cookies: readonly SetCookie[];
  /** As they came, for the check of joined lines. */
  readonly lines: readonly string[];
  readonly policy: SignedPolicy | null;
}

/** What every check asks of the evidence, worked out once. */
export interface Facts {
  readonly evidence: Evidence;
  /** The page's origin: as said, else as the loads show it. */
  readonly page: string | null;
  readonly grants: readonly Grant[];
  /** Answers that clear signed cookies. */
  readonly clearings: readonly Grant[];
  readonly cdnHosts: ReadonlySet<string>;
  /** Loads of files from the CDN: no grants, no pages, no comparisons. */
  readonly files: readonly Load[];
  /** Those of them that the page did not get. */
  readonly failing: readonly Load[];
}

const SIGNED = /^CloudFront-(?:Policy|Signature|Key-Pair-Id|Expires|Hash-Algorithm)$/;

/** A function whose result is kept with what it was asked of: many checks ask the same of every load. */
export function onceForEach<Key extends object, Value>(read: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    const kept = known.get(key) ?? { value: read(key) };
    known.set(key, kept);
    return kept.value;
  };
}

/** Works the facts out. */
export function factsOf(evidence: Evidence): Facts {
  ADDRESSES.clear();
  const { loads } = evidence;
  const answers = loads.flatMap((load) => grantOf(load) ?? []);
  const grants = answers.filter(({ cookies, load }) => cookies.some((cookie) => isSetting(cookie, load)));
  const clearings = answers.filter(({ cookies, load }) =>
    cookies.some((cookie) => isClearing(cookie, timeOf(load, evidence))),
  );
  const grantLoads = new Set(answers.map(({ load }) => load));
  const cdnHosts = cdnHostsOf(evidence, grants);
  const files = loads.filter(
    (load) =>
      !load.isComparison &&
      !grantLoads.has(load) &&
      cdnHosts.has(hostOf(load.url)) &&
      load.source !== 'configuration',
  );
  return {
    evidence,
    page: evidence.app ?? loads.find(({ page }) => page !== null && page !== 'null')?.page ?? null,
    grants,
    clearings,
    cdnHosts,
    files,
    failing: files.filter(isFailing),
  };
}

function isSetting(cookie: SetCookie, load: Load): boolean {
  // Max-Age=0 with a value is a fault of its own, so the line counts as setting.
  return cookie.value.length > 8 || !isClearing(cookie, load.atMilliseconds ?? 0);
}

function grantOf(load: Load): Grant | null {
  const lines = setCookieLines(load.headers).filter((line) => line.includes('CloudFront-'));
  const cookies = lines.flatMap((line) => readSetCookie(line) ?? []).filter(({ name }) => SIGNED.test(name));
  if (cookies.length === 0) return null;
  const encoded = cookies.find(({ name }) => name === 'CloudFront-Policy')?.value ?? '';
  return { load, cookies, lines, policy: readPolicy(encoded) };
}

function cdnHostsOf(evidence: Evidence, grants: readonly Grant[]): ReadonlySet<string> {
  const hosts = new Set<string>();
  if (evidence.target !== null) hosts.add(hostOf(evidence.target));
  for (const { policy } of grants) {
    const url = policy?.resource?.replace(/\*/g, 'x') ?? '';
    if (URL.canParse(url) && !/^\w+:\/\/x/.test(url)) hosts.add(hostOf(url));
  }
  const grantHosts = new Set(grants.map(({ load }) => hostOf(load.url)));
  for (const load of evidence.loads) {
    const isSigned = (load.cookies ?? []).some(({ name }) => SIGNED.test(name));
    const host = hostOf(load.url);
    if (load.source === 'console') {
      if (!grantHosts.has(host)) hosts.add(host);
    } else if (isOfCloudFront(load)) hosts.add(host);
    else if (isSigned && !grantHosts.has(host)) hosts.add(host);
  }
  if (hosts.size === 0) {
    for (const load of evidence.loads) {
      if (isFailing(load) && load.dest !== 'document' && !grantHosts.has(hostOf(load.url)))
        hosts.add(hostOf(load.url));
    }
  }
  return hosts;
}

/**
 * Whether a console line may be about a call of the API: its address looks like no file, and nothing else shows that its
 * host is the CDN. What is wrong with CORS there is to be mended in another place.
 */
export function mayBeOfTheApi(load: Load, { evidence }: Pick<Facts, 'evidence'>): boolean {
  if (load.source !== 'console' || !URL.canParse(load.url)) return false;
  const { pathname, host } = new URL(load.url);
  if (/\.[A-Za-z0-9]{1,8}$/.test(pathname)) return false;
  if (evidence.target !== null && hostOf(evidence.target) === host) return false;
  return !isKnownAsCdn(loadsOfHost(load.url, evidence.loads));
}

const isKnownAsCdn = onceForEach((ofHost: readonly Load[]) =>
  ofHost.some((load) => isOfCloudFront(load) || load.source === 'configuration'),
);

/** Whether CloudFront, or the local edge, answered. */
export function isOfCloudFront({ headers }: Load): boolean {
  return (
    / from cloudfront/i.test(header(headers, 'x-cache') ?? '') ||
    /cloudfront/i.test(header(headers, 'server') ?? '') ||
    /\.cloudfront\.net/.test(header(headers, 'via') ?? '') ||
    header(headers, 'x-amz-cf-id') !== null
  );
}

/** Whether the page did not get what it asked for. */
export function isFailing(load: Load): boolean {
  if (load.isComparison) return false;
  if (load.reason === 'aborted') return false;
  if (load.reason !== null || (load.status ?? 0) >= 400) return true;
  const result = corsOf(load);
  if (result !== null && result !== 'passes') return true;
  return load.failed === true;
}

/** Whether a load is answered as well as HTTP goes: what is left then is CORS. */
export function isServed({ status }: Load): boolean {
  return status !== null && ((status >= 200 && status < 300) || status === 304);
}

/** Whether the page and the address have different origins, and the load was made in CORS mode. */
export function isCrossOriginCors(load: Load): boolean {
  return load.mode === 'cors' && originSent(load) !== null && originSent(load) !== originOf(load.url);
}

/** What stood in `Origin`: as shown, else the page's own. */
export function originSent(load: Load): string | null {
  return header(load.requestHeaders, 'origin') ?? load.page;
}

/** Whether the request was made with credentials; null: the evidence does not tell. */
export function hadCredentials(load: Load): boolean | null {
  if (load.reason === 'wildcard-origin' || load.reason === 'no-credentials') return true;
  if (load.source === 'configuration') return true;
  if ((load.cookies?.length ?? 0) > 0) return true;
  if (header(load.headers, 'access-control-allow-origin') === '*' && load.failed !== true) return false;
  return null;
}

/** What CORS says of an answer; null: not asked, or not known. The browser's own word counts before our reading. */
export const corsOf = onceForEach(readCors);

function readCors(load: Load): CorsResult | null {
  if (load.method === 'OPTIONS') return null;
  const { reason } = load;
  // WebKit says one thing where the header is missing and where it names another origin (B94).
  if (reason === 'origin-not-allowed') return 'no-allow-origin';
  if (
    reason === 'no-allow-origin' ||
    reason === 'wildcard-origin' ||
    reason === 'other-origin' ||
    reason === 'several-origins' ||
    reason === 'no-credentials'
  ) {
    return reason;
  }
  if (reason !== null || load.headers === null || !isServed(load) || !isCrossOriginCors(load)) return null;
  return corsCheck(load.headers, originSent(load) ?? '', hadCredentials(load) ?? load.failed === true);
}

/** The signed cookies that a request carried; null: its cookies are not shown. */
export const signedCookiesOf = onceForEach(({ cookies }: Load): SignedCookies | null =>
  cookies === null ? null : readSignedCookies(cookies),
);

/** Whether a request is known to have carried no signed cookie, and no signature in its address. */
export function cameWithoutCookies(load: Load): boolean {
  return signedCookiesOf(load)?.names.length === 0 && !isSignedUrl(load.url);
}

export function isSignedUrl(url: string): boolean {
  return (
    URL.canParse(url) && ['Signature', 'Key-Pair-Id'].every((name) => new URL(url).searchParams.has(name))
  );
}

/** The codes of CloudFront's own refusals, by the length of their body where it is not shown (R51–R55). */
const CODE_BY_BYTES: Readonly<Record<string, string>> = {
  146: 'MissingKey',
  110: 'AccessDenied',
  106: 'InvalidKey',
  116: 'MalformedPolicy',
  131: 'MalformedSignature',
};

/** Who refused, and with which code. */
export interface RefusalSeen {
  readonly by: 'CloudFront' | 'S3' | 'unknown';
  readonly code: string | null;
}

/** Reads a 403: S3's own names a request and has a capital D, CloudFront's is one line without (R51–R55). */
export function refusalOf(load: Load): RefusalSeen | null {
  if (load.status !== 403) return null;
  const body = load.errorBody ?? '';
  const code = /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? null;
  const server = header(load.headers, 'server') ?? '';
  if (/<RequestId>/.test(body) || /AmazonS3/i.test(server)) return { by: 'S3', code };
  if (code !== null) return { by: 'CloudFront', code };
  if (/CloudFront/i.test(server)) {
    const bytes = header(load.headers, 'content-length') ?? '';
    return { by: 'CloudFront', code: CODE_BY_BYTES[bytes] ?? null };
  }
  return { by: 'unknown', code: null };
}

/**
 * Whether page and file have one origin: then scripts and elements send cookies by default, for the credentials mode is
 * `same-origin` where nothing else is said (Fetch Standard, section 2.2.5).
 */
export function isOnOneOrigin({ evidence, failing, page }: Facts): boolean {
  const asked = failing.length > 0 ? failing : evidence.loads.filter(({ probe }) => probe === 'page');
  return asked.length > 0 && asked.every((load) => (load.page ?? page) === originOf(load.url));
}

/** When a load happened, in milliseconds. */
export function timeOf(load: Load, evidence: Evidence): number {
  return load.atMilliseconds ?? evidence.nowMilliseconds;
}

/** Loads by what checks compare them by: a recording has thousands, and to compare each with each takes minutes. */
interface LoadIndex {
  readonly byUrl: ReadonlyMap<string, readonly Load[]>;
  readonly byHost: ReadonlyMap<string, readonly Load[]>;
}

const indexOf = onceForEach((loads: readonly Load[]): LoadIndex => ({
  byUrl: Map.groupBy(loads, ({ url }) => url),
  byHost: Map.groupBy(loads, ({ url }) => hostOf(url)),
}));

/** Those of some loads that have the address of another, in their order. */
export function loadsAt(url: string, loads: readonly Load[]): readonly Load[] {
  return indexOf(loads).byUrl.get(url) ?? [];
}

/** Those of some loads that have the host and port of an address, in their order. */
export function loadsOfHost(url: string, loads: readonly Load[]): readonly Load[] {
  return indexOf(loads).byHost.get(hostOf(url)) ?? [];
}

/** The parts of an address that checks compare. */
interface Address {
  readonly host: string;
  readonly hostname: string;
  readonly origin: string;
  /** The path up to its last slash. */
  readonly folder: string;
}

/** Of the evidence that is looked at: dozens of checks compare the same thousands of addresses. */
const ADDRESSES = new Map<string, Address>();

function addressOf(url: string): Address {
  const known = ADDRESSES.get(url);
  if (known !== undefined) return known;
  const address = readAddress(url);
  ADDRESSES.set(url, address);
  return address;
}

function readAddress(url: string): Address {
  if (!URL.canParse(url)) return { host: url, hostname: url, origin: url, folder: '' };
  const { host, hostname, origin, pathname } = new URL(url);
  return { host, hostname, origin, folder: pathname.slice(0, pathname.lastIndexOf('/') + 1) };
}

/** Host with port, as an address names it. */
export function hostOf(url: string): string {
  return addressOf(url).host;
}

export function hostnameOf(url: string): string {
  return addressOf(url).hostname;
}

export function originOf(url: string): string {
  return addressOf(url).origin;
}

/** The path of an address up to its last slash. */
export function folderOf(url: string): string {
  return addressOf(url).folder;
}

/** The browser of a load, by its user agent. */
export function engineOf(load: Load): 'Chromium' | 'Firefox' | 'Safari' | null {
  const agent = header(load.requestHeaders, 'user-agent');
  if (agent === null) return null;
  if (/Firefox\//.test(agent)) return 'Firefox';
  if (/Chrom(?:e|ium)\//.test(agent)) return 'Chromium';
  return /Safari\//.test(agent) || /AppleCoreMedia/.test(agent) ? 'Safari' : null;
}

/** Whether the element, not a script, loads a film or a sound. */
export function isMedia({ dest }: Load): boolean {
  return dest === 'video' || dest === 'audio';
}
