import { bareLoad, type Evidence, type Load, type Reason, type Saying, type SayingKind } from './evidence.js';
import { printable, withoutQuery } from './show.js';

const ADDRESS = String.raw`(?:https?|wss?)://[^\s'"“”‘’<>)]+`;
/** A browser's line is short; what is longer is something else. */
const MOST_LINE = 4000;

/** Chromium's reasons by their core clause, which older wordings share (B90, B91). */
const CHROMIUM_REASONS: readonly (readonly [RegExp, Reason])[] = [
  [/Redirect is not allowed for a preflight request/, 'preflight-redirected'],
  [
    /preflight request doesn't pass access control check: It does not have HTTP ok status/,
    'preflight-status',
  ],
  [/preflight request doesn't pass access control check/, 'preflight-failed'],
  [/Request header field \S+ is not allowed by Access-Control-Allow-Headers/, 'header-not-allowed'],
  [/Method \S+ is not allowed by Access-Control-Allow-Methods/, 'method-not-allowed'],
  [/Permission was denied for this request to access the `?\w+`? address space/, 'local-network'],
  [/contains multiple values/, 'several-origins'],
  [/Access-Control-Allow-Credentials' header in the response is '/, 'no-credentials'],
  [/must not be the wildcard '\*'|wildcard '\*' cannot be used/, 'wildcard-origin'],
  [/that is not equal to the supplied origin/, 'other-origin'],
  [/No 'Access-Control-Allow-Origin' header is present/, 'no-allow-origin'],
];

/** The page that Firefox links beside a reason: the same in every language. */
const FIREFOX_LINKS: Readonly<Record<string, Reason>> = {
  CORSMissingAllowOrigin: 'no-allow-origin',
  CORSNotSupportingCredentials: 'wildcard-origin',
  CORSAllowOriginNotMatchingOrigin: 'other-origin',
  CORSMultipleAllowOriginNotAllowed: 'several-origins',
  CORSMissingAllowCredentials: 'no-credentials',
  CORSPreflightDidNotSucceed: 'preflight-status',
  CORSMissingAllowHeaderFromPreflight: 'header-not-allowed',
  CORSMethodNotFound: 'method-not-allowed',
  CORSExternalRedirectNotAllowed: 'preflight-redirected',
  CORSDidNotSucceed: 'request-failed',
};

/** Firefox's English reasons (B92). */
const FIREFOX_REASONS: readonly (readonly [RegExp, Reason])[] = [
  [/Credential is not supported if the CORS header/, 'wildcard-origin'],
  [/Multiple CORS header/, 'several-origins'],
  [/in CORS header .Access-Control-Allow-Credentials/, 'no-credentials'],
  [/CORS preflight response did not succeed/, 'preflight-status'],
  [/is not allowed according to header .Access-Control-Allow-Headers/, 'header-not-allowed'],
  [/Did not find method in CORS header/, 'method-not-allowed'],
  [/CORS request external redirect not allowed/, 'preflight-redirected'],
  [/CORS request did not succeed/, 'request-failed'],
  [/Access-Control-Allow-Origin. does not match/, 'other-origin'],
  [/Access-Control-Allow-Origin. missing/, 'no-allow-origin'],
];

/** WebKit's first lines; the second names the address (B94). */
const WEBKIT_REASONS: readonly (readonly [RegExp, Reason])[] = [
  [/Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true/, 'wildcard-origin'],
  [/Access-Control-Allow-Origin cannot contain more than one origin/, 'several-origins'],
  [/Credentials flag is true, but Access-Control-Allow-Credentials is not/, 'no-credentials'],
  [/Preflight response is not successful/, 'preflight-status'],
  [/Request header field \S+ is not allowed by Access-Control-Allow-Headers/, 'header-not-allowed'],
  [/Method \S+ is not allowed by Access-Control-Allow-Methods/, 'method-not-allowed'],
];

/** Network errors of Chromium, which are no word on CORS (B77). */
const NET_ERRORS: readonly (readonly [RegExp, Reason])[] = [
  [/ERR_CERT_AUTHORITY_INVALID/, 'certificate-authority'],
  [/ERR_CERT_COMMON_NAME_INVALID/, 'certificate-name'],
  [/ERR_CERT_/, 'certificate-other'],
  [/ERR_NAME_NOT_RESOLVED/, 'name-not-resolved'],
  [/ERR_CONNECTION_REFUSED/, 'connection-refused'],
  [/ERR_SSL_PROTOCOL_ERROR/, 'no-tls-there'],
  [/ERR_(?:EMPTY_RESPONSE|CONNECTION_\w+|UNSAFE_PORT|ADDRESS_UNREACHABLE)/, 'connection-failed'],
  [/ERR_TIMED_OUT/, 'timeout'],
  [/ERR_BLOCKED_BY_ORB/, 'opaque-blocked'],
  [/ERR_BLOCKED_BY_RESPONSE\.NotSameOriginAfterDefaultedToSameOriginByCoep/, 'embedder-policy'],
  [/ERR_BLOCKED_BY_RESPONSE\.CoepFrameResourceNeedsCoepHeader/, 'embedder-policy'],
  [/ERR_BLOCKED_BY_RESPONSE/, 'resource-policy'],
  [/ERR_BLOCKED_BY_CSP/, 'content-security-policy'],
  [/ERR_ABORTED/, 'aborted'],
];

/** What a `net::ERR_…` name says; null: nothing of its own, such as `ERR_FAILED`. */
export function netErrorReason(text: string): Reason | null {
  return NET_ERRORS.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

/** Lines that are about no single answer (B90, B93, B95). */
const SAYINGS: readonly (readonly [RegExp, SayingKind])[] = [
  [
    /has been rejected for invalid domain|"?Domain"? attribute was invalid with regards to the current host/i,
    'cookie-domain',
  ],
  [/rejected because it is in a cross-site context and its .SameSite. is/, 'cookie-cross-site'],
  [/"?SameSite=(?:Lax|Strict)"? attribute but came from a cross-site response/, 'cookie-cross-site'],
  [
    /didn't specify a "SameSite" attribute and was defaulted to "SameSite=Lax", but came from a cross-site/,
    'cookie-cross-site',
  ],
  [
    /"?SameSite=(?:Lax|Strict)"? attribute and the request was made from a different site/,
    'cookie-cross-site-send',
  ],
  [/SameSite=None. attribute but is missing the .secure. attribute/, 'cookie-none-insecure'],
  [/"?SameSite=None"? attribute but did not have the "?Secure"? attribute/, 'cookie-none-insecure'],
  [/non-HTTPS cookie can.t be set as .secure/, 'cookie-secure-over-http'],
  [/"?Secure"? attribute but was not received over a secure connection/, 'cookie-secure-over-http'],
  [/is invalid because its size is too big|because the cookie was too large/, 'cookie-too-long'],
  [/will soon be rejected because it is foreign/, 'cookie-will-be-foreign'],
  [
    /blocked (?:due to user preferences|because it was blocked by user preferences)|third-party cookie (?:was )?blocked/i,
    'cookie-third-party-blocked',
  ],
  [/its path was not an exact match for or a superdirectory of the request URL/, 'cookie-path'],
  [/neither did the request URL.s domain exactly match the cookie.s domain/, 'cookie-host'],
  [/Tainted canvases may not be exported|The operation is insecure\./, 'canvas-tainted'],
  [/Blocked request\. This host \(|Invalid Host header/, 'dev-server-host'],
  [/DEMUXER_ERROR_COULD_NOT_PARSE/, 'media-parse-error'],
  [/VIDEOJS:/, 'video-js'],
  [/MEDIA_ERR_SRC_NOT_SUPPORTED|MediaError\b.{0,40}\b4\b/, 'media-error'],
  [/requestStorageAccess/, 'storage-access'],
  [/--ignore-certificate-errors|ignoreHTTPSErrors:\s*true|acceptInsecureCerts["']?:\s*true/, 'harness'],
  [/type: ['"]?opaque['"]?|type === ['"]opaque['"]/, 'opaque-response'],
];

const DESTS: Readonly<Record<string, string>> = {
  fetch: 'empty',
  XMLHttpRequest: 'empty',
  image: 'image',
  video: 'video',
  audio: 'audio',
  font: 'font',
  script: 'script',
  'CSS stylesheet': 'style',
  manifest: 'manifest',
  'text track': 'track',
};

/**
 * Reads lines that somebody copied out of a browser's console. Two lines of one load become one fact: Chromium prints
 * the status and WebKit the address on a line of its own.
 *
 * @param app the page's origin, which Firefox does not print
 */
export function readConsole(text: string, app: string | null): Partial<Evidence> {
  const loads: Load[] = [];
  const sayings: Saying[] = [];
  let pending: { reason: Reason; status: number | null; page: string | null; where: string } | null = null;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.slice(0, MOST_LINE).trim();
    if (line === '') continue;
    const where = `console line ${index + 1}`;
    const webKit: { reason: Reason; status: number | null; page: string | null } | null = webKitReason(line);
    if (webKit !== null) {
      pending = { ...webKit, where };
      continue;
    }
    const named = withoutAccess(line);
    if (named !== null) {
      const base = bareLoad('console', pending?.where ?? where, cleaned(named.url));
      loads.push({
        ...base,
        page: pending?.page ?? app,
        mode: 'cors',
        dest: named.dest,
        reason: pending?.reason ?? null,
        status: pending?.status ?? null,
        failed: true,
      });
      pending = null;
      continue;
    }
    const load =
      chromiumLine(line, where) ??
      firefoxLine(line, where, app) ??
      blockedLine(line, where, app) ??
      nodeLine(line, where, app);
    if (load !== null) {
      // Firefox prints a second line without a status after a failed preflight: the first one decides (B92).
      const before = loads.at(-1);
      const isCompanion =
        load.reason === 'request-failed' &&
        before?.url === load.url &&
        before.reason?.startsWith('preflight') === true;
      if (!isCompanion) loads.push(load);
      continue;
    }
    if (addStatus(line, where, loads, app)) continue;
    const saying = SAYINGS.find(([pattern]) => pattern.test(line));
    if (saying !== undefined) {
      sayings.push({ kind: saying[1], where, text: printable(withoutQueries(line)), url: addressIn(line) });
    }
  }
  if (pending !== null && app !== null) {
    loads.push({
      ...bareLoad('console', pending.where, app),
      page: pending.page ?? app,
      mode: 'cors',
      reason: pending.reason,
      status: pending.status,
      failed: true,
    });
  }
  return { loads, sayings, sources: ['console'] };
}

function chromiumLine(line: string, where: string): Load | null {
  const current =
    /Access to ([\w ]+?) at '([^']+)'(?: \(redirected from '([^']+)'\))? from origin '([^']+)' has been blocked by CORS policy: (.*)/.exec(
      line,
    );
  if (current !== null) {
    const [, kind = '', url = '', redirectedFrom, page = '', tail = ''] = current;
    return {
      ...bareLoad('console', where, url),
      page,
      mode: 'cors',
      dest: DESTS[kind] ?? null,
      reason: CHROMIUM_REASONS.find(([pattern]) => pattern.test(tail))?.[1] ?? null,
      quoted: quotedIn(tail),
      redirectedFrom: redirectedFrom ?? null,
      failed: true,
    };
  }
  const older = new RegExp(
    String.raw`(?:Failed to load|XMLHttpRequest cannot load) (${ADDRESS}?)[:.]\s+(.*)`,
  ).exec(line);
  if (older === null) return null;
  const [, url = '', tail = ''] = older;
  const reason = CHROMIUM_REASONS.find(([pattern]) => pattern.test(tail))?.[1];
  if (reason === undefined) return null;
  const status = /HTTP status code (\d{3})/.exec(tail)?.[1];
  return {
    ...bareLoad('console', where, url),
    page: /Origin '([^']+)' is therefore/.exec(tail)?.[1] ?? null,
    mode: 'cors',
    dest: 'empty',
    reason,
    quoted: quotedIn(tail),
    status: status === undefined ? null : Number(status),
    failed: true,
  };
}

/** The value or header that a reason quotes. */
function quotedIn(tail: string): string | null {
  return (
    /header (?:has a value|contains multiple values) '([^']*)'/.exec(tail)?.[1] ??
    /header in the response is '([^']*)'/.exec(tail)?.[1] ??
    /Request header field (\S+) is not/.exec(tail)?.[1] ??
    /Method (\S+) is not allowed/.exec(tail)?.[1] ??
    null
  );
}

/** Firefox prints in its user's language: the address, the names of headers and the link are what stays. */
function firefoxLine(line: string, where: string, app: string | null): Load | null {
  const isAboutCors = /Access-Control-Allow-|\bCORS\b|Web\/HTTP\/(?:Reference\/|Guides\/)?CORS\/Errors/.test(
    line,
  );
  const url = addressIn(line.replace(/\[?https:\/\/developer\.mozilla\.org\S*/g, ''));
  if (!isAboutCors || url === null || / access control checks/.test(line)) return null;
  const english = FIREFOX_REASONS.find(([pattern]) => pattern.test(line))?.[1];
  const link = /CORS\/Errors\/(\w+)/.exec(line)?.[1];
  const number = /[:：]\s*(\d{3})\b[^\d]*$/.exec(line)?.[1];
  const rest = line.replace(url, '');
  const reason = english ?? FIREFOX_LINKS[link ?? ''] ?? localReason(rest, number !== undefined);
  if (reason === null && number === undefined) return null;
  const value = /['‘„“«"]((?:https?:\/\/|null\b|\*)[^'’”“»"]*)['’”“»"]/.exec(rest)?.[1];
  const quotedHeader = /header ‘([^’]+)’ is not allowed/.exec(line)?.[1];
  return {
    ...bareLoad('console', where, url),
    page: app,
    mode: 'cors',
    reason,
    quoted: quotedHeader ?? value ?? null,
    status: number === undefined ? null : Number(number),
    failed: true,
  };
}

function localReason(rest: string, hasStatus: boolean): Reason | null {
  if (rest.includes('Access-Control-Allow-Credentials')) return 'no-credentials';
  if (rest.includes('Access-Control-Allow-Headers')) return 'header-not-allowed';
  if (rest.includes('Access-Control-Allow-Methods')) return 'method-not-allowed';
  if (rest.includes('Access-Control-Allow-Origin')) {
    if (/['‘„“«"]\*['’”“»"]/.test(rest)) return 'wildcard-origin';
    if (/['‘„“«"](?:https?:\/\/|null)/.test(rest)) return 'other-origin';
    return hasStatus ? 'no-allow-origin' : null;
  }
  if (hasStatus) return 'preflight-status';
  return /\(null\)/.test(rest) ? 'request-failed' : null;
}

function webKitReason(line: string): { reason: Reason; status: number | null; page: string | null } | null {
  const code = /Status code: (\d{3})/.exec(line)?.[1];
  const status = code === undefined ? null : Number(code);
  const page = /Origin (\S+) is not allowed by Access-Control-Allow-Origin/.exec(line)?.[1] ?? null;
  // WebKit says the same where the header is missing and where it names another origin (B94).
  if (page !== null) return { reason: 'origin-not-allowed', status, page };
  if (/Access to |Cross-Origin Request Blocked|CORS policy/.test(line)) return null;
  const reason = WEBKIT_REASONS.find(([pattern]) => pattern.test(line))?.[1];
  return reason === undefined ? null : { reason, status, page: null };
}

/** WebKit's second line: `Fetch API cannot load URL due to access control checks.` */
function withoutAccess(line: string): { url: string; dest: string | null } | null {
  if (!line.includes(' due to access control checks')) return null;
  const url = addressIn(line);
  if (url === null) return null;
  const kind = /Cannot load (\w{1,20}) /.exec(line)?.[1] ?? null;
  return { url, dest: kind ?? (/Fetch API|XMLHttpRequest/.test(line) ? 'empty' : null) };
}

/** Lines on what blocked a load before or beside CORS (B87), and which of their addresses is the file's. */
const BLOCKED: readonly (readonly [RegExp, Reason, string | null, 'first' | 'last'])[] = [
  [/was blocked by OpaqueResponseBlocking.*media request/, 'opaque-blocked', 'video', 'first'],
  [/was blocked by OpaqueResponseBlocking/, 'opaque-blocked', 'image', 'first'],
  [/blocked due to its Cross-Origin-Resource-Policy/, 'resource-policy', null, 'first'],
  [/violates the resource's Cross-Origin-Resource-Policy/, 'resource-policy', null, 'first'],
  [/^.{0,40}Unsafe attempt to load URL/, 'track-refused', 'track', 'first'],
  [/Security Error: Content at .* may not load data from/, 'track-refused', 'track', 'last'],
  [
    /Content.Security.Policy.*(?:violat|does not appear|directive|verstößt)/,
    'content-security-policy',
    null,
    'first',
  ],
  [/(?:violates|does not appear).*Content.Security.Policy/, 'content-security-policy', null, 'first'],
  [/Mixed Content: .*requested an insecure/, 'mixed-content', null, 'last'],
  [/Blocked loading mixed (?:active|display) content/, 'mixed-content', null, 'first'],
  [/\[blocked\] The page at .*insecure/, 'mixed-content', null, 'last'],
];

function blockedLine(line: string, where: string, app: string | null): Load | null {
  const form = BLOCKED.find(([pattern]) => pattern.test(line));
  const addresses = line.match(new RegExp(ADDRESS, 'g')) ?? [];
  const url = form?.[3] === 'last' ? addresses.at(-1) : addresses[0];
  if (form === undefined || url === undefined) return null;
  const [, reason, dest] = form;
  return { ...bareLoad('console', where, cleaned(url)), page: app, dest, reason, failed: true };
}

/** `GET https://… net::ERR_FAILED 403 (Forbidden)`: belongs to the load before it, or is one of its own. */
function addStatus(line: string, where: string, loads: Load[], app: string | null): boolean {
  const found = addressIn(line);
  if (found === null) return false;
  const netError = /net::(ERR_[\w.]{1,80})(?: (\d{3})\b)?/.exec(line);
  const number = netError?.[2] ?? /\b(\d{3}) \(/.exec(line)?.[1] ?? /status of (\d{3})\b/.exec(line)?.[1];
  if (netError === null && number === undefined) return false;
  // The address of "Failed to load resource" ends in the number of a line.
  const url = found.replace(/:\d{1,6}:\d{1,6}$|(?<=\.\w{2,5}):\d{1,6}$/, '');
  const status = number === undefined ? null : Number(number);
  const index = loads.findLastIndex((load) => load.url === url && load.source === 'console');
  const known = loads[index];
  if (known !== undefined && known.status === null) {
    loads[index] = { ...known, status };
    return true;
  }
  loads.push({
    ...bareLoad('console', where, url),
    method: /\b(GET|HEAD|POST|PUT|DELETE|OPTIONS) /.exec(line)?.[1] ?? 'GET',
    page: app,
    status: status ?? (netError === null ? null : 0),
    reason: netError === null ? null : netErrorReason(netError[1] ?? ''),
    failed: true,
  });
  return true;
}

/** Node's own word for a name that the system does not know. */
function nodeLine(line: string, where: string, app: string | null): Load | null {
  const host = /getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)/.exec(line)?.[1];
  if (host === undefined || !URL.canParse(`https://${host}/`)) return null;
  return {
    ...bareLoad('console', where, `https://${host}/`),
    page: app,
    status: 0,
    reason: 'name-not-resolved',
    failed: true,
  };
}

function addressIn(line: string): string | null {
  const found = new RegExp(ADDRESS).exec(line)?.[0];
  return found === undefined ? null : cleaned(found);
}

/** Without the dot that ends the sentence. */
function cleaned(url: string): string {
  let end = url.length;
  while (end > 0 && '.,;:'.includes(url[end - 1] ?? '')) end -= 1;
  return url.slice(0, end);
}

function withoutQueries(line: string): string {
  return line.replace(new RegExp(ADDRESS, 'g'), withoutQuery);
}
