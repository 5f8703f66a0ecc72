/** What a raw path asks of the folder: a key below it, nothing that exists there, or no address at all. */
export type KeyReading =
  | { readonly kind: 'key'; readonly segments: readonly string[] }
  | { readonly kind: 'missing'; readonly text: string }
  | { readonly kind: 'unreadable' };

/**
 * Reads the raw path of a request into the segments of a file below the folder. Escapes are undone once
 * and never again. A bucket has keys, not folders: `.`, `..`, empty segments and backslashes name nothing
 * that a folder may serve, and neither do dotfiles (E17–E22, E29).
 *
 * @param plus what `+` stands for: a blank at the REST endpoint of a bucket, itself at its website endpoint (R116)
 */
export function readObjectKey(originPath: string, rawPath: string, plus: ' ' | '+' = '+'): KeyReading {
  const decoded = decodeOnce(rawPath.slice(1).replaceAll('+', plus));
  if (decoded === null || decoded.includes('\0')) return { kind: 'unreadable' };
  const segments = [...originPath.split('/').filter((segment) => segment !== ''), ...decoded.split('/')];
  const isServable = segments.every(
    (segment) => segment !== '' && !segment.startsWith('.') && !segment.includes('\\'),
  );
  return isServable ? { kind: 'key', segments } : { kind: 'missing', text: segments.join('/') };
}

/** Percent-decodes a raw path to text, as S3 does; null for a broken escape or bytes that are no UTF-8. */
export function decodeOnce(path: string): string | null {
  if (!/[%\x80-\xff]/.test(path)) return path;
  // The raw target is one character a byte; bytes beyond ASCII are taken as if they had been escaped.
  const escaped = path.replace(/[\x80-\xff]/g, (byte) => encodeByte(byte));
  try {
    return decodeURIComponent(escaped);
  } catch {
    return null;
  }
}

function encodeByte(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
