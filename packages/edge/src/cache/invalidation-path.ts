/** The longest path that CloudFront takes, in characters. */
const MAX_PATH_LENGTH = 4000;

/**
 * Says whether CloudFront would take such a path: `/` first, `*` only as its last character, and neither a blank nor
 * `~`, which it wants escaped (R120).
 */
export function isInvalidationPath(path: string): boolean {
  return /^\/[^*\s~]*\*?$/.test(path) && path.length <= MAX_PATH_LENGTH;
}

/**
 * Says whether a path of an invalidation names an address of a copy, as AWS documents it: by case-sensitive
 * text, with the query where that is in the cache key, a last `*` standing for any characters, those of a
 * query too. Characters beyond ASCII count as escaped on both sides, and so does `~`, which cannot be written otherwise
 * (R120); other escapes must be written as asked.
 */
export function matchesInvalidation(path: string, address: string): boolean {
  const meant = escapeUtf8(path);
  const asked = escapeBytes(address);
  return meant.endsWith('*') ? asked.startsWith(meant.slice(0, -1)) : asked === meant;
}

/** The path came as text. */
function escapeUtf8(text: string): string {
  return escapeBytes(Buffer.from(text).toString('latin1'));
}

/** The address came as raw bytes, one character each. */
function escapeBytes(bytes: string): string {
  return bytes
    .replaceAll('%7e', '%7E')
    .replace(/[\x80-\xff~]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
