import { refuseUnknownMembers } from '../problems/known-members.js';
import { Problem } from '../problems/problem.js';
import { nestsDeeperThan } from './json-shape.js';

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
