import { matchesWildcard } from './wildcard.js';

/**
 * The path on which CloudFront chooses a behavior (R27): escapes of unreserved characters undone, dot
 * segments resolved, runs of `/` joined (RFC 3986 section 6). The signature and the origin see the raw one.
 */
export function normalisePath(path: string): string {
  const kept: string[] = [];
  const segments = decodeUnreserved(path).split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '..') kept.pop();
    else if (segment !== '.' && (segment !== '' || isLast)) kept.push(segment);
    if (isLast && (segment === '.' || segment === '..')) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/** Says whether a path pattern of a cache behavior covers a normalised path; a leading `/` is optional. */
export function patternCovers(pathPattern: string, normalisedPath: string): boolean {
  return matchesWildcard(pathPattern.startsWith('/') ? pathPattern : `/${pathPattern}`, normalisedPath);
}

/** RFC 3986 section 6.2.2.2: `%41` and `A`, `%2e` and `.` are the same path. */
function decodeUnreserved(path: string): string {
  return path.replace(/%([0-9A-Fa-f]{2})/g, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape;
  });
}
