import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { CookiePair, Diagnosis, KnownGrant, Load } from '@edgepass/doctor';
import type { CloudFrontService } from '../cloudfront/cloudfront.service.js';
import type { HeldGrant } from '../cloudfront/cookies/held-grants.js';
import type { CookieSet } from '../cloudfront/cookies/set-cookie.js';
import { toCloudFrontBase64 } from '../cloudfront/policy.js';
import { covers, readEscapedPrefix, WHOLE_DISTRIBUTION, type Prefix } from '../cloudfront/prefix.js';
import type { Caller } from '../authentication/viewer.js';
import type { GrantsService } from '../grants/grants.service.js';
import { Problem } from '../http/problems/problem.js';
import { cookieValues } from '../http/messages.js';
import type { Settings } from '../settings/settings.js';

// Of @edgepass/doctor types alone: the package is an optional peer, loaded by `loadDoctor` when a diagnosis is asked for.

/** The shortest grant that exists: the cookies never leave this process. */
const GRANT_SECONDS = 60;

/** What of an answer is shown: nothing that a cookie or a body holds. */
const SHOWN_HEADERS = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
  'vary',
  'cache-control',
  'content-type',
  'cross-origin-resource-policy',
  'server',
  'x-cache',
  'age',
];

/** One answer of the edge, without its body. */
export interface EdgeAnswerSeen {
  /** How it was asked: `probe with cookies`. */
  readonly asked: string;
  readonly method: string;
  /** 0: there was no answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answer of `POST /diagnoses`. */
export interface DiagnosisAnswer {
  readonly url: string;
  /** The page, as its call named itself; null: it named none. */
  readonly origin: string | null;
  /** Whether the caller would get a grant for the file now; without one it was asked for without cookies. */
  readonly entitled: boolean;
  /** The finding in one or two sentences, for a page to show. */
  readonly sentence: string;
  readonly answers: readonly EdgeAnswerSeen[];
  /** What the doctor prints with `--json`. */
  readonly diagnosis: Diagnosis;
}

/** Asks the configured CDN for one file as the caller's page would, with a grant that the caller would get now. */
export class DiagnosesService {
  /** Origin of the configured CDN. */
  readonly #cdn: string;
  /** While developing, the local stack's own authority, as PEM. */
  readonly #authority: readonly string[];
  readonly #isDevelopment: boolean;

  constructor(
    private readonly grants: Pick<GrantsService, 'grant'>,
    private readonly cookies: Pick<CloudFrontService, 'held' | 'resourceFor'>,
    { cloudFront, environment, dataDir }: Pick<Settings, 'cloudFront' | 'environment' | 'dataDir'>,
    private readonly nowEpochSeconds: () => number,
  ) {
    this.#cdn = new URL(cloudFront.url).origin;
    const file = join(dataDir, 'tls/ca.pem');
    this.#isDevelopment = environment === 'development';
    this.#authority = this.#isDevelopment && existsSync(file) ? [readFileSync(file, 'utf8')] : [];
    // A build beside a running service takes the files away for a moment; where it is absent a call says so.
    if (this.#isDevelopment) void import('@edgepass/doctor').catch(() => undefined);
  }

  /**
   * @param address of a file on the configured CDN
   * @param request of the calling page: its `Origin`, and what its cookies say that this browser holds
   * @throws {Problem} `url_not_allowed`; `not_found` where the doctor is not installed; what a grant throws but `not_entitled`
   */
  async diagnose(caller: Caller, address: string, request: IncomingMessage): Promise<DiagnosisAnswer> {
    const url = this.allowed(address);
    const origin = request.headers.origin ?? null;
    const doctor = await loadDoctor();
    const folder = folderOf(url.pathname);
    const set = await this.grantFor(caller, folder);
    const now = this.nowEpochSeconds() * 1000;
    const live = await doctor.probe({
      url: url.href,
      app: origin,
      held: [],
      pairs: set === null ? [] : pairsOf(set),
      ca: this.#authority,
      readsBodies: false,
      nowMilliseconds: () => now,
    });
    const entitled = set !== null;
    // Without the right to the file it is no wonder that the browser holds no grant for it.
    const jar = entitled
      ? doctor.readJar({
          ...this.jarOf(caller, folder, request),
          cdnHost: url.hostname,
          nowMilliseconds: now,
        })
      : {};
    const base = { nowMilliseconds: now, target: url.href, app: origin };
    const diagnosis = doctor.diagnose(doctor.joinEvidence([live, jar], base));
    return {
      url: `${url.origin}${url.pathname}`,
      origin,
      entitled,
      sentence: sentenceOf(diagnosis, {
        entitled,
        isHeld: jar.jar !== undefined,
        isRefused: (live.loads ?? []).some(({ probe, status }) => probe === 'page' && (status ?? 0) >= 400),
      }),
      answers: (live.loads ?? []).map(answerOf),
      diagnosis,
    };
  }

  /** Only a file of the configured CDN: this server asks nobody else for anybody. */
  private allowed(address: string): URL {
    const url = URL.canParse(address) ? new URL(address) : null;
    if (url === null || url.origin !== this.#cdn || url.username !== '' || url.password !== '') {
      throw new Problem('url_not_allowed', { detail: `The address must begin with ${this.#cdn}/.` });
    }
    return url;
  }

  /** What this browser holds, as far as its call shows. */
  private jarOf(caller: Caller, folder: Prefix | null, request: IncomingMessage) {
    const known = ({ prefix, domain }: HeldGrant): KnownGrant => ({
      prefix,
      domain,
      coversFile: folder !== null && covers(prefix, folder),
      resource: this.cookies.resourceFor(prefix),
    });
    const { own, foreign } = this.cookies.held(request, caller);
    // Cookies with Path=/ come to the API as well, whichever prefix they are for.
    const isOursEverywhere = own.some(({ prefix }) => prefix === WHOLE_DISTRIBUTION);
    return {
      own: own.map(known),
      foreign: foreign.map(known),
      cookies: cookieValues(
        request.headers.cookie,
        (name) => !isOursEverywhere || !name.startsWith('CloudFront-'),
      ),
      // In production a proxy may write a Host of its own.
      apiHost: this.#isDevelopment ? hostnameOf(request.headers.host) : null,
    };
  }

  /** Null: the caller is not entitled, or no grant can be asked for such a path. */
  private async grantFor(caller: Caller, prefix: Prefix | null): Promise<CookieSet | null> {
    if (prefix === null) return null;
    try {
      return (await this.grants.grant(caller, prefix, GRANT_SECONDS, null)).cookies;
    } catch (error) {
      if (error instanceof Problem && error.code === 'not_entitled') return null;
      throw error;
    }
  }
}

async function loadDoctor(): Promise<typeof import('@edgepass/doctor')> {
  try {
    return await import('@edgepass/doctor');
  } catch (error) {
    // A package that is there and cannot be loaded, as while it is being built, is another problem.
    if (!(error instanceof Error) || !error.message.startsWith('Cannot find package')) throw error;
    throw new Problem('not_found', {
      detail: 'Diagnoses need @edgepass/doctor, which is not installed here.',
      reason: 'doctor_not_installed',
      cause: error,
    });
  }
}

/** The folder that a file lies in; null: no grant can be asked for it. */
function folderOf(pathname: string): Prefix | null {
  const folder = pathname.slice(1, Math.max(1, pathname.lastIndexOf('/')));
  return folder === '' ? WHOLE_DISTRIBUTION : readEscapedPrefix(folder);
}

/** The name of a Host header, without its port (RFC 9110 section 7.2); null: there is none. */
function hostnameOf(host: string | undefined): string | null {
  return host === undefined ? null : host.replace(/:\d*$/, '').toLowerCase();
}

function pairsOf(set: CookieSet): readonly CookiePair[] {
  return [
    { name: 'CloudFront-Policy', value: toCloudFrontBase64(Buffer.from(set.policyText)) },
    { name: 'CloudFront-Signature', value: set.signature },
    { name: 'CloudFront-Key-Pair-Id', value: set.keyPairId },
    ...(set.hashAlgorithm === 'SHA256' ? [{ name: 'CloudFront-Hash-Algorithm', value: 'SHA256' }] : []),
  ];
}

function answerOf({ where, method, status, headers }: Load): EdgeAnswerSeen {
  const shown = (headers ?? []).filter(([name]) => SHOWN_HEADERS.includes(name.toLowerCase()));
  return {
    asked: where,
    method,
    status: status ?? 0,
    headers: Object.fromEntries(shown.map(([name, value]) => [name.toLowerCase(), value])),
  };
}

interface Seen {
  readonly entitled: boolean;
  /** This browser holds a grant for the file. */
  readonly isHeld: boolean;
  /** The edge answered the probe as the page, with cookies of this moment where there are any, with an error. */
  readonly isRefused: boolean;
}

function sentenceOf({ rootCause, alsoPossible }: Diagnosis, { entitled, isHeld, isRefused }: Seen): string {
  if (rootCause !== null) return `${rootCause.title} ${rootCause.fix.text}`;
  if (!entitled) return 'You are not entitled to this file, so it was asked for without cookies.';
  if (isRefused)
    return 'The edge refused cookies that were signed a moment ago, and its answer does not say why.';
  if (alsoPossible.length > 0) return 'The edge refused, and its answer does not say why.';
  if (isHeld) {
    return (
      'The edge answers well to the cookies that you would get now, and this browser holds a grant for the file. If the ' +
      'page still fails, its request carried no cookies: load the file with credentials or without crossorigin.'
    );
  }
  return (
    'The edge answers well to the cookies that you would get now. If the page still fails, its request carried none: ' +
    'ask for the grant with credentials, and load the file with credentials or without crossorigin.'
  );
}
