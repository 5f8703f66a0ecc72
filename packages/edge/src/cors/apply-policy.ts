import type { ViewerRequest } from '../viewer-request.js';
import type { CorsConfig, ResponseHeadersPolicy } from '../distribution/distribution.js';
import { headerOf, withHeader, withoutHeader, type HeaderList } from '../header-list.js';
import { matchesWildcard } from '../wildcard.js';
import { originMatches } from './origin-pattern.js';

/** What of a request decides about CORS. */
type CorsRequest = Pick<ViewerRequest, 'method' | 'headers'>;

/** `ALL` stands for these (R71). */
const ALL_METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'];

/**
 * Puts a response headers policy on an answer that came from the origin: headers are removed first, then CORS,
 * security and custom headers are added.
 *
 * @param headers those of the answer, in the order they are sent
 * @param pageOrigins origin of a local page → origin that stands in the policy
 * @example
 * applyPolicy([['ETag', '"1"']], policy, { method: 'GET', headers: { origin: 'https://app.example.com' } });
 */
export function applyPolicy(
  headers: HeaderList,
  policy: ResponseHeadersPolicy,
  request: CorsRequest,
  pageOrigins: ReadonlyMap<string, string> = new Map(),
): HeaderList {
  // R79: removed before anything is added.
  let result = policy.removed.reduce(withoutHeader, headers);
  if (policy.cors !== null) result = applyCors(result, policy.cors, request, pageOrigins);
  for (const { name, value, override } of policy.added) {
    if (override || headerOf(result, name) === undefined) result = withHeader(result, name, value);
  }
  return result;
}

/**
 * R76: without override it is all or nothing. Where the policy has nothing to say, the origin's own headers stay
 * (R77). It adds no `Vary` when it echoes an origin; a custom header of the policy can (R78).
 */
function applyCors(
  headers: HeaderList,
  config: CorsConfig,
  request: CorsRequest,
  pageOrigins: ReadonlyMap<string, string>,
): HeaderList {
  const hasOwn = headers.some(([name]) => name.toLowerCase().startsWith('access-control-'));
  if (!config.originOverride && hasOwn) return headers;
  return corsHeaders(config, request, pageOrigins).reduce(
    (list, [name, value]) => withHeader(list, name, value),
    headers,
  );
}

/** The CORS headers that a policy wants on an answer (R70–R75); none for an origin that it does not list. */
function corsHeaders(
  config: CorsConfig,
  { method, headers: asked }: CorsRequest,
  pageOrigins: ReadonlyMap<string, string>,
): HeaderList {
  const allowOrigin = allowedOrigin(config, asked.origin, pageOrigins);
  if (allowOrigin === null) return [];
  // R71: OPTIONS of a page gets the headers of a preflight, with or without the method that it asks for.
  const isPreflight = method === 'OPTIONS';
  const headers: (readonly [string, string])[] = [['Access-Control-Allow-Origin', allowOrigin]];
  const add = (name: string, values: readonly string[]) => {
    if (values.length > 0) headers.push([name, values.join(', ')]);
  };
  if (config.allowCredentials) headers.push(['Access-Control-Allow-Credentials', 'true']);
  if (isPreflight || !config.exposeOnPreflightOnly) {
    add('Access-Control-Expose-Headers', config.exposeHeaders);
  }
  if (isPreflight) {
    add(
      'Access-Control-Allow-Methods',
      config.allowMethods.includes('ALL') ? ALL_METHODS : config.allowMethods,
    );
    add(
      'Access-Control-Allow-Headers',
      allowedHeaders(config.allowHeaders, asked['access-control-request-headers']),
    );
    if (config.maxAgeSeconds !== null) add('Access-Control-Max-Age', [String(config.maxAgeSeconds)]);
  }
  return headers;
}

/**
 * Without `Origin` nothing is said, and an origin that is not listed learns no other one: what CloudFront does
 * with a policy of one exact origin is not documented for either (R70, R72).
 */
function allowedOrigin(
  config: CorsConfig,
  origin: string | undefined,
  pageOrigins: ReadonlyMap<string, string>,
): string | null {
  if (origin === undefined) return null;
  if (config.allowOrigins.includes('*')) return '*';
  const named = pageOrigins.get(origin);
  const isListed = config.allowOrigins.some(
    (entry) => originMatches(entry, origin) || (named !== undefined && originMatches(entry, named)),
  );
  return isListed ? origin : null;
}

/** R75: a name with `*` in it allows what it matches of what was asked; a lone `*` is sent as it is. */
function allowedHeaders(entries: readonly string[], requested: string | undefined): readonly string[] {
  if (!entries.some((entry) => entry.length > 1 && entry.includes('*'))) return entries;
  const asked = (requested ?? '').split(',').map((name) => name.trim());
  return entries.flatMap((entry) =>
    entry.length > 1 && entry.includes('*')
      ? asked.filter((name) => name !== '' && matchesWildcard(entry.toLowerCase(), name.toLowerCase()))
      : [entry],
  );
}
