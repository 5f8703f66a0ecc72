import type { HeaderList } from './header-list.js';

/** What a directive says: its argument, `''` without one, null when it is not written as RFC 9111 says. */
export type CacheDirectives = ReadonlyMap<string, string | null>;

/** CloudFront's longest lifetime, 100 years (CF Expiration); every larger number means this one. */
export const MAX_SECONDS = 3_153_600_000;

const TOKEN = String.raw`[!#$%&'*+.^_\`|~0-9A-Za-z-]+`;
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`;
/** A member of the list with what follows it up to the next comma that stands outside of a quoted string. */
const MEMBER = new RegExp(String.raw`((?:"(?:[^"\\]|\\.)*(?:"|\\?$)|[^",])*)(?:,|$)`, 'gsy');
const DIRECTIVE = new RegExp(`^(${TOKEN})(?:=(?:(${TOKEN})|(${QUOTED})))?$`, 's');
const NAME = new RegExp(`^${TOKEN}`);

/**
 * Reads the directives of `Cache-Control` (RFC 9111 section 5.2), names in lower case. Of a directive that stands twice
 * the first one counts (RFC 9111 section 4.2.1), and what stands in a quoted string is its value and nothing else.
 */
export function readCacheControl(headers: HeaderList): CacheDirectives {
  const directives = new Map<string, string | null>();
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== 'cache-control') continue;
    for (const [, member = ''] of value.matchAll(MEMBER)) {
      const text = withoutBlanks(member);
      const directive = NAME.exec(text)?.[0].toLowerCase();
      if (directive === undefined || directives.has(directive)) continue;
      directives.set(directive, argumentOf(text));
    }
  }
  return directives;
}

/**
 * The number of seconds that a directive gives, quoted or not, at most {@link MAX_SECONDS}; null when it gives none.
 * What is no number makes a copy stale at once, as RFC 9111 section 4.2.1 encourages: then this is 0.
 */
export function secondsOf(directives: CacheDirectives, name: string): number | null {
  const argument = directives.get(name);
  return argument === undefined ? null : (readDeltaSeconds(argument ?? '') ?? 0);
}

/** Reads `delta-seconds` (RFC 9111 section 1.2.2); null for anything else. */
export function readDeltaSeconds(text: string): number | null {
  return /^[0-9]+$/.test(text) ? Math.min(Number(text), MAX_SECONDS) : null;
}

/** Blanks and tabs around a member are no part of it; what else Unicode calls a space is. */
function withoutBlanks(text: string): string {
  let first = 0;
  let last = text.length;
  while (text[first] === ' ' || text[first] === '\t') first += 1;
  while (last > first && (text[last - 1] === ' ' || text[last - 1] === '\t')) last -= 1;
  return text.slice(first, last);
}

function argumentOf(directive: string): string | null {
  const match = DIRECTIVE.exec(directive);
  if (match === null) return null;
  const [, , token, quoted] = match;
  return token ?? quoted?.slice(1, -1).replaceAll(/\\(.)/gs, '$1') ?? '';
}
