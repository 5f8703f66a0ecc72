import { readPrefix, type Prefix, type PrefixRefusal } from '../../cloudfront/prefix.js';
import { Problem } from '../problems/problem.js';

/** A prefix rule: the value is a prefix, or it has exactly one fault. */
type PrefixReader<Read extends string> = (value: unknown) => { readonly prefix: Read } | PrefixRefusal;

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
