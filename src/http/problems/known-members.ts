import { UseGuards, type CanActivate } from '@nestjs/common';
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

/** A route that takes no query: any member of one is refused with `field_unknown`, once the caller may call. */
export function TakesNoQuery(): MethodDecorator {
  return UseGuards(WITHOUT_QUERY);
}

const NO_MEMBERS: ReadonlySet<string> = new Set();

const WITHOUT_QUERY: CanActivate = {
  canActivate(context) {
    const { query } = context.switchToHttp().getRequest<{ readonly query?: object }>();
    refuseUnknownMembers(query ?? {}, NO_MEMBERS);
    return true;
  },
};
