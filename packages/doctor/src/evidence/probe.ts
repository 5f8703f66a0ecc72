import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { HeaderList } from '@edgepass/edge';
import { coversPath, reachesHost } from '../browser/scope.js';
import { isThisMachine } from '../browser/site.js';
import { refusalOf } from '../facts.js';
import {
  bareLoad,
  header,
  type CertificateFact,
  type CookiePair,
  type Evidence,
  type HeldCookie,
  type Load,
  type ProbeKind,
  type Reason,
} from './evidence.js';

/**
 * What is needed of Node, when it is needed. `import … from 'node:http'` reads every member of it, and one of them loads
 * undici, which takes as long as the rest of the start.
 */
const http = () => process.getBuiltinModule('node:http');
const https = () => process.getBuiltinModule('node:https');

/** How long one request may take; all of them together take two of these at most. */
const PROBE_MILLISECONDS = 4000;
/** Enough of an error page to tell whose it is; what follows is not read. */
const MOST_BODY_BYTES = 4000;
/** As Chromium writes it: it is part of the cache key of CachingOptimized. */
const ACCEPT_ENCODING = 'gzip, deflate, br, zstd';
const UNKNOWN_ORIGIN = 'https://edgepass-doctor.example';

/** What is asked of a live address. */
export interface ProbeInput {
  readonly url: string;
  /** The page's origin; null: asked without one. */
  readonly app: string | null;
  /** Cookies that somebody handed over: those that a browser would send. */
  readonly held: readonly HeldCookie[];
  /** The `Cookie` of a copied request. */
  readonly pairs: readonly CookiePair[] | null;
  /** Certificates to trust beside those of Node and of the system, as PEM. */
  readonly ca: readonly string[];
  /** Whether the beginning of an error page is read, for its code; default true. */
  readonly readsBodies?: boolean;
  readonly nowMilliseconds: () => number;
}

/**
 * Asks a live address as the page would, and for comparison without cookies, as a preflight, without Origin and with
 * another one. Nothing is followed, no body is read beyond the beginning of an error, no certificate error is passed over.
 * The page's own request goes first. The two last ones only after a Hit, or against the local edge: on a wrong distribution
 * they could put a copy into the cache that others then get (R85).
 */
export async function probe(input: ProbeInput): Promise<Partial<Evidence>> {
  const url = new URL(input.url);
  const session = new Session(url, input);
  const cookies = cookiesFor(url, input);
  try {
    const asPage = await session.ask('page', {
      origin: input.app,
      cookies,
      isComparison: false,
    });
    if (asPage.status === 0) return session.evidence([asPage]);
    const isCacheSafe =
      /^(?:Hit|RefreshHit) from cloudfront/.test(header(asPage.headers, 'x-cache') ?? '') ||
      session.isOnThisMachine;
    const isServed = (asPage.status ?? 0) >= 200 && (asPage.status ?? 0) < 300;
    const comparisons: (readonly [ProbeKind, Question])[] = [
      ...(cookies.length === 0
        ? []
        : [['without-cookies', { origin: input.app, isComparison: true }] as const]),
      ...(input.app === null
        ? []
        : [['preflight', { origin: input.app, method: 'OPTIONS', isComparison: true }] as const]),
      ...(isServed && isCacheSafe
        ? [
            ['without-origin', { origin: null, cookies, isComparison: true }] as const,
            ['other-origin', { origin: UNKNOWN_ORIGIN, cookies, isComparison: true }] as const,
          ]
        : []),
    ];
    const rest = await session.askAll(comparisons);
    // Without cookies a refusal is what a restricted behavior is for: it says nothing against it.
    const isOnlyRestricted =
      cookies.length === 0 &&
      input.held.length === 0 &&
      asPage.status === 403 &&
      refusalOf(asPage)?.by !== 'S3';
    const first = isOnlyRestricted ? { ...asPage, isComparison: true } : asPage;
    const notes = isOnlyRestricted
      ? [
          'The CDN refused the probe, which had no cookies. Hand some over to see more: --cookies FILE, or --har FILE.',
        ]
      : [];
    return { ...session.evidence([first, ...rest]), notes };
  } finally {
    session.close();
  }
}

/** The cookies of a jar that a browser would send to an address. */
function cookiesFor(
  url: URL,
  { held, pairs, nowMilliseconds }: Pick<ProbeInput, 'held' | 'pairs' | 'nowMilliseconds'>,
): readonly CookiePair[] {
  if (pairs !== null) return pairs;
  const now = nowMilliseconds() / 1000;
  return held.filter(
    (cookie) =>
      reachesHost(cookie, url.hostname) &&
      coversPath(cookie.path, url.pathname) &&
      (!cookie.secure || url.protocol === 'https:') &&
      (cookie.expires === 0 || cookie.expires > now),
  );
}

function labelOf(kind: ProbeKind, cookies: readonly CookiePair[]): string {
  const labels: Readonly<Record<ProbeKind, string>> = {
    page: cookies.length > 0 ? 'probe with cookies' : 'probe',
    'without-cookies': 'probe without cookies',
    preflight: 'probe as a preflight',
    'without-origin': 'probe without Origin',
    'other-origin': 'probe with another origin',
  };
  return labels[kind];
}

interface Question {
  readonly origin: string | null;
  readonly method?: string;
  readonly cookies?: readonly CookiePair[];
  readonly isComparison: boolean;
}

/** The requests to one host, over connections that are kept. */
class Session {
  private agent: Agent;
  private triesEveryAuthority = false;
  private certificate: CertificateFact | null = null;
  /** Whether the server that answered is on this machine, whatever its name is. */
  isOnThisMachine = false;

  constructor(
    private readonly url: URL,
    private readonly input: ProbeInput,
  ) {
    // To read every authority of the system takes longer than most answers: those come when the first do not do.
    this.agent = this.createAgent(input.ca.length > 0 ? [...input.ca] : undefined);
  }

  private createAgent(ca: string[] | undefined): Agent {
    const lookup = this.lookup.bind(this);
    return this.url.protocol === 'https:'
      ? new (https().Agent)({ keepAlive: true, lookup, ...(ca === undefined ? {} : { ca }) })
      : new (http().Agent)({ keepAlive: true, lookup });
  }

  /** What the requests showed. */
  evidence(loads: readonly Load[]): Partial<Evidence> {
    const certificates = this.certificate === null ? [] : [this.certificate];
    return { target: this.url.href, app: this.input.app, loads, certificates, sources: ['live'] };
  }

  close(): void {
    this.agent.destroy();
  }

  /**
   * Several side by side, each on a connection of its own. On this machine an answer comes sooner than a handshake of TLS
   * ends, so there they share one connection.
   */
  async askAll(questions: readonly (readonly [ProbeKind, Question])[]): Promise<readonly Load[]> {
    if (!this.isOnThisMachine) return Promise.all(questions.map((each) => this.ask(...each)));
    const loads: Load[] = [];
    // A server that hangs is waited for once.
    const deadline = performance.now() + PROBE_MILLISECONDS;
    for (const [kind, question] of questions) {
      // oxlint-disable-next-line no-await-in-loop -- one connection answers one at a time
      if (performance.now() < deadline) loads.push(await this.ask(kind, question));
    }
    return loads;
  }

  async ask(kind: ProbeKind, question: Question): Promise<Load> {
    const { origin, method = 'GET', cookies = [], isComparison } = question;
    const isPreflight = method === 'OPTIONS';
    const headers: (readonly [string, string])[] = [
      ['Accept', '*/*'],
      ['Accept-Encoding', ACCEPT_ENCODING],
      ['User-Agent', 'Mozilla/5.0 (compatible; edgepass-doctor)'],
      ...(isPreflight
        ? ([['Access-Control-Request-Method', 'GET']] as const)
        : ([['Range', 'bytes=0-0']] as const)),
      ...(origin === null ? [] : ([['Origin', origin]] as const)),
      ...(cookies.length === 0
        ? []
        : ([['Cookie', cookies.map(({ name, value }) => `${name}=${value}`).join('; ')]] as const)),
    ];
    const load: Load = {
      ...bareLoad('live', labelOf(kind, cookies), this.url.href),
      probe: kind,
      method,
      page: origin,
      mode: origin === null ? 'no-cors' : 'cors',
      dest: 'empty',
      requestHeaders: headers,
      cookies,
      atMilliseconds: this.input.nowMilliseconds(),
      isComparison,
    };
    try {
      const { status, answered, body } = await this.send(method, headers);
      return {
        ...load,
        status,
        headers: answered,
        errorBody: status >= 400 && body !== '' ? body : null,
        failed: status >= 400,
      };
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === 'certificate-authority' && !this.triesEveryAuthority) {
        this.triesEveryAuthority = true;
        this.certificate = null;
        this.agent.destroy();
        this.agent = this.createAgent(trusted(this.input.ca));
        return this.ask(kind, question);
      }
      return { ...load, status: 0, reason, failed: true };
    }
  }

  private send(
    method: string,
    headers: HeaderList,
  ): Promise<{ status: number; answered: HeaderList; body: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{
      status: number;
      answered: HeaderList;
      body: string;
    }>();
    const { request: create } = this.url.protocol === 'https:' ? https() : http();
    const request: ClientRequest = create(this.url, {
      method,
      agent: this.agent,
      headers: Object.fromEntries(headers),
    });
    // The whole of it, headers and the beginning of the body: a server may send a byte a second.
    const timer = setTimeout(() => request.destroy(new Error('ETIMEDOUT')), PROBE_MILLISECONDS);
    request.once('close', () => clearTimeout(timer));
    request.once('error', (error: NodeJS.ErrnoException) => {
      this.noteCertificate(request, error);
      reject(error);
    });
    request.once('response', (response: IncomingMessage) => {
      this.noteCertificate(request, null);
      this.isOnThisMachine = isThisMachine(response.socket.remoteAddress ?? '');
      const answered = pairsOf(response.rawHeaders);
      if (this.input.readsBodies === false) {
        resolve({ status: response.statusCode ?? 0, answered, body: '' });
        // One byte, or an error page, is let by so that the connection serves the next request; no whole film is.
        const bytes = Number(response.headers['content-length'] ?? Number.POSITIVE_INFINITY);
        if (bytes > 64 * 1024) response.destroy();
        else response.resume();
        return;
      }
      const chunks: Buffer[] = [];
      let length = 0;
      const finish = (): void =>
        resolve({
          status: response.statusCode ?? 0,
          answered,
          body: Buffer.concat(chunks).toString('utf8').slice(0, MOST_BODY_BYTES),
        });
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > MOST_BODY_BYTES) {
          finish();
          response.destroy();
        }
      });
      response.once('end', finish);
      response.once('error', finish);
      response.once('close', finish);
    });
    request.end();
    return promise;
  }

  private noteCertificate({ socket }: ClientRequest, error: NodeJS.ErrnoException | null): void {
    if (this.url.protocol !== 'https:' || this.certificate !== null) return;
    const secure = socket as Partial<TLSSocket> | null;
    const names = certificateNames(secure) ?? namesIn(error);
    const isAboutIt = error !== null && certificateReason(error.code ?? '') !== null;
    if (error === null || isAboutIt) {
      this.certificate = { host: this.url.hostname, error: error?.code ?? null, names };
    }
  }

  /** Browsers lead names below .localhost to this machine themselves; the system may not know them (B47). */
  private lookup(...[host, options, callback]: Parameters<LookupFunction>): void {
    if (isThisMachine(host)) {
      const address: LookupAddress = { address: '127.0.0.1', family: 4 };
      if (options.all === true) callback(null, [address]);
      else callback(null, address.address, address.family);
      return;
    }
    systemLookup(host, options, callback);
  }
}

function pairsOf(raw: readonly string[]): HeaderList {
  return Array.from(
    { length: raw.length / 2 },
    (_, index) => [raw[index * 2] ?? '', raw[index * 2 + 1] ?? ''] as const,
  );
}

/** The system's certificates count as they do in a browser, where this Node can read them (from 22.15 on). */
function trusted(own: readonly string[]): string[] {
  const tls = process.getBuiltinModule('node:tls');
  const read: unknown = tls.getCACertificates;
  if (typeof read !== 'function') return [...tls.rootCertificates, ...own];
  try {
    return [...tls.getCACertificates('default'), ...own, ...tls.getCACertificates('system')];
  } catch {
    return [...tls.getCACertificates('default'), ...own];
  }
}

/** Null without a certificate, whatever the types say. */
function certificateNames(socket: Partial<TLSSocket> | null): string | null {
  const certificate: { readonly subjectaltname?: string } | null = socket?.getPeerCertificate?.() ?? null;
  return certificate?.subjectaltname ?? null;
}

function namesIn(error: NodeJS.ErrnoException | null): string {
  return /altnames: ([^\n]*)/.exec(error?.message ?? '')?.[1] ?? '';
}

function certificateReason(code: string): Reason | null {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'certificate-name';
  if (/^(?:UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_UNTRUSTED)/.test(code)) return 'certificate-authority';
  return code.startsWith('CERT_') ? 'certificate-other' : null;
}

/** What an error of Node says in the words of all evidence. */
function reasonOf(error: unknown): Reason {
  const { code = '', message = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  const certificate = certificateReason(code);
  if (certificate !== null) return certificate;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'name-not-resolved';
  if (code === 'ECONNREFUSED') return 'connection-refused';
  if (code === 'ETIMEDOUT' || message === 'ETIMEDOUT') return 'timeout';
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return 'no-tls-there';
  if (code.startsWith('HPE_')) return 'too-much';
  return 'connection-failed';
}
