import { Problem } from './problem.js';

/**
 * Refuses an object that has members beside the known ones: what a caller misspelled must not pass for what
 * they left out. @throws {Problem} `field_unknown`, naming the members that exist and never those that came
 */
export function refuseUnknownMembers(value: object, known: ReadonlySet<string>): void {
  if (Object.keys(value).every((member) => known.has(member))) return;
  const list = known.size === 0 ? 'none' : [...known].toSorted().join(', ');
  throw new Problem('field_unknown', { detail: `Members of this call: ${list}` });
}
