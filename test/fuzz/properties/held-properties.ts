import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type * as held from '../../../src/cloudfront/cookies/held-grants.js';
import type { HeldRecord } from '../../../src/cloudfront/cookies/held-grants.js';
import { formatSetCookie } from '../../../src/cloudfront/cookies/set-cookie.js';
import type { CookiePath } from '../../../src/cloudfront/cookies/cookie-kind.js';
import { pathOf } from '../../../src/cloudfront/prefix.js';
import { named, type NamedProperty, type Tally } from './named-property.js';
import { contains, faultOfPrefix } from './prefix-oracle.js';
import { anyTexts, canonicalPrefixes } from './texts.js';

/** The code under test. */
export type HeldRules = Pick<
  typeof held,
  'readHeldCookies' | 'formatHeldValue' | 'heldCookieName' | 'settleHeld' | 'isForeign' | 'viewerTagOf'
>;

const NOW = 1_795_158_000;
const MOST_GRANTS = 20;
const MOST_BYTES = 3_500;
const TAG = 'K9gGyX8OAK8';
const OWN = { namePrefix: '__Host-', path: '/' } as const;
const CURRENT = { domain: 'media.example.com', partitioned: false };

const viewers = fc.constantFrom({ id: 'alice' }, { id: 'bob' }, undefined);
const records = fc
  .record({
    prefix: canonicalPrefixes,
    domain: fc.constantFrom(null, 'media.example.com', 'example.com'),
    partitioned: fc.boolean(),
    viewerTag: fc.constantFrom('', TAG, 'AAAAAAAAAAA'),
    issuedAtEpochSeconds: fc.integer({ min: NOW - 4_000, max: NOW }),
    expiresAtEpochSeconds: fc.integer({ min: NOW + 1, max: NOW + 4_000 }),
  })
  .map(({ viewerTag, ...record }): HeldRecord => ({
    ...record,
    path: pathOf(record.prefix),
    viewerTags: [viewerTag],
    isOldForm: false,
  }));

/** What we write, and now and then something else, so that most values differ from one of ours in a single member. */
const mostly = (legal: string, ...others: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant(legal) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

/** What a browser may send, near to what we wrote above all: a value, and the place that it names. */
const hostileCookies = fc.oneof(
  fc
    .tuple(
      mostly('1', '2', ''),
      mostly(`${NOW - 60}`, '0', '-1', '1e9', ''),
      mostly(`${NOW + 60}`, `${NOW - 1}`, `${NOW}000`, ''),
      mostly(TAG, '', 'x'),
      mostly('example.com', '', 'a b', '.x', 'A.B'),
      mostly('', 'P', 'p'),
      fc.oneof(
        { weight: 3, arbitrary: canonicalPrefixes.map(pathOf) },
        { weight: 1, arbitrary: anyTexts },
        { weight: 1, arbitrary: anyTexts.map((text) => `/${text}`) },
      ),
    )
    .map((members) => {
      const [, , , , domain, partitioned, path] = members;
      const place = { domain: domain || null, partitioned: partitioned !== '', path: path as CookiePath };
      return { value: members.join('|'), place };
    }),
  anyTexts.map((value) => ({ value, place: { ...CURRENT, path: '/' as const } })),
);

/** What is documented of the cookies in which a browser holds its grants. */
export function heldProperties(rules: HeldRules, tally: Tally): readonly NamedProperty[] {
  const { readHeldCookies, formatHeldValue, heldCookieName, settleHeld, isForeign, viewerTagOf } = rules;
  const read = (header: string): readonly HeldRecord[] => readHeldCookies(header, OWN, CURRENT, NOW);
  const pairOf = (record: HeldRecord): string => `${heldCookieName(record, OWN)}=${formatHeldValue(record)}`;
  const assertWithinLimits = (kept: readonly HeldRecord[]): void => {
    assert.ok(kept.length <= MOST_GRANTS, 'more than 20 grants');
    const bytes = kept.map((record) => `; ${pairOf(record)}`).join('').length;
    assert.ok(kept.length === 1 || bytes <= MOST_BYTES, 'more than 3,500 bytes');
  };
  return [
    named(
      'what was written is read back: from a Set-Cookie line, through a Cookie header',
      fc.property(records, (record) => {
        const line = formatSetCookie({
          name: heldCookieName(record, OWN),
          value: formatHeldValue(record),
          domain: null,
          path: '/',
          maxAgeSeconds: 900,
          sameSite: 'Lax',
          secure: true,
          partitioned: false,
        });
        assert.ok(!/[\r\n]/.test(line));
        assert.deepEqual(read(`x=y; ${line.slice(0, line.indexOf(';'))}; z`), [record]);
      }),
    ),
    named(
      'whatever a browser sends: only canonical and living grants, each once, and none hides another',
      fc.property(hostileCookies, records, records, fc.nat(3), ({ value, place }, own, other, how) => {
        const [isFirst, hasOwnName] = [how % 2 === 0, how < 2];
        // Under the name of another cookie, or under the one that belongs to what it says.
        const hostile = `${heldCookieName(hasOwnName ? own : place, OWN)}=${value}`;
        const expired = pairOf({ ...other, expiresAtEpochSeconds: NOW });
        const pairs = isFirst ? [hostile, pairOf(own), expired] : [expired, pairOf(own), hostile];
        const found = read(pairs.join('; '));
        tally.count(found.length > 1 ? 'hostile cookies: another read' : 'hostile cookies: nothing read');
        for (const { prefix, expiresAtEpochSeconds } of found) {
          assert.equal(faultOfPrefix(prefix), null);
          assert.ok(Number.isInteger(expiresAtEpochSeconds) && expiresAtEpochSeconds > NOW);
        }
        const names = found.map((record) => heldCookieName(record, OWN));
        assert.equal(new Set(names).size, names.length);
        assert.ok(names.includes(heldCookieName(own, OWN)), 'our own is hidden');
      }),
    ),
    named(
      'in whatever order grants come: the newest stands last, nothing nests, and what goes is named',
      fc.property(fc.array(records, { maxLength: 24 }), records, viewers, (before, granted, viewer) => {
        const unique = [...new Map(before.map((record) => [heldCookieName(record, OWN), record])).values()];
        const added = viewer ? { ...granted, viewerTags: [viewerTagOf(viewer)] } : granted;
        const { kept, cleared } = settleHeld(unique, viewer, CURRENT, added);
        assert.deepEqual(kept.at(-1), added);
        assertWithinLimits(kept);
        for (const one of kept) {
          assert.deepEqual(
            kept.filter((other) => contains(one.prefix, other.prefix)),
            [one],
          );
          assert.ok(!isForeign(one, viewer), "another viewer's grant stays");
        }
        const names = (all: readonly HeldRecord[]) => all.map((record) => heldCookieName(record, OWN));
        assert.deepEqual(
          new Set([...names(kept), ...names(cleared)]),
          new Set([...names(unique), ...names([added])]),
        );
        assert.ok(names(cleared).every((name) => !names(kept).includes(name)));
      }),
    ),
    named(
      'a call that grants nothing leaves the widest of what nests, and clears only with a reason',
      fc.property(fc.array(records, { maxLength: 12 }), viewers, (before, viewer) => {
        const { kept, cleared } = settleHeld(before, viewer, CURRENT);
        for (const gone of cleared) {
          const hasReason =
            isForeign(gone, viewer) ||
            kept.some(({ prefix }) => contains(prefix, gone.prefix)) ||
            pairBytes(kept, pairOf) + pairOf(gone).length > MOST_BYTES - 600;
          assert.ok(hasReason, `${gone.path} is cleared without a reason`);
        }
      }),
    ),
  ];
}

function pairBytes(kept: readonly HeldRecord[], pairOf: (record: HeldRecord) => string): number {
  return kept.map((record) => `; ${pairOf(record)}`).join('').length;
}
