import type { PrefixFault } from '../../../src/cloudfront/prefix.js';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FIRST = new Set(`${LETTERS}0123456789_~-`);
const FURTHER = new Set(`${LETTERS}0123456789_~-.:@=`);

/**
 * The prefix rule of the contract, read one character after the other: no regular expression, no split, and
 * nothing of the code under test. `null`: canonical.
 */
export function faultOfPrefix(text: string): PrefixFault | null {
  if (utf8Length(text) > 512) return 'prefix_too_long';
  if (text === '/') return null;
  let segments = 1;
  let isFirst = true;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '/') {
      if (isFirst) return 'prefix_invalid';
      segments += 1;
      isFirst = true;
    } else {
      if (!(isFirst ? FIRST : FURTHER).has(character)) return 'prefix_invalid';
      isFirst = false;
    }
  }
  if (isFirst) return 'prefix_invalid';
  return segments > 16 ? 'prefix_too_deep' : null;
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
