import * as fc from 'fast-check';
import type { Prefix } from '../../../src/cloudfront/prefix.js';
import { ANY_CHARACTER } from '../../support/any-character.js';
import { escapedOf, isInNames } from './prefix-oracle.js';

const IN_NAMES: string[] = [];
const REFUSED: string[] = [];
for (let code = 0; code < 0x110000; code += 1) {
  const character = String.fromCodePoint(code);
  if (isInNames(character)) IN_NAMES.push(character);
  else if (character !== '/') REFUSED.push(character);
}

/** One of a list that is too long to be spread into arguments. */
const oneOf = (list: readonly string[]): fc.Arbitrary<string> =>
  fc.nat(list.length - 1).map((index) => list[index] ?? 'x');

/** Every character that no name may hold; most of them are unassigned, so the others come more often. */
export const refusedCharacters = fc.oneof(
  oneOf(REFUSED),
  oneOf(REFUSED.filter((character) => character < '\x80')),
  oneOf(REFUSED.filter((character) => /[\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}]/u.test(character))),
  oneOf(REFUSED.filter((character) => /[\p{P}\p{S}]/u.test(character))),
);

const ASCII = IN_NAMES.filter((character) => character < '\x80');
/** Letters, marks and digits of many scripts, composed and decomposed ones among them. */
const SCRIPTS = Array.from(
  'éêçñßøЖйλώאשבّحمदेवीগীதமிไทยြမខ្មែრქሀ漢字仮名カナひら한글ㄱ한汉语۱२३½Ⅷ①𝔸𐐷𠮷\u0301\u0300\u0308\u0338',
);
const characters = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ASCII) },
  { weight: 3, arbitrary: fc.constantFrom(...SCRIPTS) },
  { weight: 2, arbitrary: oneOf(IN_NAMES) },
);

/** Segments by the grammar of docs/prefixes.md, mostly short. */
const segments = fc
  .array(characters, { minLength: 1, maxLength: 8 })
  .map((all) => all.join('').replace(/^[. ]+| +$/g, '') || 'x');

/** As many segments as fit into 512 bytes of the escaped form. */
function fitting(all: readonly string[]): string {
  let text = all[0] ?? 'x';
  for (const segment of all.slice(1)) {
    if (escapedOf(`${text}/${segment}`).length <= 512) text = `${text}/${segment}`;
  }
  return text;
}

/** Canonical prefixes, written down from docs/prefixes.md and not by the code under test. */
export const canonicalPrefixes = fc
  .oneof(
    { weight: 9, arbitrary: fc.array(segments, { minLength: 1, maxLength: 6 }).map(fitting) },
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
    // Up to the limit of 512 bytes in letters of 6, 9 and 12.
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('é', '가', '𠮷'), fc.integer({ min: 1, max: 85 }))
        .map(([letter, count]) => letter.repeat(Math.min(count, Math.floor(512 / escapedOf(letter).length)))),
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
      fc
        .constantFrom('a', 'b/c', '-', '=', '한 글', "l'été")
        .map((more) => (one === '/' ? more : `${one}/${more}`) as Prefix),
      fc
        .constantFrom('a', '-', '.', '=', ' (1)', '\u0301')
        .map((more) => (one === '/' ? '/' : `${one}${more}`) as Prefix),
      fc.constantFrom('NFC', 'NFD').map((form) => one.normalize(form) as Prefix),
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
  'a', 'B', '0', 'https://', '__proto__', 'x'.repeat(300), '가'.repeat(60), ')', '\u00a0', '\u3000', '\u202e', '\u2066',
  '\u200d', '\u200c', '\u2060', '\u180e', '\u034f', '\u115f', '\u3164', '\uffa0', '\ufe0f', '\u{e0100}', '\u{e0041}', '\ue000', '\u0378',
  '\u2024', '\u2044', '\u29f8', '\u2571', '\ufe68', '\uff3c', '\uff0a', '\uff1f', '\uff05', '\u066a', '\u05f4', '%EC%84%A0', '%ec%84%a0',
); // oxfmt-ignore

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
  fc
    .tuple(fc.constantFrom('é', '가', '𠮷', 'a b'), fc.nat(10))
    .map(
      ([letter, further]) => letter.repeat(Math.floor(512 / escapedOf(letter).length)) + 'c'.repeat(further),
    ),
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
  { weight: 1, arbitrary: fc.string({ unit: ANY_CHARACTER, maxLength: 24 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
);
