import type { Clock } from './clock.js';
import { acceptsHost } from './accepted-host.js';
import { EdgeCache, type Served } from './cache/edge-cache.js';
import { CachedOrigins } from './cached-origins.js';
import { applyPolicy } from './cors/apply-policy.js';
import { withDefaultRootObject } from './default-root-object.js';
import type { Behavior, Distribution } from './distribution/distribution.js';
import type { EdgeAnswer } from './edge-answer.js';
import type { EdgeLog } from './edge-log.js';
import { errorPageRequest } from './error-responses/error-page-request.js';
import { replaceError } from './error-responses/replace-error.js';
import { decodeOnce } from './origin/object-key.js';
import type { Origin } from './origin/origin.js';
import { s3Error } from './origin/s3-error.js';
import { newIdentity, withEdgeHeaders, type XCache } from './refusal/edge-headers.js';
import { edgePage, type EdgePage } from './refusal/edge-page.js';
import { viewerRefusal } from './refusal/viewer-refusal.js';
import { normalisePath, patternCovers } from './viewer-access/behavior-path.js';
import { judgeViewer } from './viewer-access/judge-viewer.js';
import { VerifiedPolicies } from './viewer-access/verified-policies.js';
import { redirectToHttps } from './viewer-protocol.js';
import { hasBody, type ViewerRequest } from './viewer-request.js';

/** How the edge is reached. */
export interface Listening {
  readonly protocol: 'http' | 'https';
  readonly port: number;
}

/**
 * The way of a request through the edge: host, behavior, protocol, method, viewer, cache, origin, response
 * headers policy. Verification comes before the lookup in the cache (R40), the policy after it (R68).
 */
export class Edge {
  private readonly cachedOrigins: CachedOrigins;
  private readonly verified = new VerifiedPolicies();

  constructor(
    private readonly distribution: Distribution,
    origins: ReadonlyMap<string, Origin>,
    private readonly clock: Clock,
    private readonly log: EdgeLog,
    private readonly cache = new EdgeCache(distribution.cacheLimits, clock),
  ) {
    this.cachedOrigins = new CachedOrigins(distribution, origins, cache);
  }

  /** Answers one request. An object in the answer is open: send it or close it. */
  async answer(request: ViewerRequest, listening: Listening): Promise<EdgeAnswer> {
    if (!acceptsHost(request.host, this.distribution, listening.port)) {
      return this.page('unknown-host', request, { reason: 'host-not-of-this-distribution' });
    }
    const behavior = this.behaviorFor(request.path);
    return replaceError(
      await this.answerUnder(behavior, request, listening),
      this.distribution.customErrorResponses,
      (path) => this.errorPage(errorPageRequest(request, path), behavior),
    );
  }

  /** The answer of a behavior, before a custom error page takes its place (R60). */
  private async answerUnder(
    behavior: Behavior,
    request: ViewerRequest,
    listening: Listening,
  ): Promise<EdgeAnswer> {
    if (listening.protocol === 'http' && behavior.viewerProtocolPolicy !== 'allow-all') {
      return this.answerToPlainHttp(request, behavior);
    }
    // R47: which check comes first is not documented; a method that is refused to everybody needs no viewer.
    const refusal = this.refuseMethod(request, behavior) ?? this.refuseViewer(request, behavior, listening);
    if (refusal !== null) return refusal;
    return this.relay(await this.content(request, behavior), request, behavior);
  }

  /**
   * The page comes by its own behavior's origin, and nobody's cookies are asked for on that way. Whose response
   * headers policy it carries is not documented: with that of the behavior that was asked, a page can read the
   * error (R60, B78).
   */
  private async errorPage(request: ViewerRequest, failed: Behavior): Promise<EdgeAnswer> {
    const own = this.behaviorFor(request.path);
    return this.relay(await this.content(request, own), request, failed, 'Error from cloudfront');
  }

  /** The same edge after a change of its distribution: what is cached stays, as it does at AWS. */
  changed(distribution: Distribution, origins: ReadonlyMap<string, Origin>): Edge {
    return new Edge(distribution, origins, this.clock, this.log, this.cache);
  }

  /** Forgets the copies that these paths of an invalidation name; gives how many there were. */
  invalidate(paths: readonly string[]): number {
    return this.cache.invalidate(paths);
  }

  /** A page for a request that the parser or its limits refused, before there is anything to log of it. */
  parserPage(page: EdgePage): EdgeAnswer {
    return this.marked(page);
  }

  /**
   * R27: chosen on the normalised path; the first pattern that covers it decides. `/` is opened by the behavior
   * of its default root object, whose content it is (R39).
   */
  private behaviorFor(path: string): Behavior {
    const normalised = normalisePath(withDefaultRootObject(path, this.distribution.defaultRootObject));
    const behavior = this.distribution.behaviors.find(({ pathPattern }) =>
      patternCovers(pathPattern, normalised),
    );
    if (behavior === undefined) throw new Error('A distribution always has a default behavior.');
    return behavior;
  }

  private answerToPlainHttp(request: ViewerRequest, behavior: Behavior): EdgeAnswer {
    const redirect = behavior.viewerProtocolPolicy === 'redirect-to-https' ? redirectToHttps(request) : null;
    if (redirect === null) return this.page('https-only', request, { reason: 'viewer-protocol-policy' });
    return {
      ...redirect,
      headers: withEdgeHeaders(redirect.headers, newIdentity(), 'Redirect from cloudfront'),
    };
  }

  private refuseMethod(request: ViewerRequest, behavior: Behavior): EdgeAnswer | null {
    if (!behavior.allowedMethods.has(request.method)) {
      return this.page('method-not-allowed', request, { reason: 'method-not-allowed' });
    }
    if (request.method === 'GET' && hasBody(request.headers)) {
      return this.page('body-not-allowed', request, { reason: 'get-with-body' });
    }
    return null;
  }

  private refuseViewer(request: ViewerRequest, behavior: Behavior, listening: Listening): EdgeAnswer | null {
    if (behavior.trustedKeys === null) return null;
    const { distribution } = this;
    const { refusal, notices } = judgeViewer(
      {
        url: {
          protocol: listening.protocol,
          host: distribution.publicHosts.get(request.host.toLowerCase()) ?? request.host,
          path: request.path,
          query: request.query,
        },
        cookieHeader: request.headers.cookie,
        peerAddress: request.peerAddress,
        nowEpochSeconds: this.clock.nowEpochSeconds(),
      },
      behavior.trustedKeys,
      distribution.switches,
      this.verified,
    );
    for (const notice of notices) this.log.notice(request, notice);
    if (refusal === null) return null;
    this.log.refused(request, 403, {
      code: refusal.code,
      reason: refusal.reason,
      behavior: JSON.stringify(behavior.pathPattern),
    });
    const answer = viewerRefusal(refusal.code);
    const headers =
      distribution.switches.refusalHeaders === 'policy'
        ? this.withPolicy(answer, request, behavior)
        : answer.headers;
    return { ...answer, headers: withEdgeHeaders(headers, newIdentity(), 'Error from cloudfront') };
  }

  private async content(request: ViewerRequest, behavior: Behavior): Promise<Served> {
    if (this.hasTwoReadings(request.path, behavior)) {
      const answer = { ...s3Error('AccessDenied'), reason: 'path-with-two-readings' };
      return { answer, from: 'Miss', ageSeconds: null };
    }
    return this.cachedOrigins.answer(request, behavior);
  }

  /**
   * The origin decodes what the behavior was chosen on as it stood: both must choose the same. Else `/private%2Fx`
   * would be opened by the behavior of `/` and give what lies below `/private/` (R27, E17).
   */
  private hasTwoReadings(path: string, behavior: Behavior): boolean {
    const decoded = decodeOnce(path);
    return decoded !== null && this.behaviorFor(decoded) !== behavior;
  }

  private relay(
    { answer, from, ageSeconds }: Served,
    request: ViewerRequest,
    policyOf: Behavior,
    xCacheOfSuccess: XCache = `${from} from cloudfront`,
  ): EdgeAnswer {
    const isError = answer.status >= 400;
    if (isError) {
      this.log.refused(request, answer.status, { code: 'S3', reason: answer.reason ?? 'origin-error' });
    }
    const headers = this.withPolicy(answer, request, policyOf);
    const xCache = isError ? 'Error from cloudfront' : xCacheOfSuccess;
    const marked = withEdgeHeaders(headers, newIdentity(), xCache);
    return { ...answer, headers: ageSeconds === null ? marked : [...marked, ['Age', String(ageSeconds)]] };
  }

  /** On what the origin sent, its errors and its 304 included (R68, R69, R93). */
  private withPolicy(answer: EdgeAnswer, request: ViewerRequest, behavior: Behavior) {
    if (behavior.responseHeadersPolicy === null) return answer.headers;
    const question = {
      method: request.method,
      origin: request.headers.origin,
      requestMethod: request.headers['access-control-request-method'],
      requestHeaders: request.headers['access-control-request-headers'],
      pageOrigins: this.distribution.pageOrigins,
    };
    return applyPolicy(answer.headers, behavior.responseHeadersPolicy, question);
  }

  private page(page: EdgePage, request: ViewerRequest, facts: Readonly<Record<string, string>>): EdgeAnswer {
    const answer = this.marked(page);
    this.log.refused(request, answer.status, facts);
    return answer;
  }

  private marked(page: EdgePage): EdgeAnswer {
    const identity = newIdentity();
    const answer = edgePage(page, identity.requestId);
    return { ...answer, headers: withEdgeHeaders(answer.headers, identity, 'Error from cloudfront') };
  }
}
