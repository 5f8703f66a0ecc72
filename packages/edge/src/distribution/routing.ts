import { matchesWildcard } from '../wildcard.js';
import type { Behavior, Distribution } from './distribution.js';

/**
 * Says whether the edge answers for a `Host` (E40): an alias or the distribution's own name with any port,
 * a name in `publicHosts`, and a loopback name with the port it listens on.
 */
export function acceptsHost(
  host: string,
  distribution: Pick<Distribution, 'aliases' | 'domainName' | 'publicHosts'>,
  listeningPort: number,
): boolean {
  const asked = host.toLowerCase();
  if (distribution.publicHosts.has(asked)) return true;
  const port = listeningPort === 80 || listeningPort === 443 ? '' : `:${listeningPort}`;
  if (['localhost', '127.0.0.1', '[::1]'].some((name) => asked === `${name}${port}`)) return true;
  const name = asked.replace(/:[0-9]{1,5}$/, '');
  return name === distribution.domainName || distribution.aliases.some((alias) => covers(alias, name));
}

/** `*.example.com` covers every name below `example.com`, however deep, and not that name itself. */
function covers(alias: string, name: string): boolean {
  if (!alias.startsWith('*.')) return alias === name;
  return name.endsWith(alias.slice(1)) && name.length > alias.length - 1;
}

/**
 * The cache behavior that decides about a path: the first whose path pattern covers it, else the default one. `/`
 * is decided by the path of the default root object, whose content it is.
 *
 * @param path the raw path of the request, without its query
 * @example
 * findBehavior(distribution, '/courses/algebra/lesson-1.m3u8').pathPattern; // '/courses/*'
 */
export function findBehavior(
  { behaviors, defaultRootObject }: Pick<Distribution, 'behaviors' | 'defaultRootObject'>,
  path: string,
): Behavior {
  // R27: on the normalised path; R39: the first that covers it.
  const normalised = normalisePath(withDefaultRootObject(path, defaultRootObject));
  const behavior = behaviors.find(({ pathPattern }) => patternCovers(pathPattern, normalised));
  if (behavior === undefined) throw new Error('A distribution always has a default behavior.');
  return behavior;
}

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

/**
 * The path that is asked of the behaviors, the cache and the origin: `/` stands for the default root
 * object, and for that alone; `/folder/` is a key like any other.
 */
export function withDefaultRootObject(path: string, defaultRootObject: string): string {
  return path === '/' && defaultRootObject !== '' ? `/${defaultRootObject}` : path;
}
