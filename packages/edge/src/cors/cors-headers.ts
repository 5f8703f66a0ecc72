import type { CorsConfig } from '../distribution/response-headers-policy.js';
import type { HeaderList } from '../header-list.js';
import { matchesWildcard } from '../viewer-access/wildcard.js';
import { originMatches } from './origin-pattern.js';

/** What a request asks, as far as CORS is concerned. */
export interface CorsQuestion {
  readonly method: string;
  readonly origin: string | undefined;
  /** The value of `Access-Control-Request-Method`. */
  readonly requestMethod: string | undefined;
  /** The value of `Access-Control-Request-Headers`. */
  readonly requestHeaders: string | undefined;
  /** Origin of a local page → origin that stands in the rules. */
  readonly pageOrigins: ReadonlyMap<string, string>;
}

/** `ALL` stands for these (R71). */
const ALL_METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'];

/** The CORS headers that a policy wants on an answer (R70–R75); none for an origin that it does not list. */
export function corsHeaders(config: CorsConfig, question: CorsQuestion): HeaderList {
  const allowOrigin = allowedOrigin(config, question);
  if (allowOrigin === null) return [];
  // R71: OPTIONS of a page gets the headers of a preflight, with or without the method that it asks for.
  const isPreflight = question.method === 'OPTIONS';
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
    add('Access-Control-Allow-Headers', allowedHeaders(config.allowHeaders, question.requestHeaders));
    if (config.maxAgeSeconds !== null) add('Access-Control-Max-Age', [String(config.maxAgeSeconds)]);
  }
  return headers;
}

/**
 * Without `Origin` nothing is said, and an origin that is not listed learns no other one: what CloudFront does
 * with a policy of one exact origin is not documented for either (R70, R72).
 */
function allowedOrigin(config: CorsConfig, { origin, pageOrigins }: CorsQuestion): string | null {
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
