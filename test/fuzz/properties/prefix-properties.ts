import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type * as entitlement from '../../../src/entitlements/entitlement.js';
import type * as prefix from '../../../src/cloudfront/prefix.js';
import { named, type NamedProperty, type Tally } from './named-property.js';
import { contains, escapedOf, faultOfPrefix, segmentsOf } from './prefix-oracle.js';
import { anyTexts, canonicalPrefixes, pairsOfPrefixes, refusedCharacters } from './texts.js';

/** The code under test, handed in so that a spec can show that a wrong rule is found out. */
export type PrefixRules = Pick<
  typeof prefix,
  | 'readPrefix'
  | 'isPrefix'
  | 'escapedPrefix'
  | 'readEscapedPrefix'
  | 'otherUnicodeForms'
  | 'ancestorsOf'
  | 'covers'
  | 'pathOf'
> &
  Pick<typeof entitlement, 'readEntitlementPrefix' | 'openedPrefix' | 'coveringPrefixes'>;

const viewerIds = fc.oneof(anyTexts, fc.constantFrom('a', 'b', 'ab', 'alice', '{user}', '..'));

/** An entitlement prefix: canonical, with `{user}` in the place of a segment now and then. */
const entitlementPrefixes = fc.tuple(canonicalPrefixes, fc.nat(20)).map(([text, at]) => {
  const segments = segmentsOf(text);
  const index = at % (segments.length + 3);
  return index > 0 && index < segments.length ? segments.with(index, '{user}').join('/') : text;
});

/** What docs/prefixes.md says of prefixes and of entitlements that hold `{user}`. */
export function prefixProperties(rules: PrefixRules, tally: Tally): readonly NamedProperty[] {
  const { readPrefix, ancestorsOf, covers, pathOf, readEntitlementPrefix, openedPrefix, coveringPrefixes } =
    rules;
  return [
    named(
      'a text is canonical and stays as it is, or it is refused: as the grammar says, and never repaired',
      fc.property(anyTexts, (text) => {
        const fault = faultOfPrefix(text);
        tally.count(`prefix: ${fault ?? 'accepted'}`);
        assert.equal(rules.isPrefix(text), fault === null);
        const read = readPrefix(text);
        if ('prefix' in read) assert.deepEqual([fault, read], [null, { prefix: text }]);
        else assert.equal(read.fault, fault);
      }),
    ),
    named(
      'a character that no name may hold is refused in every position',
      fc.property(canonicalPrefixes, refusedCharacters, fc.nat(600), (prefix, character, at) => {
        const characters = Array.from(prefix);
        const index = at % (characters.length + 1);
        const text = characters.toSpliced(index, 0, character).join('');
        tally.count(`refused characters: ${index === 0 ? 'first' : 'further'}`);
        assert.ok('fault' in readPrefix(text));
      }),
    ),
    named(
      'a refusal is one readable line, and a name that it says to write is a prefix',
      fc.property(anyTexts, (text) => {
        const read = readPrefix(text);
        if ('prefix' in read) return;
        assert.ok(read.detail.length > 10 && Buffer.byteLength(read.detail) < 2_000);
        assert.ok(read.detail.isWellFormed());
        assert.ok(
          !/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Co}\p{Cn}]/u.test(read.detail),
          read.detail,
        );
        // What a refusal always says of braces is no repetition.
        const said = read.detail.replace('{user} is for entitlements', '');
        assert.ok(text.length < 5 || !said.includes(text), read.detail);
        const [, instead] = /(?:Write|open) "([^"]*)"/.exec(read.detail) ?? [];
        tally.count(instead === undefined ? 'refusals: nothing to write' : 'refusals: with a name to write');
        if (instead !== undefined) assert.notEqual(faultOfPrefix(instead), 'prefix_invalid');
      }),
    ),
    named(
      'what is no text is refused',
      fc.property(
        fc.oneof(
          fc.anything({ withBigInt: true, withDate: true, maxDepth: 1, maxKeys: 2 }),
          canonicalPrefixes.map((text) => ({ toString: () => text })),
          canonicalPrefixes.map((text) => [text]),
        ),
        (value) => {
          if (typeof value === 'string') return;
          const read = readPrefix(value);
          assert.equal('fault' in read && read.fault, 'prefix_invalid');
        },
      ),
    ),
    named(
      'an accepted name is escaped as the URL parser escapes it, and encodeURIComponent but for : @ =',
      fc.property(fc.oneof(anyTexts, canonicalPrefixes), (text) => {
        const read = readPrefix(text);
        if (!('prefix' in read)) return;
        const escaped = rules.escapedPrefix(read.prefix);
        const path = pathOf(read.prefix);
        tally.count(escaped === text ? 'escaped: the same' : 'escaped: another text');
        assert.equal(escaped, escapedOf(text));
        assert.equal(path, text === '/' ? '/' : `/${escaped}`);
        const name = text === '/' ? '' : text;
        assert.equal(new URL(`/${name}`, 'https://cdn.example.com/x/y').pathname, path);
        assert.equal(new URL(`https://cdn.example.com/${name}`).href, `https://cdn.example.com${path}`);
        assert.equal(new URL(path, 'https://cdn.example.com').href, `https://cdn.example.com${path}`);
        const bySegment = text.split('/').map((segment) => encodeURIComponent(segment));
        const signs = { '%3A': ':', '%40': '@', '%3D': '=' };
        const unsigned = bySegment
          .join('/')
          .replace(/%3A|%40|%3D/g, (sign) => signs[sign as keyof typeof signs]);
        assert.equal(unsigned, escaped);
        assert.ok(/^[\x21-\x7e]{1,512}$/.test(escaped));
        assert.equal(decodeURIComponent(escaped), text);
      }),
    ),
    named(
      'an escaped form is read back to the one name that has it, and any other text is not',
      fc.property(fc.oneof(anyTexts, canonicalPrefixes.map(escapedOf)), (text) => {
        const prefix = rules.readEscapedPrefix(text);
        tally.count(prefix === null ? 'escaped forms: none' : 'escaped forms: read back');
        if (prefix !== null) assert.deepEqual([faultOfPrefix(prefix), escapedOf(prefix)], [null, text]);
        else assert.ok(!isEscapedForm(text));
      }),
    ),
    named(
      'NFC and NFD are two prefixes: the other form is other bytes that read the same',
      fc.property(canonicalPrefixes, (prefix) => {
        for (const { form, prefix: other } of rules.otherUnicodeForms(prefix)) {
          tally.count(`other forms: ${form}`);
          assert.notEqual(other, prefix);
          assert.equal(other, prefix.normalize(form));
          assert.equal(other.normalize('NFC'), prefix.normalize('NFC'));
          assert.ok(!contains(other, prefix) && !contains(prefix, other));
          assert.notEqual(escapedOf(other), escapedOf(prefix));
        }
      }),
    ),
    named(
      'covers is containment, segment by segment',
      fc.property(pairsOfPrefixes, ([one, other]) => {
        const isContained = contains(one, other);
        tally.count(isContained ? 'pairs: one covers the other' : 'pairs: apart');
        assert.equal(covers(one, other), isContained);
        assert.equal(covers(other, one), contains(other, one));
      }),
    ),
    named(
      'the ancestors are itself and everything that contains it, the narrowest first, each canonical',
      fc.property(pairsOfPrefixes, ([one, other]) => {
        const ancestors = ancestorsOf(one);
        assert.equal(ancestors.length, segmentsOf(one).length + 1);
        assert.equal(ancestors[0], one);
        assert.equal(ancestors.at(-1), '/');
        assert.equal(ancestors.includes(other), contains(other, one));
        for (const [index, ancestor] of ancestors.entries()) {
          assert.equal(faultOfPrefix(ancestor), null);
          assert.equal(segmentsOf(ancestor).length, ancestors.length - 1 - index);
          assert.ok(contains(ancestor, one));
        }
      }),
    ),
    named(
      'an entitlement prefix is a prefix in which one segment, never the first, may be {user}',
      fc.property(anyTexts, (text) => {
        const segments = text.split('/');
        const places = segments.flatMap((segment, index) => (segment === '{user}' ? [index] : []));
        const [at] = places;
        const judged = at === undefined || places.length > 1 ? text : segments.with(at, 'u').join('/');
        const fault = at === 0 ? 'prefix_invalid' : faultOfPrefix(judged);
        const read = readEntitlementPrefix(text);
        // Two of them are refused too; with which of the faults is of no consequence.
        if (places.length > 1) assert.ok('fault' in read);
        else if (at === 0) assert.ok('fault' in read);
        else if (text.includes('{user}') && at === undefined) assert.ok('fault' in read);
        else if ('prefix' in read) assert.deepEqual([read.prefix, fault], [text, null]);
        else assert.equal(read.fault, fault);
      }),
    ),
    named(
      'an entitlement prefix that is refused only for how it is written is proposed as it should be',
      fc.property(
        entitlementPrefixes,
        fc.constantFrom('slash before', 'slash after', 'star', 'address', 'escaped'),
        (row, how) => {
          if (row === '/') return;
          const written = {
            'slash before': `/${row}`,
            'slash after': `${row}/`,
            star: `${row}/*`,
            address: `https://cdn.example.com/${row}`,
            escaped: row.split('/').map(encodeURIComponent).join('/'),
          }[how];
          const read = readEntitlementPrefix(written);
          // Nothing to escape, or too long when written like this.
          if (written === row || !('fault' in read) || read.fault !== 'prefix_invalid') return;
          tally.count(row.includes('{user}') ? 'proposals: with {user}' : 'proposals: without');
          assert.ok(read.detail.endsWith(` Write "${row}".`), read.detail);
        },
      ),
    ),
    named(
      'for every caller: a row opens a prefix exactly where the rows are looked for, and it is canonical',
      fc.property(entitlementPrefixes, viewerIds, pairsOfPrefixes, (row, id, [asked]) => {
        const viewer = { id, groups: [] };
        const opened = openedPrefix(row, viewer);
        const isLegalId = faultOfPrefix(id) === null && !id.includes('/');
        if (opened === null) {
          tally.count('{user}: does not apply');
          assert.ok(row.includes('{user}'));
        } else {
          tally.count(row.includes('{user}') ? '{user}: applies' : '{user}: none in it');
          assert.equal(faultOfPrefix(opened), null);
          assert.ok(isLegalId || opened === row);
          const before = row.slice(0, Math.max(0, row.indexOf('/{user}')));
          assert.ok(before === '' || contains(before, opened));
        }
        const isFound = coveringPrefixes(asked, viewer).includes(row);
        assert.equal(isFound, opened !== null && contains(opened, asked));
        if (opened !== null) assert.ok(coveringPrefixes(opened, viewer).includes(row));
      }),
    ),
  ];
}

/** Whether a text is the escaped form of a prefix, found by taking it apart and escaping it again. */
function isEscapedForm(text: string): boolean {
  if (/[^\x21-\x7e]/.test(text)) return false;
  try {
    const name = decodeURIComponent(text);
    return faultOfPrefix(name) === null && escapedOf(name) === text;
  } catch {
    return false;
  }
}
