import { cacheKey } from './cache/cache-key.js';
import { EdgeCache, type Served } from './cache/edge-cache.js';
import type { Clock } from './clock.js';
import {
  accessRefusal,
  edgePage,
  marked,
  markedHeaders,
  newRequestId,
  redirectToHttps,
  type EdgePage,
} from './cloudfront-answers.js';
import { applyPolicy } from './cors/apply-policy.js';
import type {
  Behavior,
  Distribution,
  OriginGroup,
  ResponseHeadersPolicy,
} from './distribution/distribution.js';
import { acceptsHost, findBehavior, membersOf, withDefaultRootObject } from './distribution/routing.js';
import { discard, whenReady, type EdgeAnswer, type Eventually } from './edge-answer.js';
import type { EdgeLog } from './edge-log.js';
import { errorCachingMinTtlSeconds, errorPageRequest, replaceError } from './error-responses.js';
import { askOrigin, originRequest } from './origin-request/origin-request.js';
import { decodeOnce } from './origin/object-key.js';
import type { ViewerFunctions } from './functions/viewer-functions.js';
import type { HeaderList } from './header-list.js';
import type { Origin } from './origin/origin.js';
import { s3Error } from './origin/s3-error.js';
import { authorizeViewer } from './viewer-access/authorize-viewer.js';
import { withoutReservedParameters } from './viewer-access/credentials.js';
import { loadingHint } from './viewer-access/loading-hint.js';
import { VerifiedPolicies } from './viewer-access/verified-policies.js';
import { hasBody, type ViewerRequest } from './viewer-request.js';

/** The headers of a copy as viewers get them, but for the id and the age. */
interface CopyHead {
  readonly policy: ResponseHeadersPolicy | null;
  readonly origin: string | undefined;
  readonly headers: HeaderList;
}

/**
 * The way of a request through the edge: host, behavior, protocol, method, viewer, function, cache, origin, function,
 * response headers policy. Verification comes before the lookup in the cache (R40), the policy after it (R68).
 */
export class Edge {
  private readonly verified = new VerifiedPolicies();
  /** By whole copy: most viewers of one ask from pages of one origin. */
  private readonly copyHeads = new WeakMap<EdgeAnswer, CopyHead>();
  /** The `Host` that was found to be one of this distribution, and the port at which. */
  private accepted: { readonly host: string; readonly port: number } | null = null;

  constructor(
    private readonly distribution: Distribution,
    private readonly origins: ReadonlyMap<string, Origin>,
    private readonly clock: Clock,
    private readonly log: EdgeLog,
    private readonly functions: ViewerFunctions,
    private readonly cache = new EdgeCache(distribution.cacheLimits, clock),
  ) {}

  /** Answers one request. An object in the answer is open: send it or close it. */
  answer(request: ViewerRequest, listeningPort: number): Eventually<EdgeAnswer> {
    if (!this.acceptsHost(request.host, listeningPort)) {
      return this.page('unknown-host', request, 'host-not-of-this-distribution');
    }
    const behavior = findBehavior(this.distribution, request.path);
    return whenReady(this.answerUnder(behavior, request), (answer) =>
      replaceError(answer, this.distribution.customErrorResponses, (path) =>
        this.errorPage(errorPageRequest(request, path), behavior),
      ),
    );
  }

  private acceptsHost(host: string, port: number): boolean {
    const { accepted } = this;
    if (host === accepted?.host && port === accepted.port) return true;
    if (!acceptsHost(host, this.distribution, port)) return false;
    this.accepted = { host, port };
    return true;
  }

  /** The same edge after a change of its distribution: what is cached stays, as it does at AWS. */
  changed(
    distribution: Distribution,
    origins: ReadonlyMap<string, Origin>,
    functions: ViewerFunctions,
  ): Edge {
    return new Edge(distribution, origins, this.clock, this.log, functions, this.cache);
  }

  /** Forgets the copies that these paths of an invalidation name; gives how many there were. */
  invalidate(paths: readonly string[]): number {
    return this.cache.invalidate(paths);
  }

  /** The answer of a behavior, before a custom error page takes its place (R60). */
  private answerUnder(behavior: Behavior, request: ViewerRequest): Eventually<EdgeAnswer> {
    // R47: which check comes first is not documented; a method that is refused to everybody needs no viewer.
    const refusal =
      this.refuseProtocol(request, behavior) ??
      this.refuseMethod(request, behavior) ??
      this.refuseViewer(request, behavior);
    if (refusal !== null) return refusal;
    const { viewerRequest, viewerResponse } = behavior.functions;
    if (viewerRequest !== null || viewerResponse !== null) return this.answerByFunctions(behavior, request);
    return whenReady(this.content(request, behavior), (served) => this.relay(served, request, behavior));
  }

  private async answerByFunctions(behavior: Behavior, request: ViewerRequest): Promise<EdgeAnswer> {
    const { viewerRequest, viewerResponse } = behavior.functions;
    const changed =
      viewerRequest === null
        ? { request, originId: undefined }
        : await this.functions.onRequest(viewerRequest, request);
    if ('answer' in changed) return changed.answer;
    const { originId } = changed;
    const asked = originId === undefined ? behavior : { ...behavior, originId };
    const served = await this.content(changed.request, asked);
    // CF-EFN: errors of the origin never get there.
    const { status } = served.answer;
    if (viewerResponse === null || status >= 400 || status === 101)
      return this.relay(served, changed.request, behavior);
    const after = await this.functions.onResponse(viewerResponse, changed.request, served.answer);
    return 'failed' in after ? after.failed : this.relay({ ...served, ...after }, changed.request, behavior);
  }

  /**
   * The page comes by its own behavior's origin, and nobody's cookies are asked for on that way. Whose response
   * headers policy it carries is not documented: with that of the behavior that was asked, a page can read the
   * error (R60, B78).
   */
  private async errorPage(request: ViewerRequest, failed: Behavior): Promise<EdgeAnswer> {
    const own = findBehavior(this.distribution, request.path);
    return this.relay({ ...(await this.content(request, own)), from: 'Error' }, request, failed);
  }

  private refuseProtocol(request: ViewerRequest, { viewerProtocolPolicy }: Behavior): EdgeAnswer | null {
    if (request.protocol === 'https' || viewerProtocolPolicy === 'allow-all') return null;
    const redirect = viewerProtocolPolicy === 'redirect-to-https' ? redirectToHttps(request) : null;
    return redirect ?? this.page('https-only', request, 'viewer-protocol-policy');
  }

  private refuseMethod(request: ViewerRequest, { allowedMethods }: Behavior): EdgeAnswer | null {
    if (!allowedMethods.has(request.method)) {
      return this.page('method-not-allowed', request, 'method-not-allowed');
    }
    if (request.method === 'GET' && hasBody(request.headers)) {
      return this.page('body-not-allowed', request, 'get-with-body');
    }
    return null;
  }

  private refuseViewer(request: ViewerRequest, behavior: Behavior): EdgeAnswer | null {
    const { distribution, verified } = this;
    const nowEpochSeconds = this.clock.nowEpochSeconds();
    const { refusal, notices } = authorizeViewer(request, {
      distribution,
      behavior,
      nowEpochSeconds,
      verified,
    });
    for (const notice of notices) this.log.notice(request, notice);
    if (refusal === null) return null;
    const { code, reason } = refusal;
    const hint = loadingHint(request, reason);
    const seen = hint === null ? {} : { seen: JSON.stringify(hint) };
    this.log.refused(request, 403, { code, reason, behavior: JSON.stringify(behavior.pathPattern), ...seen });
    const answer = accessRefusal(code);
    const carriesPolicy = distribution.switches.refusalHeaders === 'policy';
    return marked(
      carriesPolicy ? this.withPolicy(answer, request, behavior) : answer,
      'Error from cloudfront',
    );
  }

  /** The content of an address, from a copy or from the origin of the behavior: the viewer may see it (R40). */
  private content(request: ViewerRequest, behavior: Behavior): Eventually<Served> {
    if (this.hasTwoReadings(request.path, behavior)) {
      const answer = { ...s3Error('AccessDenied'), reason: 'path-with-two-readings' };
      return { answer, from: 'Miss', ageSeconds: null };
    }
    const { defaultRootObject, customErrorResponses } = this.distribution;
    const originPath = withDefaultRootObject(request.path, defaultRootObject);
    const query = behavior.trustedKeys === null ? request.query : withoutReservedParameters(request.query);
    return this.cache.answer({
      request,
      key: cacheKey({ request, originPath, query, behavior }),
      behavior,
      errorCachingMinTtlSeconds: (status) => errorCachingMinTtlSeconds(customErrorResponses, status),
      askOrigin: (more, signal) => {
        const ask = (originId: string) => {
          const { origin, description } = this.originOf(originId);
          const asked = originRequest(request, originPath, query, behavior, description);
          const headers = Object.assign(asked.headers, more);
          return askOrigin(
            origin,
            description,
            { ...asked, headers, signal },
            behavior,
            this.distribution.switches,
          );
        };
        const group = this.distribution.originGroups.get(behavior.originId);
        return group === undefined ? ask(behavior.originId) : this.askGroup(group, request.method, ask);
      },
    });
  }

  /** R124: the second origin answers when the first fails, and only what changes nothing is asked twice. */
  private async askGroup(
    { primaryId, secondaryId, failoverStatuses }: OriginGroup,
    method: string,
    ask: (originId: string) => Promise<EdgeAnswer>,
  ): Promise<EdgeAnswer> {
    const answer = await ask(primaryId);
    const isFailure = failoverStatuses.has(answer.status) || answer.isUnanswered === true;
    if (!isFailure || !['GET', 'HEAD', 'OPTIONS'].includes(method)) return answer;
    await discard(answer);
    return ask(secondaryId);
  }

  private originOf(id: string) {
    const origin = this.origins.get(id);
    const description = this.distribution.origins.get(id);
    if (origin === undefined || description === undefined)
      throw new Error(`Nothing is known of origin ${id}.`);
    return { origin, description };
  }

  /**
   * The origin decodes what the behavior was chosen on as it stood: both must choose the same. Else `/private%2Fx`
   * would be opened by the behavior of `/` and give what lies below `/private/` (R27, E17).
   */
  private hasTwoReadings(path: string, behavior: Behavior): boolean {
    const decoded = decodeOnce(path);
    if (decoded === null || decoded === path) return false;
    const { origins, originGroups } = this.distribution;
    // A server gets the path as it came and reads it itself.
    const ids = membersOf(behavior.originId, originGroups);
    if (ids.every((id) => origins.get(id)?.kind === 'server')) return false;
    return findBehavior(this.distribution, decoded) !== findBehavior(this.distribution, path);
  }

  private relay(
    served: Omit<Served, 'from'> & { readonly from: Served['from'] | 'Error' },
    request: ViewerRequest,
    policyOf: Behavior,
  ): EdgeAnswer {
    const { answer, from, ageSeconds } = served;
    const isError = answer.status >= 400;
    if (from === 'Hit' && served.isWholeCopy === true && !isError && request.method !== 'OPTIONS') {
      const headers = this.copyHead(answer, request, policyOf);
      return {
        status: answer.status,
        headers: [...headers, ['X-Amz-Cf-Id', newRequestId()], ['Age', String(ageSeconds)]],
        body: answer.body,
      };
    }
    if (isError && answer.isFinal !== true) {
      const { code = 'S3', reason = 'origin-error' } = answer;
      this.log.refused(request, answer.status, { code, reason });
    }
    const relayed = marked(
      this.withPolicy(answer, request, policyOf),
      `${isError ? 'Error' : from} from cloudfront`,
    );
    if (ageSeconds === null) return relayed;
    return { ...relayed, headers: [...relayed.headers, ['Age', String(ageSeconds)]] };
  }

  /** What of a request's headers counts, where it is no preflight, is the origin of its page (R70–R76). */
  private copyHead(
    answer: EdgeAnswer,
    request: ViewerRequest,
    { responseHeadersPolicy: policy }: Behavior,
  ): HeaderList {
    const { origin } = request.headers;
    const known = this.copyHeads.get(answer);
    if (known?.policy === policy && known.origin === origin) return known.headers;
    const { pageOrigins } = this.distribution;
    const { headers } = answer;
    const relayed = policy === null ? headers : applyPolicy(headers, policy, request, pageOrigins);
    const head = { policy, origin, headers: markedHeaders(relayed, 'Hit from cloudfront') };
    this.copyHeads.set(answer, head);
    return head.headers;
  }

  /** On what the origin sent, its errors and its 304 included (R68, R69, R93). */
  private withPolicy(
    answer: EdgeAnswer,
    request: ViewerRequest,
    { responseHeadersPolicy }: Behavior,
  ): EdgeAnswer {
    if (responseHeadersPolicy === null) return answer;
    const { pageOrigins } = this.distribution;
    return { ...answer, headers: applyPolicy(answer.headers, responseHeadersPolicy, request, pageOrigins) };
  }

  private page(page: EdgePage, request: ViewerRequest, reason: string): EdgeAnswer {
    const answer = edgePage(page);
    this.log.refused(request, answer.status, { reason });
    return answer;
  }
}
