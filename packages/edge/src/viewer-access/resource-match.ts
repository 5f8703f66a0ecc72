import type { Switches } from '../distribution/switches.js';
import type { ViewerUrl } from '../viewer-request.js';
import { wildcardMatcher } from '../wildcard.js';

type MatchSwitches = Pick<Switches, 'questionMark'>;

interface Reading {
  readonly path: string;
  readonly query: string | null;
}

/** Says whether an address is covered. */
export type CoversUrl = (url: ViewerUrl) => boolean;

/** Says whether the Resource of a custom policy covers an address, as {@link resourceMatcher} does. */
export function coversUrl(resource: string, url: ViewerUrl, switches: MatchSwitches): boolean {
  return resourceMatcher(resource, switches)(url);
}

/**
 * Reads the Resource of a custom policy once, for all addresses that are asked about (R17–R26). It is cut into
 * protocol, domain, path and query; a wildcard stays inside its section (R19) but for four exceptions (R20).
 * AWS documents sections and protocol wildcards for signed URLs; cookies are read the same way (R19, R22, R23).
 */
export function resourceMatcher(resource: string, switches: MatchSwitches): CoversUrl {
  // The target is raw bytes, one character each: the Resource is brought into the same form.
  const pattern = Buffer.from(resource, 'utf8').toString('latin1');
  const { protocol, rest } = splitProtocol(pattern);
  if (rest === null) return () => false;
  const slash = rest.indexOf('/');
  const domain = slash === -1 ? rest : rest.slice(0, slash);
  const coversProtocol = wildcardMatcher(protocol);
  // R24: host names have no case (RFC 3986 section 3.2.2); a port counts as it came.
  const coversHost = wildcardMatcher(domain.toLowerCase());
  const coversRest = slash === -1 ? withoutPath(domain) : pathAndQueryMatcher(rest.slice(slash), switches);
  return (url) =>
    (protocol === '' || coversProtocol(url.protocol)) &&
    coversHost(url.host.toLowerCase()) &&
    coversRest(url);
}

/** R20, R22: a protocol, one of its wildcard forms, or none before a leading `*`. */
function splitProtocol(pattern: string): { protocol: string; rest: string | null } {
  const end = pattern.indexOf('://');
  const protocol = end === -1 ? '' : pattern.slice(0, end);
  if (['http', 'https', 'http*', '*'].includes(protocol)) return { protocol, rest: pattern.slice(end + 3) };
  return { protocol: '', rest: pattern.startsWith('*') ? pattern : null };
}

/** R20: a domain that ends in `*` covers every path; any other means the path `/`. */
function withoutPath(domain: string): CoversUrl {
  const coversAll = domain.endsWith('*');
  return ({ path, query }) => coversAll || (path === '/' && query === null);
}

function pathAndQueryMatcher(pattern: string, switches: MatchSwitches): CoversUrl {
  const matchers = readings(pattern, switches.questionMark).map(readingMatcher);
  return (url) => matchers.some((covers) => covers(url));
}

function readingMatcher({ path, query }: Reading): CoversUrl {
  const coversPath = wildcardMatcher(path);
  const coversQuery = query === null ? null : wildcardMatcher(query);
  const isOpen = path.endsWith('*');
  return (url) => {
    if (!coversPath(url.path)) return false;
    // R20, R21: without a query part, only a path that ends in `*` covers an address with a query.
    if (coversQuery === null) return url.query === null || isOpen;
    return url.query !== null && coversQuery(url.query);
  };
}

/** R25: AWS's pages contradict each other on how the `?` before a query is written. */
function readings(pattern: string, questionMark: Switches['questionMark']): Reading[] {
  const found: Reading[] = [];
  const escaped = pattern.indexOf('\\?');
  if (questionMark !== 'bare' && escaped !== -1) {
    found.push({ path: pattern.slice(0, escaped), query: pattern.slice(escaped + 2) });
  }
  const bare = firstBareQuestionMark(pattern);
  if (questionMark !== 'escaped' && bare !== -1) {
    found.push({ path: pattern.slice(0, bare), query: pattern.slice(bare + 1) });
  }
  // The whole pattern as a path, each bare `?` one character of it.
  if (escaped === -1) found.push({ path: pattern, query: null });
  return found;
}

function firstBareQuestionMark(pattern: string): number {
  let at = pattern.indexOf('?');
  while (at > 0 && pattern[at - 1] === '\\') at = pattern.indexOf('?', at + 1);
  return at;
}
