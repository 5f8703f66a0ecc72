import type { IncomingHttpHeaders } from 'node:http';
import type { CachePolicy, OriginDescription, OriginRequestPolicy } from '../distribution/distribution.js';
import { newRequestId, VIA } from '../cloudfront-answers.js';
import type { Switches } from '../distribution/switches.js';
import type { EdgeAnswer } from '../edge-answer.js';
import { headerOf, withHeader, withoutHeader, type HeaderList } from '../header-list.js';
import type { Origin, OriginRequest } from '../origin/origin.js';
import { s3Error } from '../origin/s3-error.js';
import { RANGE_AND_CONDITIONS } from '../range-and-conditions.js';
import type { ViewerRequest } from '../viewer-request.js';
import { chosenCookies, chosenQuery, NO_NAMES, normalisedAcceptEncoding } from './chosen-parts.js';

/** CloudFront removes these from what S3 answers (R93), and writes a `Via` of its own (CF-CO). */
const NOT_RELAYED = new Set(['x-amz-request-id', 'x-amz-id-2', 'via']);
const NOT_RELAYED_WITHOUT_COOKIES = new Set([...NOT_RELAYED, 'set-cookie']);

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
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What a request with a body cannot do without, whatever the policies say (CF-CO). */
const OF_THE_BODY = ['content-encoding', 'content-language', 'content-md5', 'content-type'];

/** What CloudFront removes under ForwardedValues where it is not listed (CF-CO, table of request headers). */
const REMOVED_UNLISTED = new Set([
  'accept',
  'accept-charset',
  'accept-language',
  'expect',
  'host',
  'referer',
  'user-agent',
  'x-forwarded-proto',
  'x-http-method-override',
  'x-real-ip',
]);

/** What of an origin decides about its requests. */
type Destination = Pick<OriginDescription, 'domainName' | 'customHeaders' | 'isS3' | 'kind'>;

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
  const { cachePolicy, originRequestPolicy } = policies;
  const choices = [cachePolicy.queryStrings, originRequestPolicy?.queryStrings ?? NO_NAMES];
  return {
    method: request.method,
    path,
    query: query === null ? null : chosenQuery(query, choices),
    headers: originHeaders(request, policies, destination),
    body: request.body,
    signal: null,
    ...(request.inform === undefined ? {} : { inform: request.inform }),
    ...(request.onUpgrade === undefined ? {} : { onUpgrade: request.onUpgrade }),
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
  if (
    destination.kind === 'folder' &&
    destination.isS3 &&
    request.headers.host?.toLowerCase() !== destination.domainName
  ) {
    return { ...s3Error('AccessDenied'), reason: 'viewer-host-forwarded-to-s3' };
  }
  const answer = await origin.answer(request);
  const dropped = forwardsCookies(policies) ? NOT_RELAYED : NOT_RELAYED_WITHOUT_COOKIES;
  const headers = answer.headers.filter(([name]) => !dropped.has(name.toLowerCase()));
  return {
    ...answer,
    headers: originVary === 'keep' ? headers : withForwardedVary(headers, policies, destination),
  };
}

/** Where no cookies go to the origin, none come back (CF-COOK). */
function forwardsCookies({ cachePolicy, originRequestPolicy }: ForwardingPolicies): boolean {
  return cachePolicy.cookies.kind !== 'none' || (originRequestPolicy?.cookies ?? NO_NAMES).kind !== 'none';
}

function originHeaders(
  request: ViewerRequest,
  policies: ForwardingPolicies,
  destination: Destination,
): IncomingHttpHeaders {
  const { domainName, customHeaders } = destination;
  const { cachePolicy, originRequestPolicy } = policies;
  const headers: IncomingHttpHeaders = { host: domainName, 'user-agent': 'Amazon CloudFront' };
  const ofConnection = listedInConnection(request.headers);
  for (const [name, value] of Object.entries(request.headers)) {
    if (!ofConnection.includes(name) && forwardsHeader(name, policies, destination, request.method)) {
      headers[name] = value;
    }
  }
  if (forwardsHeader('host', policies, destination)) headers.host = request.host;
  if (destination.kind === 'server') addServerHeaders(headers, request);
  const encoding = normalisedAcceptEncoding(request.headers['accept-encoding'], cachePolicy);
  if (encoding !== null) headers['accept-encoding'] = encoding;
  const cookies = chosenCookies(request.headers.cookie, [
    cachePolicy.cookies,
    originRequestPolicy?.cookies ?? NO_NAMES,
  ]);
  if (cookies !== null) headers.cookie = cookies;
  for (const [name, value] of customHeaders) headers[name] = value;
  return headers;
}

/** What a server gets of CloudFront beside what the viewer sent (CF-CO), and what its body cannot do without. */
function addServerHeaders(headers: IncomingHttpHeaders, request: ViewerRequest): void {
  if (request.body !== null) {
    for (const name of [...OF_THE_BODY, 'content-length']) {
      const value = request.headers[name];
      if (value !== undefined) headers[name] = value;
    }
  }
  const before = request.headers['x-forwarded-for'];
  headers['x-forwarded-for'] = [before, request.peerAddress].flat().filter(Boolean).join(', ');
  headers['via'] = [request.headers.via, VIA].filter(Boolean).join(', ');
  headers['x-amz-cf-id'] = newRequestId();
}

/** What a viewer lists in `Connection` is about its own connection (RFC 9110 section 7.6.1). */
function listedInConnection({ connection }: IncomingHttpHeaders): readonly string[] {
  if (connection === undefined) return [];
  return connection.split(',').map((name) => name.trim().toLowerCase());
}

/** Says whether a header of the viewer, in lower case, reaches the origin under its own name. */
function forwardsHeader(
  name: string,
  { cachePolicy, originRequestPolicy }: ForwardingPolicies,
  { isS3 }: Pick<Destination, 'isS3'>,
  method = 'GET',
): boolean {
  // CloudFront writes these itself; what a viewer claims in them is dropped.
  if (NEVER_BY_NAME.has(name) || /^(?:cloudfront-|x-edge-|x-amz-cf-)/.test(name)) return false;
  if (cachePolicy.headers.includes(name)) return true;
  if (originRequestPolicy === null) return false;
  const { kind, names } = originRequestPolicy.headers;
  if (kind === 'unlisted') return !isS3 && isForwardedUnlisted(name, method);
  return kind === 'all' || names.includes(name) === (kind === 'listed');
}

function isForwardedUnlisted(name: string, method: string): boolean {
  if (name === 'authorization') return !['GET', 'HEAD'].includes(method);
  return !REMOVED_UNLISTED.has(name);
}

/**
 * R87: of the origin's `Vary` the viewer sees `Accept-Encoding`, `Cookie` and the headers that are
 * forwarded to the origin.
 */
function withForwardedVary(
  headers: HeaderList,
  policies: ForwardingPolicies,
  destination: Destination,
): HeaderList {
  if (headerOf(headers, 'Vary') === undefined) return headers;
  const lines = headers.filter(([name]) => name.toLowerCase() === 'vary').map(([, value]) => value);
  const kept = lines
    .join(',')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => {
      const key = name.toLowerCase();
      // Without a minimum TTL the cache has to know it (CF-CO, content negotiation).
      if (key === '*') return policies.cachePolicy.minTtlSeconds === 0;
      return ['accept-encoding', 'cookie'].includes(key) || forwardsHeader(key, policies, destination);
    });
  return kept.length === 0 ? withoutHeader(headers, 'Vary') : withHeader(headers, 'Vary', kept.join(', '));
}
