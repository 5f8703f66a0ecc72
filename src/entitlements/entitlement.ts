import type { Viewer } from '../authentication/viewer.js';
import {
  ancestorsOf,
  isPrefix,
  readPrefix,
  readPrefixWith,
  type Placeholder,
  type Prefix,
  type PrefixRefusal,
} from '../cloudfront/prefix.js';

/** A right as it stands in the table: who, what, from when to when, given by whom. */
export interface Entitlement {
  readonly id: string;
  readonly subject: string;
  /** Canonical, or canonical with one `{user}` segment that is not the first. Never a pattern. */
  readonly prefix: string;
  readonly startsAtEpochSeconds: number | null;
  readonly endsAtEpochSeconds: number | null;
  readonly givenBy: string;
  readonly givenAtEpochSeconds: number;
}

/** The segment that stands for the caller's own id. */
export const USER_SEGMENT = '{user}';

const SUBJECT_MAX_BYTES = 256;

/** Reads an entitlement prefix: the prefix rule, where one segment after the first may be `{user}`. */
export function readEntitlementPrefix(value: unknown): { readonly prefix: string } | PrefixRefusal {
  if (typeof value !== 'string') return readPrefix(value);
  if (!isUserMisplaced(value)) return readPrefixWith(USER_PLACE, value);
  const detail = '{user} stands once, as a whole segment, and never as the first: "users/{user}".';
  return { fault: 'prefix_invalid', detail };
}

const USER_PLACE: Placeholder = { segment: USER_SEGMENT, isMisplaced: isUserMisplaced };

function isUserMisplaced(text: string): boolean {
  const segments = text.split('/');
  const [at, ...further] = segments.flatMap((segment, index) =>
    segment.includes(USER_SEGMENT) ? [index] : [],
  );
  if (at === undefined) return false;
  return at === 0 || further.length > 0 || segments[at] !== USER_SEGMENT;
}

/** True for `user:ID`, `group:NAME` and `everyone`; ID and NAME are any text of 1–256 bytes without control characters. */
export function isSubject(value: unknown): value is string {
  if (value === 'everyone') return true;
  if (typeof value !== 'string') return false;
  const name = /^(?:user|group):(.+)$/su.exec(value)?.[1];
  return (
    name !== undefined &&
    name.isWellFormed() &&
    !/\p{Cc}/u.test(name) &&
    Buffer.byteLength(name) <= SUBJECT_MAX_BYTES
  );
}

/** Whose rights, to what, and when: what the query of a right is about. */
export interface AskedRight {
  readonly subjects: readonly string[];
  readonly prefixes: readonly string[];
  readonly startedByEpochSeconds: number;
  readonly endsFromEpochSeconds: number;
}

/** Whether a viewer may open a prefix for so many seconds or longer, as a query asks it. */
export function askedRight(
  viewer: Viewer,
  prefix: Prefix,
  nowEpochSeconds: number,
  minimumSeconds: number,
): AskedRight {
  return {
    subjects: subjectsOf(viewer),
    prefixes: coveringPrefixes(prefix, viewer),
    startedByEpochSeconds: nowEpochSeconds,
    endsFromEpochSeconds: nowEpochSeconds + minimumSeconds,
  };
}

/** The subjects whose entitlements apply to a viewer. */
export function subjectsOf(viewer: Viewer): readonly string[] {
  return [`user:${viewer.id}`, ...viewer.groups.map((group) => `group:${group}`), 'everyone'];
}

/**
 * Every entitlement prefix that covers the asked one for this viewer, spelled as the table spells it, so
 * that rows are found by equality and nothing stored is ever interpreted as a pattern.
 */
export function coveringPrefixes(asked: Prefix, viewer: Viewer): readonly string[] {
  return ancestorsOf(asked).flatMap((ancestor) => [ancestor, ...withUserSegment(ancestor, viewer.id)]);
}

/** What a `{user}` prefix opens for one viewer; `null` where their id is no legal segment. */
export function openedPrefix(entitlementPrefix: string, viewer: Viewer): Prefix | null {
  const opened = entitlementPrefix
    .split('/')
    .map((segment) => (segment === USER_SEGMENT ? viewer.id : segment))
    .join('/');
  const legalId = !entitlementPrefix.includes(USER_SEGMENT) || isSegment(viewer.id);
  return legalId && isPrefix(opened) ? opened : null;
}

/** Why {@link openedPrefix} is `null`, for the viewer. */
export function whyNothingOpened(entitlementPrefix: string, viewer: Viewer): string {
  const row = readEntitlementPrefix(entitlementPrefix);
  // Only a row that somebody wrote into the table by other means.
  if ('fault' in row) return 'No folder can have this name, so it opens nothing.';
  return isSegment(viewer.id)
    ? 'With your id in the place of {user} the name is longer than a prefix may be.'
    : 'Your id cannot stand for {user}: it is not a legal path segment.';
}

/** An id that equals a segment of a prefix is a legal segment; it needs no reading of its own. */
function withUserSegment(prefix: Prefix, viewerId: string): string[] {
  if (!prefix.includes(`/${viewerId}`)) return [];
  const segments = prefix.split('/');
  return segments.flatMap((segment, index) =>
    index > 0 && segment === viewerId ? [segments.with(index, USER_SEGMENT).join('/')] : [],
  );
}

function isSegment(text: string): boolean {
  return !text.includes('/') && isPrefix(text);
}
