/** A path prefix of the distribution in its one canonical form, or `/`, the whole distribution. */
export type Prefix = string & { readonly __prefix: unique symbol };

/** Why a value is no prefix; each is also a problem code of the API. */
export type PrefixFault = 'prefix_invalid' | 'prefix_too_long' | 'prefix_too_deep';

export const PREFIX_MAX_BYTES = 512;
export const PREFIX_MAX_SEGMENTS = 16;

// No `%`, `\`, `?`, `*` or blank can be spelled, and no segment begins with a dot: what CloudFront, S3
// and browsers read differently (R26, R27, B57) is not representable at all.
const SEGMENT = '[A-Za-z0-9_~-][A-Za-z0-9_.~:@=-]*';
const CANONICAL = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*$`);

/**
 * The one rule for prefixes: a value is already canonical or it is refused, never repaired.
 * Takes anything; gives the prefix, or the fault. Too long wins over too deep, too deep over invalid.
 */
export function readPrefix(value: unknown): { readonly prefix: Prefix } | { readonly fault: PrefixFault } {
  if (typeof value !== 'string') return { fault: 'prefix_invalid' };
  if (Buffer.byteLength(value, 'utf8') > PREFIX_MAX_BYTES) return { fault: 'prefix_too_long' };
  if (value === '/') return { prefix: value as Prefix };
  if (!CANONICAL.test(value)) return { fault: 'prefix_invalid' };
  if (value.split('/').length > PREFIX_MAX_SEGMENTS) return { fault: 'prefix_too_deep' };
  return { prefix: value as Prefix };
}

/** Takes a prefix; gives itself, then every shorter one on segment boundaries, and `/` last. */
export function ancestorsOf(prefix: Prefix): readonly Prefix[] {
  if (prefix === '/') return [prefix];
  const segments = prefix.split('/');
  const ancestors = segments.map((_, dropped) => segments.slice(0, segments.length - dropped).join('/'));
  return [...ancestors, '/'] as Prefix[];
}

/** Whether the wider prefix is the narrower one or an ancestor of it, on segment boundaries, byte for byte. */
export function covers(wider: Prefix, narrower: Prefix): boolean {
  return wider === '/' || wider === narrower || narrower.startsWith(`${wider}/`);
}

/** The path of a prefix as a browser and CloudFront spell it: `/courses/algebra`, or `/`. */
export function pathOf(prefix: Prefix): `/${string}` {
  return prefix === '/' ? '/' : `/${prefix}`;
}
