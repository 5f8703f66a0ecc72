import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type * as entitlement from '../../../src/entitlements/entitlement.js';
import type * as prefix from '../../../src/cloudfront/prefix.js';
import type { Prefix } from '../../../src/cloudfront/prefix.js';
import { named, type NamedProperty, type Tally } from './named-property.js';
import { contains, faultOfPrefix, segmentsOf } from './prefix-oracle.js';
import { anyTexts, canonicalPrefixes, pairsOfPrefixes } from './texts.js';

/** The code under test, handed in so that a spec can show that a wrong rule is found out. */
export type PrefixRules = Pick<typeof prefix, 'readPrefix' | 'ancestorsOf' | 'covers' | 'pathOf'> &
  Pick<typeof entitlement, 'readEntitlementPrefix' | 'openedPrefix' | 'coveringPrefixes'>;

const viewerIds = fc.oneof(anyTexts, fc.constantFrom('a', 'b', 'ab', 'alice', '{user}', '..'));

/** An entitlement prefix: canonical, with `{user}` in the place of a segment now and then. */
const entitlementPrefixes = fc.tuple(canonicalPrefixes, fc.nat(20)).map(([text, at]) => {
  const segments = segmentsOf(text);
  const index = at % (segments.length + 3);
  return index > 0 && index < segments.length ? segments.with(index, '{user}').join('/') : text;
});

/** What the contract says of prefixes and of entitlements that hold `{user}`. */
export function prefixProperties(rules: PrefixRules, tally: Tally): readonly NamedProperty[] {
  const { readPrefix, ancestorsOf, covers, pathOf, readEntitlementPrefix, openedPrefix, coveringPrefixes } =
    rules;
  return [
    named(
      'a text is canonical and stays as it is, or it is refused: as the grammar says, and never repaired',
      fc.property(anyTexts, (text) => {
        const fault = faultOfPrefix(text);
        tally.count(`prefix: ${fault ?? 'accepted'}`);
        assert.deepEqual(readPrefix(text), fault === null ? { prefix: text } : { fault });
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
          if (typeof value !== 'string') assert.deepEqual(readPrefix(value), { fault: 'prefix_invalid' });
        },
      ),
    ),
    named(
      'an accepted prefix is what every reader of paths makes of it',
      fc.property(anyTexts, (text) => {
        if (!('prefix' in readPrefix(text))) return;
        const path = pathOf(text as Prefix);
        assert.equal(path, text === '/' ? '/' : `/${text}`);
        assert.equal(new URL(path, 'https://cdn.example.com').href, `https://cdn.example.com${path}`);
        assert.equal(decodeURIComponent(path), path);
        assert.equal(path.normalize('NFKC'), path);
        assert.equal(Buffer.from(path, 'latin1').toString('utf8'), path);
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
        else assert.deepEqual(read, fault === null ? { prefix: text } : { fault });
      }),
    ),
    named(
      'whoever the caller is: a row opens a prefix exactly where the rows are looked for, and it is canonical',
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
