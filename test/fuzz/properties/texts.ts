import * as fc from 'fast-check';
import type { Prefix } from '../../../src/cloudfront/prefix.js';

const FIRST = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~-');
const FURTHER = [...FIRST, '.', ':', '@', '='];

/** Segments of the contract's grammar, mostly short. */
const segments = fc
  .tuple(fc.constantFrom(...FIRST), fc.array(fc.constantFrom(...FURTHER), { maxLength: 7 }))
  .map(([first, rest]) => first + rest.join(''));

/** Canonical prefixes, written down from the contract and not by the code under test. */
export const canonicalPrefixes = fc
  .oneof(
    { weight: 9, arbitrary: fc.array(segments, { minLength: 1, maxLength: 6 }).map((all) => all.join('/')) },
    // Few letters, so that two of them are often one below the other.
    {
      weight: 9,
      arbitrary: fc
        .array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 5 })
        .map((all) => all.join('/')),
    },
    { weight: 1, arbitrary: fc.constant('/') },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 512 }).map((length) => 'x'.repeat(length)) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 1, max: 16 }).map((count) => Array(count).fill('d').join('/')),
    },
  )
  .map((text) => text as Prefix);

/** Two canonical prefixes, of which one is often a neighbour, an ancestor or a descendant of the other. */
export const pairsOfPrefixes = canonicalPrefixes.chain((one) =>
  fc.tuple(
    fc.constant(one),
    fc.oneof(
      canonicalPrefixes,
      fc.constant(one),
      fc.constantFrom('a', 'b/c', '-', '=').map((more) => (one === '/' ? more : `${one}/${more}`) as Prefix),
      fc.constantFrom('a', '-', '.', '=').map((more) => (one === '/' ? '/' : `${one}${more}`) as Prefix),
      fc
        .constant((one.includes('/') ? one.slice(0, one.lastIndexOf('/')) : one) || one)
        .map((up) => up as Prefix),
    ),
  ),
);

/** What has moved a policy, a cookie or a path before, or stands for something else elsewhere. */
const PIECES = fc.constantFrom(
  '*', '?', '..', '.', './', '/', '//', '\\', '%', '%2e', '%2E%2e', '%2f', '%2F', '%5c', '%00', '%0d%0a', '%252e',
  '%c0%ae', '%e0%80%af', '\u0000', '\r\n', '\n', '\t', '\u0085', '\u2028', '\u00ad', '\u200b', '\ufeff', '"', '"}', '",', "'",
  ';', '; Domain=evil.example', ',', '#', ' ', '+', '&', '$', '|', '{', '}', '{user}', '<', '^', '`', '!', '(', '[',
  'é', 'e\u0301', '．', '／', '∕', 'ａ', 'K', 'ſ', 'İ', '😀', '\ud800', '\udc00', '@', ':', '=', '~', '-', '_',
  'a', 'B', '0', 'https://', '__proto__', 'x'.repeat(300),
); // prettier-ignore

/** A canonical text with something put in, taken out or written in another way. */
const nearMisses = fc
  .tuple(
    canonicalPrefixes,
    PIECES,
    fc.nat(600),
    fc.constantFrom('insert', 'replace', 'drop', 'encode', 'double'),
  )
  .map(([text, piece, at, how]) => {
    const index = at % (text.length + 1);
    const before = text.slice(0, index);
    if (how === 'insert') return before + piece + text.slice(index);
    if (how === 'replace') return before + piece + text.slice(index + 1);
    if (how === 'drop') return before + text.slice(index + 1);
    if (how === 'double') return before + text.slice(index, index + 1).repeat(2) + text.slice(index + 1);
    const code = text.charCodeAt(index % text.length).toString(16);
    return `${text.slice(0, index % text.length)}%${code}${text.slice((index % text.length) + 1)}`;
  });

/** Lengths and depths just below, at and above the limits. */
const boundaries = fc.oneof(
  fc.integer({ min: 509, max: 515 }).map((length) => 'b'.repeat(length)),
  fc.integer({ min: 169, max: 172 }).map((length) => '／'.repeat(length)),
  fc.integer({ min: 14, max: 18 }).map((count) => Array(count).fill('s').join('/')),
  fc
    .tuple(fc.integer({ min: 14, max: 18 }), PIECES)
    .map(([count, piece]) => Array(count).fill('s').join('/') + piece),
);

/** Texts of every kind, canonical ones among them. */
export const anyTexts: fc.Arbitrary<string> = fc.oneof(
  { weight: 2, arbitrary: canonicalPrefixes },
  { weight: 4, arbitrary: nearMisses },
  { weight: 3, arbitrary: fc.array(PIECES, { maxLength: 8 }).map((pieces) => pieces.join('')) },
  { weight: 2, arbitrary: boundaries },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 24 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
);
