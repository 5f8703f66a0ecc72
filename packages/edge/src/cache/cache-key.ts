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
export function cacheKey(input: KeyInput): CacheKey {
  return new LazyKey(input);
}

/** What is never kept needs no key, and only what is stored needs addresses. */
class LazyKey implements CacheKey {
  private made: string | undefined;

  constructor(private readonly input: KeyInput) {}

  get text(): string {
    return (this.made ??= keyText(this.input, searchOf(this.input)));
  }

  get addresses(): readonly string[] {
    const { request, originPath } = this.input;
    const search = searchOf(this.input);
    return [...new Set([`${request.path}${search}`, `${originPath}${search}`])];
  }
}

function searchOf({ query, behavior }: KeyInput): string {
  const keyQuery = query === null ? null : chosenQuery(query, [behavior.cachePolicy.queryStrings]);
  return keyQuery === null ? '' : `?${keyQuery}`;
}

function keyText({ request, originPath, behavior }: KeyInput, search: string): string {
  const { cachePolicy } = behavior;
  // No part can hold a line break: the HTTP parser refuses it in a target and in a header.
  let text = `${request.method === 'OPTIONS' ? 'OPTIONS' : 'GET'}\n${behavior.pathPattern}\n${originPath}${search}`;
  for (const name of cachePolicy.headers) {
    const value = name === 'host' ? request.host : request.headers[name];
    const isKnown = value !== undefined && !name.startsWith('cloudfront-');
    text += isKnown ? `\n${name}: ${[value].flat().join(', ')}` : `\n${name}`;
  }
  if (cachePolicy.cookies.kind !== 'none') {
    text += `\ncookie: ${chosenCookies(request.headers.cookie, [cachePolicy.cookies]) ?? ''}`;
  }
  if (cachePolicy.gzip || cachePolicy.brotli) {
    text += `\naccept-encoding: ${normalisedAcceptEncoding(request.headers['accept-encoding'], cachePolicy) ?? ''}`;
  }
  return text;
}
