import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { readCookie } from '../../../src/cloudfront/cookies/cookie-header.js';
import type { Prefix } from '../../../src/cloudfront/prefix.js';
import type * as scopes from '../../../src/cloudfront/cookies/scopes-cookie.js';
import type { HeldScope, ScopesRecord } from '../../../src/cloudfront/cookies/scopes-cookie.js';
import { formatSetCookie } from '../../../src/cloudfront/cookies/set-cookie.js';
import { named, type NamedProperty, type Tally } from './named-property.js';
import { contains, escapedOf, faultOfPrefix } from './prefix-oracle.js';
import { anyTexts, canonicalPrefixes } from './texts.js';

/** The code under test. */
export type ScopesRules = Pick<
  typeof scopes,
  'parseScopesCookie' | 'formatScopesCookie' | 'addScope' | 'heldBy' | 'viewerTagOf' | 'withoutScopes'
>;

const NOW = 1_795_158_000;
const MOST_SCOPES = 20;
const MOST_BYTES = 3_500;
const TAG = '2bd806c97f0e00af';

const viewers = fc.constantFrom({ id: 'alice' }, { id: 'bob' }, undefined);
const heldScopes = fc
  .tuple(canonicalPrefixes, fc.integer({ min: NOW + 1, max: NOW + 4_000 }))
  .map(([prefix, expiresAtEpochSeconds]): HeldScope => ({ prefix, expiresAtEpochSeconds }));
const tags = fc.constantFrom('', TAG, 'ffffffffffffffff');

/** Records that the cookie can hold: each path once, within the limits. */
const records = fc
  .tuple(tags, fc.uniqueArray(heldScopes, { maxLength: MOST_SCOPES, selector: ({ prefix }) => prefix }))
  .map(([viewerTag, all]): ScopesRecord => {
    let bytes = viewerTag.length + 2;
    const within = all.filter(({ prefix }) => (bytes += escapedOf(prefix).length + 12) <= MOST_BYTES);
    return { viewerTag, scopes: within };
  });

/** Anything that a browser may send, near to what we wrote above all. */
const hostileValues = fc.oneof(
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '|',
          '|',
          ':',
          '1',
          `1|${TAG}|`,
          `|${NOW + 60}:`,
          `|${NOW - 1}:`,
          '|0:',
          '|1e10:',
          '|-1:',
          `|${NOW}000:`,
        ),
        anyTexts,
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(tags, fc.array(fc.tuple(fc.integer({ min: NOW - 5, max: NOW + 50 }), anyTexts), { maxLength: 22 }))
    .map(([tag, entries]) => `1|${tag}|${entries.map(([end, text]) => `${end}:${text}`).join('|')}`),
  anyTexts,
);

/** What the contract says of the cookie in which a browser holds its scopes. */
export function scopesProperties(rules: ScopesRules, tally: Tally): readonly NamedProperty[] {
  const { parseScopesCookie, formatScopesCookie, addScope, heldBy, viewerTagOf, withoutScopes } = rules;
  return [
    named(
      'what was written is read back: from a Set-Cookie line, through a Cookie header',
      fc.property(records, (record) => {
        const value = formatScopesCookie(record);
        const line = formatSetCookie({
          name: '__Host-edgepass-scopes',
          value,
          domain: null,
          path: '/',
          maxAgeSeconds: 900,
          sameSite: 'Lax',
          secure: true,
          partitioned: false,
        });
        assert.ok(!/[\r\n]/.test(line));
        const sent = readCookie(`x=y; ${line.slice(0, line.indexOf(';'))}; z`, '__Host-edgepass-scopes');
        assert.deepEqual(
          parseScopesCookie(sent, NOW),
          record.scopes.length === 0 ? { viewerTag: '', scopes: [] } : record,
        );
      }),
    ),
    named(
      'whatever a browser sends: only canonical and living scopes, each once, and the limits hold',
      fc.property(hostileValues, (value) => {
        const read = parseScopesCookie(value, NOW);
        tally.count(read.scopes.length === 0 ? 'hostile scopes: nothing read' : 'hostile scopes: some read');
        assert.ok(/^([0-9a-f]{16})?$/.test(read.viewerTag));
        assertWithinLimits(read, formatScopesCookie(read));
        for (const { prefix, expiresAtEpochSeconds } of read.scopes) {
          assert.equal(faultOfPrefix(prefix), null);
          assert.ok(Number.isInteger(expiresAtEpochSeconds) && expiresAtEpochSeconds > NOW);
          assert.ok(value.includes(`${expiresAtEpochSeconds}:${escapedOf(prefix)}`));
        }
        assert.equal(new Set(read.scopes.map(({ prefix }) => prefix)).size, read.scopes.length);
        const again = parseScopesCookie(formatScopesCookie(read), NOW);
        assert.deepEqual(again.scopes, read.scopes);
      }),
    ),
    named(
      'in whatever order grants come: the newest stands last, nothing nests, and what goes is named',
      fc.property(fc.array(fc.tuple(heldScopes, viewers), { minLength: 1, maxLength: 12 }), (grants) => {
        let record: ScopesRecord = { viewerTag: '', scopes: [] };
        for (const [added, viewer] of grants) {
          const before = record;
          const step = addScope(before, added, viewer);
          record = step.record;
          assert.deepEqual(record.scopes.at(-1), added);
          assertWithinLimits(record, formatScopesCookie(record));
          assertNothingNests(record);
          const held = record.scopes.map(({ prefix }) => prefix);
          assert.ok(step.cleared.every((prefix) => !held.includes(prefix)));
          const were = new Set([...before.scopes.map(({ prefix }) => prefix), added.prefix]);
          assert.deepEqual(new Set([...held, ...step.cleared]), were);
          if (viewer !== undefined) assert.equal(record.viewerTag, viewerTagOf(viewer));
          if (viewer !== undefined) assert.deepEqual(heldBy(record, viewer).foreign, []);
        }
      }),
    ),
    named(
      'after hostile values too, a grant leaves one record within the limits, with itself last',
      fc.property(hostileValues, heldScopes, viewers, (value, added, viewer) => {
        const before = parseScopesCookie(value, NOW);
        const { record, cleared } = addScope(before, added, viewer);
        assert.deepEqual(record.scopes.at(-1), added);
        assertWithinLimits(record, formatScopesCookie(record));
        const covered = record.scopes.slice(0, -1).map(({ prefix }) => prefix);
        assert.ok(
          covered.every((prefix) => !contains(prefix, added.prefix) && !contains(added.prefix, prefix)),
        );
        assert.ok(cleared.every((prefix) => faultOfPrefix(prefix) === null));
        const { foreign } = heldBy(before, viewer);
        assert.ok(foreign.every(({ prefix }) => prefix === added.prefix || cleared.includes(prefix)));
      }),
    ),
    named(
      'clearing takes away what was named and nothing else',
      fc.property(
        records,
        fc.array(canonicalPrefixes, { maxLength: 3 }),
        fc.nat(20),
        (record, further, at) => {
          const own = record.scopes[at]?.prefix;
          const gone: Prefix[] = own === undefined ? further : [...further, own];
          const left = withoutScopes(record, gone);
          assert.deepEqual(
            left.scopes,
            record.scopes.filter(({ prefix }) => !new Set(gone).has(prefix)),
          );
          assert.equal(left.viewerTag, record.viewerTag);
        },
      ),
    ),
  ];
}

function assertWithinLimits(record: ScopesRecord, value: string): void {
  assert.ok(record.scopes.length <= MOST_SCOPES, 'more than 20 scopes');
  assert.ok(Buffer.byteLength(value) <= MOST_BYTES, 'more than 3,500 bytes');
  assert.ok(!/[\r\n;, "\\]/.test(value), 'no cookie value');
}

function assertNothingNests(record: ScopesRecord): void {
  const prefixes = record.scopes.map(({ prefix }) => prefix);
  for (const one of prefixes) {
    assert.deepEqual(
      prefixes.filter((other) => contains(one, other)),
      [one],
    );
  }
}
