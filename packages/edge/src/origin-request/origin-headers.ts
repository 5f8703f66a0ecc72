import type { IncomingHttpHeaders } from 'node:http';
import type { CachePolicy, OriginRequestPolicy } from '../distribution/cache-policy.js';
import type { FolderOriginDescription } from '../distribution/distribution.js';
import type { ViewerRequest } from '../viewer-request.js';
import { normalisedAcceptEncoding } from './accept-encoding.js';
import { chosenCookies } from './chosen-parts.js';

/** Who decides what travels. */
export interface ForwardingPolicies {
  readonly cachePolicy: CachePolicy;
  readonly originRequestPolicy: OriginRequestPolicy | null;
}

/** They travel by rules of their own: the cache decides on them, or asks for itself (R93). */
const RANGE_AND_CONDITIONS = [
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
];

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

/**
 * The headers that the origin gets (R63, R64, R84, R88): what is in the cache key, what the origin request
 * policy adds, the origin's custom headers, and nothing else of the viewer.
 */
export function originHeaders(
  request: ViewerRequest,
  { cachePolicy, originRequestPolicy }: ForwardingPolicies,
  origin: Pick<FolderOriginDescription, 'domainName' | 'customHeaders'>,
): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = { host: origin.domainName, 'user-agent': 'Amazon CloudFront' };
  for (const [name, value] of Object.entries(request.headers)) {
    if (forwardsHeader(name, { cachePolicy, originRequestPolicy })) headers[name] = value;
  }
  if (forwardsHeader('host', { cachePolicy, originRequestPolicy })) headers.host = request.host;
  const encoding = normalisedAcceptEncoding(
    [request.headers['accept-encoding']].flat().join(','),
    cachePolicy,
  );
  if (encoding !== null) headers['accept-encoding'] = encoding;
  const cookies = chosenCookies(
    request.headers.cookie,
    [cachePolicy.cookies, originRequestPolicy?.cookies].filter((choice) => choice !== undefined),
  );
  if (cookies !== null) headers.cookie = cookies;
  for (const [name, value] of origin.customHeaders) headers[name] = value;
  return headers;
}

/** Says whether a header of the viewer, in lower case, reaches the origin under its own name. */
export function forwardsHeader(
  name: string,
  { cachePolicy, originRequestPolicy }: ForwardingPolicies,
): boolean {
  // CloudFront writes these itself; what a viewer claims in them is dropped.
  if (NEVER_BY_NAME.has(name) || name.startsWith('cloudfront-')) return false;
  if (cachePolicy.headers.includes(name)) return true;
  if (originRequestPolicy === null) return false;
  const { kind, names } = originRequestPolicy.headers;
  return kind === 'all' || names.includes(name) === (kind === 'listed');
}

/** The range and the conditions of a request, for an answer that no cache stands before. */
export function rangeAndConditions(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept: IncomingHttpHeaders = {};
  for (const name of RANGE_AND_CONDITIONS) if (headers[name] !== undefined) kept[name] = headers[name];
  return kept;
}
