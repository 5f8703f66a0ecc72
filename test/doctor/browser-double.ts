import { Agent, request } from 'node:https';
import { request as plainRequest } from 'node:http';
import { CookieJar, parse as parseCookie, type Cookie } from 'tough-cookie';
import { getDomain } from 'tldts';

/** How a page loads something, as a browser decides it (B32). */
export type Way = 'fetch' | 'xhr' | 'img' | 'video' | 'font' | 'track' | 'document' | 'no-cors-fetch';

export interface LoadInput {
  readonly way: Way;
  readonly url: string;
  readonly method?: string;
  /** Of fetch and XMLHttpRequest; default include. */
  readonly credentials?: 'include' | 'omit';
  readonly crossorigin?: 'anonymous' | 'use-credentials';
  readonly headers?: Readonly<Record<string, string>>;
  /** Addresses that the recording names as initiators. */
  readonly initiators?: readonly string[];
  /** Another client than the page's browser: a receiver of a cast. */
  readonly userAgent?: string;
}

export interface BrowserSettings {
  /** The origin of the page. */
  readonly page: string;
  /** The origin in the address bar, where the page is a frame. */
  readonly top?: string | undefined;
  readonly engine?: 'Chromium' | 'Firefox' | 'Safari' | undefined;
  readonly blocksThirdParty?: boolean | undefined;
  /** `Cross-Origin-Embedder-Policy` of the page's document. */
  readonly embedderPolicy?: string | undefined;
  /** Whether the frame was granted storage access. */
  readonly hasStorageAccess?: boolean | undefined;
  /** Hosts that the page's Content-Security-Policy keeps it from. */
  readonly blockedHosts?: readonly string[] | undefined;
}

const AGENTS = {
  Chromium:
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
  Firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0',
  Safari:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
} as const;

const DESTS: Readonly<Record<Way, string>> = {
  fetch: 'empty',
  xhr: 'empty',
  'no-cors-fetch': 'empty',
  img: 'image',
  video: 'video',
  font: 'font',
  track: 'track',
  document: 'document',
};
const KINDS: Readonly<Record<Way, string>> = {
  fetch: 'fetch',
  xhr: 'xhr',
  'no-cors-fetch': 'fetch',
  img: 'image',
  video: 'media',
  font: 'font',
  track: 'texttrack',
  document: 'document',
};

type Pairs = (readonly [string, string])[];

interface Answer {
  readonly status: number;
  readonly headers: Pairs;
  readonly body: Buffer;
}

/**
 * A page in a browser, in Node: it obeys cookies by tough-cookie and the rules of B22–B38, CORS by the Fetch standard, and
 * keeps a cache, and records a HAR as the developer tools write it. It shares no code with the doctor. Every request is
 * made: every host leads to the port that the test gives.
 */
export class BrowserDouble {
  readonly entries: object[] = [];
  /** Chromium's console (B90). */
  readonly chromium: string[] = [];
  /** Firefox's, in English and without cookies' lines (B92). */
  readonly firefox: string[] = [];
  readonly safari: string[] = [];
  private readonly jar = new CookieJar(undefined, {
    rejectPublicSuffixes: true,
    allowSpecialUseDomain: true,
  });
  private readonly partitions = new Map<string, CookieJar>();
  /** Connections are kept, as a browser does. */
  private readonly agent = new Agent({ keepAlive: true });
  private readonly cache = new Map<string, { answer: Answer; vary: boolean; origin: string | null }>();

  constructor(
    readonly settings: BrowserSettings,
    private readonly portOf: (host: string) => number,
    private readonly ca: string,
    private readonly now: () => number,
  ) {}

  /** Loads one thing; says whether the page got it. */
  async load(input: LoadInput): Promise<boolean> {
    if (this.settings.blockedHosts?.includes(new URL(input.url).host) === true) {
      // Chromium names the policy, Firefox records a request without an answer.
      const error = this.settings.engine === 'Firefox' ? null : 'net::ERR_BLOCKED_BY_CSP';
      const asked = await this.requestHeaders(input, input.url, this.settings.page, false);
      this.record(input, asked, null, { kind: KINDS[input.way], error, fromCache: false });
      return false;
    }
    const isCors =
      input.way === 'fetch' || input.way === 'xhr' || input.way === 'font' || input.crossorigin !== undefined;
    const withCredentials =
      input.way === 'font'
        ? false
        : input.crossorigin !== undefined
          ? input.crossorigin === 'use-credentials'
          : input.way === 'fetch' || input.way === 'xhr'
            ? input.credentials !== 'omit'
            : !(this.settings.embedderPolicy === 'credentialless' && input.way !== 'document');
    const isCrossOrigin = new URL(input.url).origin !== this.settings.page;
    if (isCors && isCrossOrigin && this.needsPreflight(input) && !(await this.preflight(input))) return false;
    return this.follow(input, isCors && isCrossOrigin, withCredentials || !isCrossOrigin);
  }

  /** Ends its connections. */
  close(): void {
    this.agent.destroy();
  }

  /** The recording, with sensitive data. */
  har(): string {
    const engine = this.settings.engine ?? 'Chromium';
    const creator =
      engine === 'Firefox' ? 'Firefox' : engine === 'Safari' ? 'WebKit Web Inspector' : 'WebInspector';
    const title = engine === 'Firefox' ? 'A course' : `${this.settings.top ?? this.settings.page}/`;
    return JSON.stringify({
      log: {
        version: '1.2',
        creator: { name: creator, version: '537.36' },
        pages: [{ id: 'page_1', title, startedDateTime: new Date(this.now()).toISOString() }],
        entries: this.entries,
      },
    });
  }

  private needsPreflight({ method = 'GET', headers = {} }: LoadInput): boolean {
    const isPlainRange = /^bytes=\d+-\d*$/.test(headers['Range'] ?? 'bytes=0-');
    const own = Object.keys(headers).filter((name) => !(name === 'Range' && isPlainRange));
    return own.length > 0 || !['GET', 'HEAD', 'POST'].includes(method);
  }

  private async preflight(input: LoadInput): Promise<boolean> {
    const { url, method = 'GET', headers = {} } = input;
    const names = Object.keys(headers)
      .map((name) => name.toLowerCase())
      .toSorted()
      .join(',');
    const asked: Pairs = [
      ['Origin', this.settings.page],
      ['Access-Control-Request-Method', method],
      ...(names === '' ? [] : ([['Access-Control-Request-Headers', names]] as const)),
      ['User-Agent', AGENTS[this.settings.engine ?? 'Chromium']],
      ['Sec-Fetch-Mode', 'cors'],
      ['Sec-Fetch-Dest', 'empty'],
      ['Sec-Fetch-Site', this.siteWord(url)],
    ];
    const answer = await this.send(url, 'OPTIONS', asked);
    const problem = this.preflightProblem(answer, method, names);
    this.record({ ...input, method: 'OPTIONS' }, asked, answer, {
      kind: 'preflight',
      error: problem === null ? null : 'net::ERR_FAILED',
      fromCache: false,
    });
    if (problem === null) return true;
    const status = `Status code: ${answer?.status ?? '(null)'}.`;
    const access = `Access to ${input.way === 'xhr' ? 'XMLHttpRequest' : 'fetch'} at '${url}' from origin '${this.settings.page}' has been blocked by CORS policy: `;
    this.chromium.push(`${access}${problem.chromium}`, `GET ${url} net::ERR_FAILED`);
    this.firefox.push(
      `Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at ${url}. (Reason: ${problem.firefox ?? 'CORS preflight response did not succeed'}). ${status}`,
    );
    this.safari.push(
      `Preflight response is not successful. ${status.replace(/\.$/, '')}`,
      `Fetch API cannot load ${url} due to access control checks.`,
    );
    return false;
  }

  private preflightProblem(
    answer: Answer | null,
    method: string,
    names: string,
  ): { chromium: string; firefox?: string } | null {
    const prefix = "Response to preflight request doesn't pass access control check: ";
    if (answer === null) return { chromium: `${prefix}It does not have HTTP ok status.` };
    if (answer.status >= 300 && answer.status < 400) {
      return {
        chromium: `${prefix}Redirect is not allowed for a preflight request.`,
        firefox: 'CORS request external redirect not allowed',
      };
    }
    if (valueOf(answer.headers, 'access-control-allow-origin') === null) {
      return {
        chromium: `${prefix}No 'Access-Control-Allow-Origin' header is present on the requested resource.`,
      };
    }
    if (answer.status >= 400) return { chromium: `${prefix}It does not have HTTP ok status.` };
    const allowed = (valueOf(answer.headers, 'access-control-allow-headers') ?? '')
      .toLowerCase()
      .split(/, ?/);
    const missing = names.split(',').find((name) => name !== '' && !allowed.includes(name));
    if (missing !== undefined) {
      return {
        chromium: `Request header field ${missing} is not allowed by Access-Control-Allow-Headers in preflight response.`,
        firefox: `header ‘${missing}’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response`,
      };
    }
    const methods = (valueOf(answer.headers, 'access-control-allow-methods') ?? '').split(/, ?/);
    return ['GET', 'HEAD', 'POST'].includes(method) || methods.includes(method)
      ? null
      : {
          chromium: `Method ${method} is not allowed by Access-Control-Allow-Methods in preflight response.`,
        };
  }

  private async follow(input: LoadInput, isCors: boolean, withCredentials: boolean): Promise<boolean> {
    let url = input.url;
    let origin: string | null = isCors ? this.settings.page : null;
    let redirectedFrom: string | null = null;
    for (let hop = 0; hop < 5; hop += 1) {
      const asked = await this.requestHeaders(input, url, origin, withCredentials);
      const cached = this.fromCache(url, origin);
      const answer = cached ?? (await this.send(url, input.method ?? 'GET', asked));
      if (answer === null) {
        this.record(input, asked, null, {
          kind: KINDS[input.way],
          error: 'net::ERR_CONNECTION_REFUSED',
          fromCache: false,
          url,
        });
        return false;
      }
      if (withCredentials) await this.store(url, answer);
      const location = valueOf(answer.headers, 'location');
      if (answer.status >= 300 && answer.status < 400 && answer.status !== 304 && location !== null) {
        this.record(input, asked, answer, { kind: KINDS[input.way], error: null, fromCache: false, url });
        const next = new URL(location, url);
        if (isCors && next.origin !== new URL(url).origin && new URL(url).origin !== this.settings.page)
          origin = 'null';
        redirectedFrom = url;
        url = next.href;
        continue;
      }
      const problem = isCors ? corsProblem(answer, origin ?? '', withCredentials) : null;
      const isOpaque =
        problem === null && !isCors && ['img', 'video'].includes(input.way) && answer.status >= 400;
      const isForeign = !isCors && input.way !== 'document' && new URL(url).origin !== this.settings.page;
      const policy = valueOf(answer.headers, 'cross-origin-resource-policy');
      const isByPage = isForeign && policy === null && this.settings.embedderPolicy === 'require-corp';
      const blocked =
        isForeign && policy === 'same-origin'
          ? 'NotSameOrigin'
          : isByPage
            ? 'NotSameOriginAfterDefaultedToSameOriginByCoep'
            : null;
      const error =
        problem === null
          ? blocked !== null
            ? `net::ERR_BLOCKED_BY_RESPONSE.${blocked}`
            : isOpaque
              ? 'net::ERR_BLOCKED_BY_ORB'
              : null
          : 'net::ERR_FAILED';
      this.record(input, asked, answer, { kind: KINDS[input.way], error, fromCache: cached !== null, url });
      if (cached === null) this.keep(url, origin, answer);
      if (problem !== null) this.say(input, url, redirectedFrom, origin ?? '', answer, problem);
      return error === null && answer.status < 400;
    }
    return false;
  }

  private async requestHeaders(
    input: LoadInput,
    url: string,
    origin: string | null,
    withCredentials: boolean,
  ): Promise<Pairs> {
    const cookie =
      withCredentials && input.userAgent === undefined
        ? await this.cookieFor(url, input.way === 'document')
        : '';
    const isNoCors = origin === null && input.way !== 'document';
    return [
      ['User-Agent', input.userAgent ?? AGENTS[this.settings.engine ?? 'Chromium']],
      ['Accept', '*/*'],
      ['Accept-Encoding', 'gzip, deflate, br, zstd'],
      ['Sec-Fetch-Mode', input.way === 'document' ? 'navigate' : isNoCors ? 'no-cors' : 'cors'],
      ['Sec-Fetch-Dest', DESTS[input.way]],
      ['Sec-Fetch-Site', this.siteWord(url)],
      ...(origin === null ? [] : ([['Origin', origin]] as const)),
      ...(input.way === 'document' ? [] : ([['Referer', `${this.settings.page}/`]] as const)),
      ...this.storageAccess(url),
      ...Object.entries(input.headers ?? {}),
      ...(cookie === '' ? [] : ([['Cookie', cookie]] as const)),
    ];
  }

  /** What Chromium says of a frame that was granted storage access: its own origin has it, others do not (B40). */
  private storageAccess(url: string): Pairs {
    if (this.settings.hasStorageAccess !== true) return [];
    return [['Sec-Fetch-Storage-Access', new URL(url).origin === this.settings.page ? 'active' : 'none']];
  }

  private siteWord(url: string): string {
    const own = [this.settings.page, ...(this.settings.top === undefined ? [] : [this.settings.top])];
    if (own.every((page) => new URL(page).origin === new URL(url).origin)) return 'same-origin';
    return own.every((page) => sameSite(page, url)) ? 'same-site' : 'cross-site';
  }

  private isThirdParty(url: string): boolean {
    return this.siteWord(url) === 'cross-site';
  }

  private partition(): CookieJar {
    const key = site(this.settings.top ?? this.settings.page);
    const jar = this.partitions.get(key) ?? new CookieJar(undefined, { allowSpecialUseDomain: true });
    this.partitions.set(key, jar);
    return jar;
  }

  private async cookieFor(url: string, isNavigation: boolean): Promise<string> {
    const isThird = !isNavigation && this.isThirdParty(url);
    const expire = new Date(this.now());
    const plain =
      isThird && this.settings.blocksThirdParty === true
        ? []
        : await this.jar.getCookies(url, { sameSiteContext: isThird ? 'none' : 'strict' });
    const own = await this.partition().getCookies(url, { sameSiteContext: isThird ? 'none' : 'strict' });
    const live = [...plain, ...own]
      .filter((cookie) => endOf(cookie) > expire.getTime())
      .toSorted((a, b) => (b.path?.length ?? 0) - (a.path?.length ?? 0));
    return live.map((cookie) => cookie.cookieString()).join('; ');
  }

  private async store(url: string, answer: Answer): Promise<void> {
    const isThird = this.isThirdParty(url);
    for (const [name, line] of answer.headers) {
      if (name.toLowerCase() !== 'set-cookie') continue;
      const cookie = parseCookie(line, { loose: false });
      if (cookie === undefined) continue;
      const isPartitioned = /;\s*partitioned/i.test(line);
      const written = /samesite=(\w+)/i.exec(line)?.[1]?.toLowerCase() ?? 'lax';
      if (isThird && written !== 'none') continue;
      if (isThird && this.settings.blocksThirdParty === true && !isPartitioned) continue;
      if ((written === 'none' || isPartitioned) && !cookie.secure) continue;
      if (
        cookie.secure &&
        url.startsWith('http:') &&
        !(this.settings.engine !== 'Safari' && new URL(url).hostname.endsWith('localhost'))
      )
        continue;
      if (cookie.key.length + cookie.value.length > 4096) continue;
      if (/[*:/]|\.\.|\.$/.test(/domain=([^;]*)/i.exec(line)?.[1]?.replace(/^\./, '') ?? '')) continue;
      const jar = isPartitioned ? this.partition() : this.jar;
      await jar
        .setCookie(line, url, {
          now: new Date(this.now()),
          ignoreError: true,
          sameSiteContext: isThird ? 'none' : 'strict',
        })
        .catch(() => undefined);
    }
  }

  private fromCache(url: string, origin: string | null): Answer | null {
    const copy = this.cache.get(url);
    if (copy === undefined || (copy.vary && copy.origin !== origin)) return null;
    return copy.answer;
  }

  private keep(url: string, origin: string | null, answer: Answer): void {
    const control = valueOf(answer.headers, 'cache-control') ?? '';
    if (answer.status !== 200 || !/max-age=[1-9]/.test(control)) return;
    this.cache.set(url, { answer, vary: /origin/i.test(valueOf(answer.headers, 'vary') ?? ''), origin });
  }

  private say(
    input: LoadInput,
    url: string,
    redirectedFrom: string | null,
    origin: string,
    answer: Answer,
    problem: CorsProblem,
  ): void {
    const what = input.way === 'xhr' ? 'XMLHttpRequest' : input.way === 'img' ? 'image' : input.way;
    const from = redirectedFrom === null ? '' : ` (redirected from '${redirectedFrom}')`;
    this.chromium.push(
      `Access to ${what} at '${url}'${from} from origin '${this.settings.page}' has been blocked by CORS policy: ${problem.chromium}`,
      `GET ${url} net::ERR_FAILED ${answer.status} (${answer.status === 403 ? 'Forbidden' : 'OK'})`,
    );
    this.firefox.push(
      `Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at ${url}. (Reason: ${problem.firefox}).${problem.firefoxStatus ? ` Status code: ${answer.status}.` : ''}`,
    );
    this.safari.push(
      problem.safari.replace('ORIGIN', origin).replace('STATUS', String(answer.status)),
      `Fetch API cannot load ${url} due to access control checks.`,
    );
  }

  private record(
    input: LoadInput,
    asked: Pairs,
    answer: Answer | null,
    extra: { kind: string; error: string | null; fromCache: boolean; url?: string },
  ): void {
    const isHidden = extra.error !== null;
    const type = valueOf(answer?.headers ?? [], 'content-type') ?? '';
    this.entries.push({
      _initiator: {
        type: 'script',
        stack: {
          callFrames: (input.initiators ?? []).map((url) => ({ url, functionName: '', lineNumber: 1 })),
        },
      },
      _priority: 'High',
      _resourceType: extra.kind,
      ...(extra.fromCache ? { _fromCache: 'disk' } : {}),
      pageref: 'page_1',
      startedDateTime: new Date(this.now()).toISOString(),
      time: 3,
      request: {
        method: input.method ?? 'GET',
        url: extra.url ?? input.url,
        httpVersion: 'http/1.1',
        headers: asked.map(([name, value]) => ({ name, value })),
        queryString: [],
        cookies: [],
        headersSize: -1,
        bodySize: 0,
      },
      response: {
        status: answer?.status ?? 0,
        statusText: '',
        httpVersion: 'http/1.1',
        headers: (answer?.headers ?? []).map(([name, value]) => ({ name, value })),
        cookies: [],
        content: {
          size: answer?.body.length ?? 0,
          mimeType: type,
          ...(isHidden || answer === null || !/xml|html|text/.test(type)
            ? {}
            : { text: answer.body.toString('utf8') }),
        },
        redirectURL: valueOf(answer?.headers ?? [], 'location') ?? '',
        headersSize: -1,
        bodySize: -1,
        _transferSize: 100,
        _error: extra.error,
      },
      cache: {},
      timings: {},
    });
  }

  private send(url: string, method: string, asked: Pairs): Promise<Answer | null> {
    const { promise, resolve } = Promise.withResolvers<Answer | null>();
    const { protocol, hostname, host, pathname, search } = new URL(url);
    const isPlain = protocol === 'http:';
    const make = isPlain ? plainRequest : request;
    const outgoing = make({
      host: '127.0.0.1',
      port: this.portOf(isPlain ? `http ${hostname}` : hostname),
      method,
      path: pathname + search,
      headers: { host, ...Object.fromEntries(asked) },
      ...(isPlain ? { agent: false } : { servername: hostname, ca: this.ca, agent: this.agent }),
      maxHeaderSize: 2 * 1024 * 1024,
    });
    outgoing.once('error', () => resolve(null));
    outgoing.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        const headers: Pairs = [];
        for (let index = 0; index < response.rawHeaders.length; index += 2)
          headers.push([response.rawHeaders[index] ?? '', response.rawHeaders[index + 1] ?? '']);
        resolve({ status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) });
      });
    });
    outgoing.end();
    return promise;
  }
}

interface CorsProblem {
  readonly chromium: string;
  readonly firefox: string;
  readonly firefoxStatus: boolean;
  readonly safari: string;
}

/** The CORS check of Fetch, in the words of the three consoles. */
function corsProblem({ headers }: Answer, origin: string, withCredentials: boolean): CorsProblem | null {
  const values = headers
    .filter(([name]) => name.toLowerCase() === 'access-control-allow-origin')
    .map(([, value]) => value);
  const notAllowed = `Origin ORIGIN is not allowed by Access-Control-Allow-Origin. Status code: STATUS`;
  const value = values.join(', ');
  if (values.length === 0) {
    return {
      chromium: "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
      firefox: 'CORS header ‘Access-Control-Allow-Origin’ missing',
      firefoxStatus: true,
      safari: notAllowed,
    };
  }
  if (value.includes(',')) {
    return {
      chromium: `The 'Access-Control-Allow-Origin' header contains multiple values '${value}', but only one is allowed. Have the server send the header with a valid value.`,
      firefox: 'Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed',
      firefoxStatus: false,
      safari: 'Access-Control-Allow-Origin cannot contain more than one origin.',
    };
  }
  if (value === '*') {
    return withCredentials
      ? {
          chromium:
            "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.",
          firefox: 'Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’',
          firefoxStatus: false,
          safari: 'Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.',
        }
      : null;
  }
  if (value !== origin) {
    return {
      chromium: `The 'Access-Control-Allow-Origin' header has a value '${value}' that is not equal to the supplied origin. Have the server send the header with a valid value.`,
      firefox: `CORS header ‘Access-Control-Allow-Origin’ does not match ‘${value}’`,
      firefoxStatus: false,
      safari: notAllowed,
    };
  }
  const credentials = valueOf(headers, 'access-control-allow-credentials') ?? '';
  return !withCredentials || credentials === 'true'
    ? null
    : {
        chromium: `The value of the 'Access-Control-Allow-Credentials' header in the response is '${credentials}' which must be 'true' when the request's credentials mode is 'include'.`,
        firefox: 'expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’',
        firefoxStatus: false,
        safari: 'Credentials flag is true, but Access-Control-Allow-Credentials is not "true".',
      };
}

/** tough-cookie counts Max-Age from the last use, by the machine's clock; a browser from the moment of setting. */
function endOf(cookie: Cookie): number {
  if (typeof cookie.maxAge === 'number' && cookie.creation instanceof Date) {
    return cookie.creation.getTime() + cookie.maxAge * 1000;
  }
  return cookie.expires instanceof Date ? cookie.expires.getTime() : Number.POSITIVE_INFINITY;
}

function valueOf(headers: Pairs, name: string): string | null {
  return headers.find(([other]) => other.toLowerCase() === name)?.[1] ?? null;
}

function site(origin: string): string {
  const { protocol, hostname } = new URL(origin);
  return `${protocol}//${getDomain(hostname, { allowPrivateDomains: true, validHosts: ['localhost'] }) ?? hostname}`;
}

const sameSite = (one: string, other: string): boolean => site(one) === site(other);
