import type { HeaderList } from '@edgepass/edge';

/** Where a fact was seen. */
export type Source = 'live' | 'har' | 'console' | 'configuration' | 'settings' | 'cookie file';

/** A cookie as it travels. The value is a secret: it is compared and decoded, never shown. */
export interface CookiePair {
  readonly name: string;
  readonly value: string;
}

/** What a browser said of one load, in our own words for the wordings of all three. */
export type Reason =
  | 'no-allow-origin'
  | 'origin-not-allowed'
  | 'wildcard-origin'
  | 'other-origin'
  | 'several-origins'
  | 'no-credentials'
  | 'preflight-failed'
  | 'preflight-status'
  | 'preflight-redirected'
  | 'header-not-allowed'
  | 'method-not-allowed'
  | 'local-network'
  | 'request-failed'
  | 'certificate-authority'
  | 'certificate-name'
  | 'certificate-other'
  | 'name-not-resolved'
  | 'connection-refused'
  | 'no-tls-there'
  | 'connection-failed'
  | 'timeout'
  | 'too-much'
  | 'opaque-blocked'
  | 'resource-policy'
  | 'embedder-policy'
  | 'track-refused'
  | 'content-security-policy'
  | 'mixed-content'
  | 'aborted';

/** What a live address is asked: as the page would, and for comparison. */
export type ProbeKind = 'page' | 'without-cookies' | 'preflight' | 'without-origin' | 'other-origin';

/**
 * One request and what came of it: an entry of a HAR, a line of a console, a probe of our own, or what a configuration
 * would answer. What the evidence does not hold is null.
 */
export interface Load {
  readonly source: Source;
  /** `HAR entry 12`, `console line 3`, `probe with cookies`. */
  readonly where: string;
  readonly url: string;
  readonly method: string;
  /** The origin of the page, or frame, that asked. */
  readonly page: string | null;
  /** The origin in the address bar, when it is known to be another one. */
  readonly top: string | null;
  readonly mode: 'cors' | 'no-cors' | 'navigate' | 'same-origin' | null;
  /** `Sec-Fetch-Dest`: `empty` for fetch and XMLHttpRequest, `image`, `video`, `font`, `track`, … */
  readonly dest: string | null;
  /** Null where the request is not shown, or only as the page sees it. */
  readonly requestHeaders: HeaderList | null;
  /** Null: not shown, or taken out of the file. */
  readonly cookies: readonly CookiePair[] | null;
  /** Null: not shown; 0: there was no answer. */
  readonly status: number | null;
  readonly headers: HeaderList | null;
  readonly errorBody: string | null;
  readonly reason: Reason | null;
  /** What the browser quoted beside its reason: a header's name or value. */
  readonly quoted: string | null;
  readonly fromBrowserCache: boolean;
  /** Whether the page saw the request fail; null: not known. */
  readonly failed: boolean | null;
  readonly redirectedFrom: string | null;
  readonly atMilliseconds: number | null;
  /** Addresses of scripts or sheets that asked for it. */
  readonly initiators: readonly string[];
  /** Asked by ourselves for comparison: a refusal of it is no failure of the page. */
  readonly isComparison: boolean;
  /** Which request of our own it is; null: none. */
  readonly probe: ProbeKind | null;
  /** The setting that decides on the CORS headers of the answer, where a configuration says so. */
  readonly decidedBy: string | null;
}

/** What a browser said that is about no single answer. */
export type SayingKind =
  | 'cookie-domain'
  | 'cookie-cross-site'
  | 'cookie-none-insecure'
  | 'cookie-secure-over-http'
  | 'cookie-too-long'
  | 'cookie-will-be-foreign'
  | 'cookie-path'
  | 'cookie-host'
  | 'cookie-third-party-blocked'
  | 'cookie-cross-site-send'
  | 'canvas-tainted'
  | 'dev-server-host'
  | 'media-error'
  | 'media-parse-error'
  | 'video-js'
  | 'opaque-response'
  | 'harness'
  | 'storage-access';

export interface Saying {
  readonly kind: SayingKind;
  readonly where: string;
  /** Safe to print. */
  readonly text: string;
  readonly url: string | null;
}

/** A cookie that a jar is known to hold: a line of a cookie file. */
export interface HeldCookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  /** Unix seconds; 0: ends with the session. */
  readonly expires: number;
  readonly where: string;
}

/** What a browser showed to an API about the cookies it holds. */
export interface JarFact {
  readonly kind:
    | 'no-grant'
    | 'other-folder'
    | 'other-viewer'
    | 'two-sets'
    | 'domain-not-of-api'
    | 'domain-not-of-cdn';
  /** Safe to print. */
  readonly text: string;
  /** Works as things stand, and will fail for some viewers or later. */
  readonly isWarning?: boolean;
}

/** What a distribution's own JSON says of the address, beside the answers it would give. */
export interface ConfigurationFact {
  readonly where: string;
  /** A setting that no answer shows, and that is a fault or makes one. */
  readonly kind:
    | 'origin-not-in-key'
    | 'origin-not-listed'
    | 'alias-missing'
    | 'ipv6-enabled'
    | 'key-not-trusted'
    | 'no-vary';
  readonly text: string;
  /** A more exact fix than that of the check. */
  readonly fix?: string;
  /** Works as things stand, and will fail for some viewers or later. */
  readonly isWarning?: boolean;
}

/** A certificate that a probe met. */
export interface CertificateFact {
  readonly host: string;
  /** Node's code, such as `UNABLE_TO_VERIFY_LEAF_SIGNATURE`; null: it holds. */
  readonly error: string | null;
  /** `DNS:*.localhost`. */
  readonly names: string;
}

/** Everything that was gathered, once, for all checks. */
export interface Evidence {
  readonly nowMilliseconds: number;
  /** The address that somebody asks about. */
  readonly target: string | null;
  /** The page's origin as somebody said it. */
  readonly app: string | null;
  readonly loads: readonly Load[];
  readonly sayings: readonly Saying[];
  readonly held: readonly HeldCookie[];
  /** Null: no browser showed its cookies to an API that knows what it granted. */
  readonly jar: readonly JarFact[] | null;
  /** What start-up of edgepass would refuse of its settings, one line each; null: not asked. */
  readonly startProblems: readonly string[] | null;
  readonly configuration: readonly ConfigurationFact[];
  readonly certificates: readonly CertificateFact[];
  /** Which kinds of evidence were given. */
  readonly sources: readonly Source[];
  /** A word on the evidence itself, such as cookies that the HAR does not hold. */
  readonly notes: readonly string[];
}

/** A load of which nothing but the address is known. */
export function bareLoad(source: Source, where: string, url: string): Load {
  return {
    source,
    where,
    url,
    method: 'GET',
    page: null,
    top: null,
    mode: null,
    dest: null,
    requestHeaders: null,
    cookies: null,
    status: null,
    headers: null,
    errorBody: null,
    reason: null,
    quoted: null,
    fromBrowserCache: false,
    failed: null,
    redirectedFrom: null,
    atMilliseconds: null,
    initiators: [],
    isComparison: false,
    probe: null,
    decidedBy: null,
  };
}

/** The value of a header in any case; null: absent, or headers not known. Several lines are joined as Fetch joins them. */
export function header(headers: HeaderList | null, name: string): string | null {
  let found: string | null = null;
  for (const [other, value] of headers ?? []) {
    if (other.length !== name.length || other.toLowerCase() !== name) continue;
    found = found === null ? value : `${found}, ${value}`;
  }
  return found;
}

/** Every `Set-Cookie` line; some tools join them by a line break. */
export function setCookieLines(headers: HeaderList | null): readonly string[] {
  return (headers ?? [])
    .filter(([name]) => name.toLowerCase() === 'set-cookie')
    .flatMap(([, value]) => value.split('\n'))
    .filter((line) => line.trim() !== '');
}

/** The pairs of a `Cookie` header in its order. */
export function cookiePairs(text: string): readonly CookiePair[] {
  const pairs: CookiePair[] = [];
  for (const part of text.split(';')) {
    const pair = part.trim();
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    pairs.push(
      equals === -1
        ? { name: pair, value: '' }
        : { name: pair.slice(0, equals), value: pair.slice(equals + 1) },
    );
  }
  return pairs;
}
