import type { Behavior } from '../distribution/distribution.js';
import { chosenCookies, chosenQuery, normalisedAcceptEncoding } from '../origin-request/chosen-parts.js';
import type { ViewerRequest } from '../viewer-request.js';

/** Under what a copy is kept, and by which addresses an invalidation finds it. */
export interface CacheKey {
  readonly text: string;
  /** Path with the part of the query that is in the key; of `/` also that of the default root object. */
  readonly addresses: readonly string[];
}

/** What the key is made of beside the viewer's headers. */
interface KeyInput {
  readonly request: ViewerRequest;
  /** Path of the origin request, without `OriginPath`. */
  readonly originPath: string;
  /** Without the parameters of a signed URL (R49). */
  readonly query: string | null;
  readonly behavior: Pick<Behavior, 'pathPattern' | 'cachePolicy'>;
}

/**
 * The cache key (R61, R64, R81, R83, R86): behavior, path and what the cache policy names of query, headers
 * and cookies. A header that is absent is a value of its own, values are case-sensitive, GET and HEAD share,
 * every alias shares unless `Host` is named, and `Vary` has no part in it.
 */
export function cacheKey({ request, originPath, query, behavior }: KeyInput): CacheKey {
  const { cachePolicy } = behavior;
  const keyQuery = chosenQuery(query, [cachePolicy.queryStrings]);
  const search = keyQuery === null ? '' : `?${keyQuery}`;
  // No part can hold a line break: the HTTP parser refuses it in a target and in a header.
  const lines = [
    request.method === 'OPTIONS' ? 'OPTIONS' : 'GET',
    behavior.pathPattern,
    `${originPath}${search}`,
  ];
  for (const name of cachePolicy.headers) {
    const value = name === 'host' ? request.host : request.headers[name];
    const isKnown = value !== undefined && !name.startsWith('cloudfront-');
    lines.push(isKnown ? `${name}: ${[value].flat().join(', ')}` : name);
  }
  if (cachePolicy.cookies.kind !== 'none') {
    lines.push(`cookie: ${chosenCookies(request.headers.cookie, [cachePolicy.cookies]) ?? ''}`);
  }
  if (cachePolicy.gzip || cachePolicy.brotli) {
    const header = [request.headers['accept-encoding']].flat().join(',');
    lines.push(`accept-encoding: ${normalisedAcceptEncoding(header, cachePolicy) ?? ''}`);
  }
  const addresses = new Set([`${request.path}${search}`, `${originPath}${search}`]);
  return { text: lines.join('\n'), addresses: [...addresses] };
}
