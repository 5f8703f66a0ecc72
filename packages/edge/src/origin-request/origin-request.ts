import type { IncomingHttpHeaders } from 'node:http';
import type {
  CachePolicy,
  FolderOriginDescription,
  OriginRequestPolicy,
} from '../distribution/distribution.js';
import type { Switches } from '../distribution/switches.js';
import type { EdgeAnswer } from '../edge-answer.js';
import { headerOf, withHeader, withoutHeader, type HeaderList } from '../header-list.js';
import type { Origin, OriginRequest } from '../origin/origin.js';
import { s3Error } from '../origin/s3-error.js';
import { RANGE_AND_CONDITIONS } from '../range-and-conditions.js';
import type { ViewerRequest } from '../viewer-request.js';
import { chosenCookies, chosenQuery, normalisedAcceptEncoding } from './chosen-parts.js';

/** CloudFront removes these from what S3 answers (R93). */
const NOT_RELAYED = ['x-amz-request-id', 'x-amz-id-2'];

/** Who decides what travels. */
export interface ForwardingPolicies {
  readonly cachePolicy: CachePolicy;
  readonly originRequestPolicy: OriginRequestPolicy | null;
}

/** Decided by other members of the policies, or about this connection alone. */
const NEVER_BY_NAME = new Set([
  ...RANGE_AND_CONDITIONS,
  'accept-encoding',
  'cookie',
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What of an origin decides about its requests. */
type Destination = Pick<FolderOriginDescription, 'domainName' | 'customHeaders' | 'isS3'>;

/**
 * What the origin is asked: the path as it came, and of query, headers and cookies what is in the cache key, what
 * the origin request policy adds and the origin's custom headers (R63, R64, R84, R88). Nothing else of the viewer.
 *
 * @param query without the parameters of a signed URL
 */
export function originRequest(
  request: ViewerRequest,
  path: string,
  query: string | null,
  policies: ForwardingPolicies,
  destination: Destination,
): OriginRequest {
  const choices = [policies.cachePolicy, policies.originRequestPolicy].filter((policy) => policy !== null);
  return {
    method: request.method,
    path,
    query: chosenQuery(
      query,
      choices.map(({ queryStrings }) => queryStrings),
    ),
    headers: originHeaders(request, policies, destination),
  };
}

/** Asks the origin; gives what CloudFront relays and keeps of its answer. */
export async function askOrigin(
  origin: Origin,
  destination: Destination,
  request: OriginRequest,
  policies: ForwardingPolicies,
  { originVary }: Pick<Switches, 'originVary'>,
): Promise<EdgeAnswer> {
  // R63: S3 finds the bucket by `Host`, so that of the viewer, forwarded, is refused.
  if (destination.isS3 && request.headers.host?.toLowerCase() !== destination.domainName) {
    return { ...s3Error('AccessDenied'), reason: 'viewer-host-forwarded-to-s3' };
  }
  const answer = await origin.answer(request);
  const headers = answer.headers.filter(([name]) => !NOT_RELAYED.includes(name.toLowerCase()));
  return { ...answer, headers: originVary === 'keep' ? headers : withForwardedVary(headers, policies) };
}

function originHeaders(
  request: ViewerRequest,
  policies: ForwardingPolicies,
  { domainName, customHeaders }: Destination,
): IncomingHttpHeaders {
  const { cachePolicy, originRequestPolicy } = policies;
  const headers: IncomingHttpHeaders = { host: domainName, 'user-agent': 'Amazon CloudFront' };
  for (const [name, value] of Object.entries(request.headers)) {
    if (forwardsHeader(name, policies)) headers[name] = value;
  }
  if (forwardsHeader('host', policies)) headers.host = request.host;
  const accepted = [request.headers['accept-encoding']].flat().join(',');
  const encoding = normalisedAcceptEncoding(accepted, cachePolicy);
  if (encoding !== null) headers['accept-encoding'] = encoding;
  const cookies = chosenCookies(
    request.headers.cookie,
    [cachePolicy.cookies, originRequestPolicy?.cookies].filter((choice) => choice !== undefined),
  );
  if (cookies !== null) headers.cookie = cookies;
  for (const [name, value] of customHeaders) headers[name] = value;
  return headers;
}

/** Says whether a header of the viewer, in lower case, reaches the origin under its own name. */
function forwardsHeader(name: string, { cachePolicy, originRequestPolicy }: ForwardingPolicies): boolean {
  // CloudFront writes these itself; what a viewer claims in them is dropped.
  if (NEVER_BY_NAME.has(name) || name.startsWith('cloudfront-')) return false;
  if (cachePolicy.headers.includes(name)) return true;
  if (originRequestPolicy === null) return false;
  const { kind, names } = originRequestPolicy.headers;
  return kind === 'all' || names.includes(name) === (kind === 'listed');
}

/**
 * R87: of the origin's `Vary` the viewer sees `Accept-Encoding`, `Cookie` and the headers that are
 * forwarded to the origin.
 */
function withForwardedVary(headers: HeaderList, policies: ForwardingPolicies): HeaderList {
  const vary = headerOf(headers, 'Vary');
  if (vary === undefined) return headers;
  const kept = vary
    .split(',')
    .map((name) => name.trim())
    .filter((name) => {
      const key = name.toLowerCase();
      return ['accept-encoding', 'cookie'].includes(key) || forwardsHeader(key, policies);
    });
  return kept.length === 0 ? withoutHeader(headers, 'Vary') : withHeader(headers, 'Vary', kept.join(', '));
}
