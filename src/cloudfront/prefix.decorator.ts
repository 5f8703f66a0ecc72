import { Checked } from '../http/problems/checked.decorator.js';
import { readPrefix, type PrefixFault, type PrefixRefusal } from './prefix.js';

/** What the decorator needs of a prefix rule: the value is legal, or it has exactly one fault. */
export type PrefixReader = (value: unknown) => object | PrefixRefusal;

const FAULTS: readonly PrefixFault[] = ['prefix_too_long', 'prefix_too_deep', 'prefix_invalid'];

/**
 * Marks a DTO member that must be a prefix; each fault is refused with its own code, an absent member
 * with `prefix_required`. The rule itself is the function handed in, {@link readPrefix} unless said.
 */
export function IsPrefix(read: PrefixReader = readPrefix): PropertyDecorator {
  const refusalOf = (value: unknown): PrefixRefusal | null => {
    const result = read(value);
    return 'fault' in result ? result : null;
  };
  const checks = [
    Checked('prefix_required', (value) => value !== undefined),
    ...FAULTS.map((fault) =>
      Checked(
        fault,
        (value) => value === undefined || refusalOf(value)?.fault !== fault,
        (value) => refusalOf(value)?.detail ?? '',
      ),
    ),
  ];
  return (target, member) => {
    for (const check of checks) check(target, member);
  };
}
