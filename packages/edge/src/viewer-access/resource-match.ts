import type { Switches } from '../distribution/switches.js';
import type { ViewerUrl } from '../viewer-request.js';
import { matchesWildcard } from '../wildcard.js';

type MatchSwitches = Pick<Switches, 'questionMark'>;

interface Reading {
  readonly path: string;
  readonly query: string | null;
}

/**
 * Says whether the Resource of a custom policy covers an address (R17–R26). The Resource is cut into
 * protocol, domain, path and query; a wildcard stays inside its section (R19) but for four exceptions (R20).
 * AWS documents sections and protocol wildcards for signed URLs; cookies are read the same way (R19, R22, R23).
 */
export function coversUrl(resource: string, url: ViewerUrl, switches: MatchSwitches): boolean {
  // The target is raw bytes, one character each: the Resource is brought into the same form.
  const pattern = Buffer.from(resource, 'utf8').toString('latin1');
  const { protocol, rest } = splitProtocol(pattern);
  if (rest === null) return false;
  return coversProtocol(protocol, url.protocol) && coversRest(rest, url, switches);
}

/** R20, R22: a protocol, one of its wildcard forms, or none before a leading `*`. */
function splitProtocol(pattern: string): { protocol: string; rest: string | null } {
  const end = pattern.indexOf('://');
  const protocol = end === -1 ? '' : pattern.slice(0, end);
  if (['http', 'https', 'http*', '*'].includes(protocol)) return { protocol, rest: pattern.slice(end + 3) };
  return { protocol: '', rest: pattern.startsWith('*') ? pattern : null };
}

function coversProtocol(pattern: string, protocol: string): boolean {
  return pattern === '' || matchesWildcard(pattern, protocol);
}

function coversRest(rest: string, url: ViewerUrl, switches: MatchSwitches): boolean {
  const slash = rest.indexOf('/');
  const domain = slash === -1 ? rest : rest.slice(0, slash);
  if (!coversHost(domain, url.host)) return false;
  if (slash !== -1) return coversPathAndQuery(rest.slice(slash), url, switches);
  // R20: a domain that ends in `*` covers every path; any other means the path `/`.
  return domain.endsWith('*') || (url.path === '/' && url.query === null);
}

/** R24: host names have no case (RFC 3986 section 3.2.2); a port counts as it came. */
function coversHost(pattern: string, host: string): boolean {
  return matchesWildcard(pattern.toLowerCase(), host.toLowerCase());
}

function coversPathAndQuery(pattern: string, url: ViewerUrl, switches: MatchSwitches): boolean {
  return readings(pattern, switches.questionMark).some(({ path, query }) => {
    if (!matchesWildcard(path, url.path)) return false;
    // R20, R21: without a query part, only a path that ends in `*` covers an address with a query.
    if (query === null) return url.query === null || path.endsWith('*');
    return url.query !== null && matchesWildcard(query, url.query);
  });
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
