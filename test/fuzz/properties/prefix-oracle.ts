import type { PrefixFault } from '../../../src/cloudfront/prefix.js';

const ASCII = new Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _~-.:@=()'!");
const CATEGORIES = [/^\p{L}$/u, /^\p{M}$/u, /^\p{N}$/u];
const INVISIBLE = /^\p{Default_Ignorable_Code_Point}$/u;

/**
 * The prefix rule of docs/prefixes.md, read one character after the other: no expression over a whole text, no
 * split, and nothing of the code under test. `null`: canonical.
 */
export function faultOfPrefix(text: string): PrefixFault | null {
  if (utf8Length(text) > 512) return 'prefix_too_long';
  if (text === '/') return null;
  let segments = 1;
  let before = '/';
  for (const character of text) {
    if (character === '/') {
      if (before === '/' || before === ' ') return 'prefix_invalid';
      segments += 1;
    } else {
      if (!isInNames(character)) return 'prefix_invalid';
      if (before === '/' && (character === '.' || character === ' ')) return 'prefix_invalid';
    }
    before = character;
  }
  if (before === '/' || before === ' ') return 'prefix_invalid';
  if (escapedOf(text).length > 512) return 'prefix_too_long';
  return segments > 16 ? 'prefix_too_deep' : null;
}

/** Whether docs/prefixes.md lets a character, one code point, stand inside a segment. */
export function isInNames(character: string): boolean {
  if (character < '\x80') return ASCII.has(character);
  return CATEGORIES.some((category) => category.test(character)) && !INVISIBLE.test(character);
}

/** The escaped form of a name, byte by byte of its UTF-8. */
export function escapedOf(name: string): string {
  let escaped = '';
  for (const byte of new TextEncoder().encode(name)) {
    const isPlain = byte > 0x20 && byte < 0x7f;
    escaped += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

/** Whether everything below `narrower` is below `wider`: compares segment by segment. */
export function contains(wider: string, narrower: string): boolean {
  const inner = segmentsOf(narrower);
  return segmentsOf(wider).every((segment, index) => inner[index] === segment);
}

/** The segments of a prefix; the whole distribution has none. */
export function segmentsOf(prefix: string): readonly string[] {
  return prefix === '/' ? [] : prefix.split('/');
}

/** Bytes of the text in UTF-8, where half a surrogate pair is three, as its replacement is. */
function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
