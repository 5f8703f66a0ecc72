import { matchesWildcard } from '../wildcard.js';

interface OriginPattern {
  /** `''` stands for any. */
  readonly scheme: string;
  readonly host: string;
  /** `''` stands for the scheme's default port, which an Origin never writes. */
  readonly port: string;
}

/**
 * Says whether an entry of a policy's allowed origins covers the `Origin` of a request (R73, R74): `*`,
 * an exact origin, or a pattern with `*` as the leftmost label or in the port.
 */
export function originMatches(entry: string, origin: string): boolean {
  if (entry === '*' || entry === origin) return true;
  const pattern = split(entry);
  const asked = split(origin);
  // A pattern covers web origins only; a browser writes their host in lower case without escapes.
  if (!/^https?$/.test(asked.scheme) || !/^[a-z0-9._-]+$/.test(asked.host)) return false;
  if (pattern.scheme !== '' && pattern.scheme !== asked.scheme) return false;
  return matchesWildcard(pattern.host.toLowerCase(), asked.host) && portMatches(pattern.port, asked.port);
}

/** What was expected of an entry that is not in the grammar (R73), or null when it is. */
export function patternFault(entry: string): string | null {
  if (entry === '*' || entry === 'null') return null;
  const expected = 'an origin, with `*` only as the whole leftmost label or in the port (R73)';
  const { scheme, host, port } = split(entry);
  if (!['', 'http', 'https'].includes(scheme)) {
    return /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+$/.test(entry) ? null : expected;
  }
  if (/^\[[0-9a-fA-F:.]+\]$/.test(host)) return /^[0-9*]*$/.test(port) ? null : expected;
  const labels = host.split('.');
  const [first, ...others] = labels;
  const isHost =
    (first === '*' ? others.length > 1 : isLabel(first ?? '')) && others.every((label) => isLabel(label));
  return isHost && /^[0-9*]*$/.test(port) && !entry.endsWith(':') ? null : expected;
}

function portMatches(pattern: string, port: string): boolean {
  // `:*` includes no port at all; `:1*3` needs one.
  return matchesWildcard(pattern, port);
}

function isLabel(text: string): boolean {
  return /^[A-Za-z0-9_-]+$/.test(text);
}

function split(origin: string): OriginPattern {
  const schemeEnd = origin.indexOf('://');
  const rest = schemeEnd === -1 ? origin : origin.slice(schemeEnd + 3);
  const colon = rest.lastIndexOf(':');
  const hasPort = colon > rest.lastIndexOf(']');
  return {
    scheme: schemeEnd === -1 ? '' : origin.slice(0, schemeEnd),
    host: hasPort ? rest.slice(0, colon) : rest,
    port: hasPort ? rest.slice(colon + 1) : '',
  };
}
