import { refuseUnknownMembers } from '../problems/known-members.js';
import { Problem } from '../problems/problem.js';
import { readPrefix, type Prefix, type PrefixRefusal } from '../../cloudfront/prefix.js';

/**
 * Reads one member of a body: takes what came, `undefined` where it is absent; gives the value that the
 * program works with, or throws a {@link Problem} that says what was expected. Nothing is repaired.
 */
export type MemberReader<Value> = (value: unknown) => Value;

/** No call of ours has more than two levels; a host's own body parser may let much more through. */
const DEPTH_LIMIT = 32;

/**
 * Reads a parsed JSON body: one object, no unknown member, each known one by its reader. Of several faults
 * the first is answered: unknown members, then the readers in the order in which they are written.
 * @throws {Problem} `body_malformed`, `field_unknown`, or what a reader throws
 */
export function readBody<Members extends object>(
  body: unknown,
  readers: { readonly [Member in keyof Members]: MemberReader<Members[Member]> },
): Members {
  refuseOtherThanObject(body);
  const members = Object.entries(readers) as [string, MemberReader<unknown>][];
  refuseUnknownMembers(body, new Set(members.map(([member]) => member)));
  const read = members.map(([member, reader]) => [
    member,
    reader(Object.hasOwn(body, member) ? (body as Record<string, unknown>)[member] : undefined),
  ]);
  return Object.fromEntries(read) as Members;
}

function refuseOtherThanObject(body: unknown): asserts body is object {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Problem('body_malformed', {
      detail: 'The body must be one JSON object: { … }',
      reason: 'not_an_object',
    });
  }
  if (nestsDeeperThan(body, DEPTH_LIMIT)) {
    throw new Problem('body_malformed', {
      detail: `The body nests deeper than ${DEPTH_LIMIT} levels`,
      reason: 'too_deep',
    });
  }
}

/** Whether objects and arrays lie deeper in each other than `limit`. Without recursion: the input decides the depth (M03). */
export function nestsDeeperThan(value: unknown, limit: number): boolean {
  let level = containers([value]);
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === limit) return true;
    level = containers(level.flatMap((container) => Object.values(container) as unknown[]));
  }
  return false;
}

function containers(values: readonly unknown[]): object[] {
  return values.filter((value) => typeof value === 'object' && value !== null);
}

/**
 * How many members a valid JSON text writes, and how many of them survived in its value: fewer survive
 * exactly when an object, at any depth, names a member twice, because the later one replaces the earlier.
 */
export function countMembers(text: string, value: object): { written: number; kept: number } {
  // Outside of strings a colon stands only between a member's name and its value.
  const written = (text.match(/"(?:[^"\\]|\\.)*"|:/g) ?? []).filter((token) => token === ':').length;
  let kept = 0;
  for (let level = [value]; level.length > 0;) {
    for (const container of level) if (!Array.isArray(container)) kept += Object.keys(container).length;
    level = containers(level.flatMap((container) => Object.values(container) as unknown[]));
  }
  return { written, kept };
}

/** A prefix rule: the value is a prefix, or it has exactly one fault. */
export type PrefixReader<Read extends string> = (value: unknown) => { readonly prefix: Read } | PrefixRefusal;

/**
 * Reads a prefix that a caller must name, with one rule.
 * @throws {Problem} `prefix_required` where it is absent, else the fault of the prefix
 */
export function prefixMember<Read extends string>(rule: PrefixReader<Read>): (value: unknown) => Read {
  return (value) => {
    if (value === undefined) throw new Problem('prefix_required');
    const read = rule(value);
    if ('fault' in read) throw new Problem(read.fault, { detail: read.detail });
    return read.prefix;
  };
}

/** {@link prefixMember} with {@link readPrefix}: a prefix to open. */
export const requiredPrefix: (value: unknown) => Prefix = prefixMember(readPrefix);
