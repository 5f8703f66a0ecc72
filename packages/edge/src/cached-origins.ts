import type { IncomingHttpHeaders } from 'node:http';
import { cacheKey } from './cache/cache-key.js';
import type { EdgeCache, Served } from './cache/edge-cache.js';
import { withDefaultRootObject } from './default-root-object.js';
import type { Behavior, Distribution, FolderOriginDescription } from './distribution/distribution.js';
import type { EdgeAnswer } from './edge-answer.js';
import { errorCachingMinTtlSeconds } from './error-responses/custom-error-response.js';
import { chosenQuery } from './origin-request/chosen-parts.js';
import { withForwardedVary } from './origin-request/forwarded-vary.js';
import { originHeaders } from './origin-request/origin-headers.js';
import type { Origin } from './origin/origin.js';
import { s3Error } from './origin/s3-error.js';
import { withoutReservedParameters } from './viewer-access/credentials.js';
import type { ViewerRequest } from './viewer-request.js';

/** CloudFront removes these from what S3 answers (R93). */
const NOT_RELAYED = ['x-amz-request-id', 'x-amz-id-2'];

/** The origins of a distribution behind its cache: who comes here may see the answer (R40). */
export class CachedOrigins {
  constructor(
    private readonly distribution: Distribution,
    private readonly origins: ReadonlyMap<string, Origin>,
    private readonly cache: EdgeCache,
  ) {}

  /** Answers from a copy or from the origin of the behavior. */
  answer(request: ViewerRequest, behavior: Behavior): Promise<Served> {
    const origin = this.origins.get(behavior.originId);
    const description = this.distribution.origins.get(behavior.originId);
    if (origin === undefined || description === undefined) {
      throw new Error(`No folder stands behind origin ${behavior.originId}.`);
    }
    const { defaultRootObject, customErrorResponses } = this.distribution;
    const path = withDefaultRootObject(request.path, defaultRootObject);
    const query = behavior.trustedKeys === null ? request.query : withoutReservedParameters(request.query);
    return this.cache.answer({
      method: request.method,
      headers: request.headers,
      key: cacheKey({ request, originPath: path, query, behavior }),
      behavior,
      errorCachingMinTtlSeconds: (status) => errorCachingMinTtlSeconds(customErrorResponses, status),
      askOrigin: async (more) => {
        const headers = { ...originHeaders(request, behavior, description), ...more };
        const answer = refusesHost(headers, description)
          ? { ...s3Error('AccessDenied'), reason: 'viewer-host-forwarded-to-s3' }
          : await origin.answer({
              method: request.method,
              path,
              query: chosenQuery(query, choicesOf(behavior)),
              headers,
            });
        return this.taken(answer, behavior);
      },
    });
  }

  /** What CloudFront keeps of an answer of the origin. */
  private taken(answer: EdgeAnswer, behavior: Behavior): EdgeAnswer {
    const headers = answer.headers.filter(([name]) => !NOT_RELAYED.includes(name.toLowerCase()));
    return {
      ...answer,
      headers:
        this.distribution.switches.originVary === 'keep' ? headers : withForwardedVary(headers, behavior),
    };
  }
}

function choicesOf({ cachePolicy, originRequestPolicy }: Behavior) {
  const choices = [cachePolicy.queryStrings];
  return originRequestPolicy === null ? choices : [...choices, originRequestPolicy.queryStrings];
}

/** S3 finds the bucket by `Host`, so the viewer's, forwarded, is refused (R63). */
function refusesHost(headers: IncomingHttpHeaders, { isS3, domainName }: FolderOriginDescription): boolean {
  return isS3 && headers.host?.toLowerCase() !== domainName;
}
