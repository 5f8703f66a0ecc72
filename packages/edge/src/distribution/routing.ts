import { matchesWildcard, wildcardMatcher } from '../wildcard.js';
import type { Behavior, Distribution, OriginGroup } from './distribution.js';

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
  return name === distribution.domainName || distribution.aliases.some((alias) => coversName(alias, name));
}

/** `*.example.com` covers every name below `example.com`, however deep, and not that name itself. */
function coversName(alias: string, name: string): boolean {
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
  const behavior = choiceOf(behaviors).first(normalised);
  if (behavior === undefined) throw new Error('A distribution always has a default behavior.');
  return behavior;
}

/** The ids of the origins behind an id that a behavior names: that of an origin, or of a group of two (R124). */
export function membersOf(id: string, groups: ReadonlyMap<string, OriginGroup>): readonly string[] {
  const group = groups.get(id);
  return group === undefined ? [id] : [group.primaryId, group.secondaryId];
}

/** What is read of the behaviors of a distribution once. */
const choices = new WeakMap<readonly Behavior[], BehaviorChoice>();

function choiceOf(behaviors: readonly Behavior[]): BehaviorChoice {
  const known = choices.get(behaviors);
  if (known !== undefined) return known;
  const choice = new BehaviorChoice(behaviors);
  choices.set(behaviors, choice);
  return choice;
}

/** A behavior and how its pattern is matched. */
interface Candidate {
  readonly behavior: Behavior;
  /** Place in the order of precedence. */
  readonly place: number;
  readonly covers: (normalisedPath: string) => boolean;
}

/** Candidates by the literal text at one end of their patterns, and that by its length. */
type ByText = Map<number, Map<string, Candidate[]>>;

/**
 * The behaviors by the longer of the two texts that every path they cover begins or ends with, so that a path is compared
 * with few of many: a thousand behaviors have a handful of lengths, and each is one lookup.
 */
class BehaviorChoice {
  private readonly byBeginning: ByText = new Map();
  private readonly byEnding: ByText = new Map();

  constructor(behaviors: readonly Behavior[]) {
    for (const [place, behavior] of behaviors.entries()) {
      const pattern = fromTheRoot(behavior.pathPattern);
      const candidate = { behavior, place, covers: wildcardMatcher(pattern) };
      // A backslash escapes a question mark, so a text that holds one is not what paths hold.
      const beginning = pattern.split(/[*?\\]/, 1)[0] ?? '';
      const ending = pattern.split(/[*?\\]/).at(-1) ?? '';
      if (ending.length > beginning.length) add(this.byEnding, ending, candidate);
      else add(this.byBeginning, beginning, candidate);
    }
  }

  /** The first that covers the path, in the order of the distribution. */
  first(normalisedPath: string): Behavior | undefined {
    let first: Candidate | undefined;
    for (const [length, texts] of this.byBeginning) {
      first = earlier(first, texts.get(normalisedPath.slice(0, length)), normalisedPath);
    }
    for (const [length, texts] of this.byEnding) {
      first = earlier(first, texts.get(normalisedPath.slice(-length)), normalisedPath);
    }
    return first?.behavior;
  }
}

/** The first of the candidates that covers the path, where it stands before the one that was found. */
function earlier(
  found: Candidate | undefined,
  candidates: readonly Candidate[] | undefined,
  normalisedPath: string,
): Candidate | undefined {
  if (candidates === undefined) return found;
  for (const candidate of candidates) {
    if (found !== undefined && candidate.place > found.place) return found;
    if (candidate.covers(normalisedPath)) return candidate;
  }
  return found;
}

function add(byText: ByText, text: string, candidate: Candidate): void {
  const texts = byText.get(text.length) ?? new Map<string, Candidate[]>();
  byText.set(text.length, texts);
  texts.set(text, [...(texts.get(text) ?? []), candidate]);
}

/**
 * The path on which CloudFront chooses a behavior (R27): escapes of unreserved characters undone, dot
 * segments resolved, runs of `/` joined (RFC 3986 section 6). The signature and the origin see the raw one.
 */
export function normalisePath(path: string): string {
  if (path.startsWith('/') && !/%|\/[/.]/.test(path)) return path;
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
  return matchesWildcard(fromTheRoot(pathPattern), normalisedPath);
}

/** A leading `/` is optional. */
function fromTheRoot(pathPattern: string): string {
  return pathPattern.startsWith('/') ? pathPattern : `/${pathPattern}`;
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
