import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ANY_CHARACTER } from '../../../test/support/any-character.js';
import { covers, pathOf, readPrefix, type Prefix } from '../prefix.js';
import {
  formatHeldValue,
  heldCookieName,
  isForeign,
  readHeldCookies,
  settleHeld,
  viewerTagOf,
  type HeldRecord,
} from './held-grants.js';

const NOW = 1_795_158_000;
const alice = { id: 'alice' };
const bob = { id: 'bob' };
const own = { namePrefix: '__Host-', path: '/' } as const;
const current = { domain: 'media.example.com', partitioned: false };

function prefixOf(text: string): Prefix {
  const read = readPrefix(text);
  if ('fault' in read) throw new Error(`${text}: ${read.fault}`);
  return read.prefix;
}

function held(text: string, more: Partial<HeldRecord> = {}): HeldRecord {
  const prefix = prefixOf(text);
  return {
    ...current,
    prefix,
    path: pathOf(prefix),
    viewerTags: [viewerTagOf(alice)],
    issuedAtEpochSeconds: NOW,
    expiresAtEpochSeconds: NOW + 900,
    isOldForm: false,
    ...more,
  };
}

function pairOf(record: HeldRecord): string {
  return `${heldCookieName(record, own)}=${formatHeldValue(record)}`;
}

function read(...pairs: readonly string[]): readonly HeldRecord[] {
  return readHeldCookies(pairs.join('; '), own, current, NOW);
}

/** One of our cookies with another value, under the name that the value it stands for has. */
function withValue(record: HeldRecord, change: (value: string) => string): string {
  return `${heldCookieName(record, own)}=${change(formatHeldValue(record))}`;
}

function prefixes(records: readonly HeldRecord[]): readonly string[] {
  return records.map(({ prefix }) => prefix);
}

describe('our cookie of one grant', () => {
  it('says when, until when, whose, and where the cookies of the grant live', () => {
    expect(formatHeldValue(held('courses/algebra'))).toBe(
      `1|${NOW}|${NOW + 900}|K9gGyX8OAK8|media.example.com||/courses/algebra`,
    );
    expect(formatHeldValue(held('/', { domain: null, partitioned: true }))).toBe(
      `1|${NOW}|${NOW + 900}|K9gGyX8OAK8||P|/`,
    );
  });

  it('has a name of its own for each place, so that answers that cross do not overwrite each other', () => {
    const names = [
      held('a'),
      held('b'),
      held('a', { domain: null }),
      held('a', { partitioned: true }),
      held('a', { domain: 'example.com' }),
    ].map((record) => heldCookieName(record, own));
    expect(new Set(names).size).toBe(5);
    expect(names[0]).toMatch(/^__Host-edgepass-held-[A-Za-z0-9_-]{11}$/);
    const later = held('a', { issuedAtEpochSeconds: NOW + 60, viewerTags: [viewerTagOf(bob)] });
    expect(heldCookieName(later, own)).toBe(names[0]);
  });

  it('never holds the id of the viewer: the tag is 64 bits of SHA-256', () => {
    const digest = createHash('sha256').update('alice').digest().subarray(0, 8).toString('base64url');
    expect(viewerTagOf(alice)).toBe(digest);
    expect(viewerTagOf(undefined)).toBe('');
  });
});

describe('readHeldCookies', () => {
  it('reads what was written, oldest first', () => {
    const [newer, older] = [held('a'), held('b', { issuedAtEpochSeconds: NOW - 60 })];
    expect(read('x=1', pairOf(newer), pairOf(older), 'y=2')).toEqual([older, newer]);
  });

  it('reads the whole distribution as /', () => {
    expect(prefixes(read(pairOf(held('/'))))).toEqual(['/']);
  });

  it('drops what has expired, at the very second of its end', () => {
    expect(read(pairOf(held('a', { expiresAtEpochSeconds: NOW })))).toEqual([]);
    expect(read(pairOf(held('a', { expiresAtEpochSeconds: NOW + 1 })))).toHaveLength(1);
  });

  it('reads every cookie of one name: a planted one hides none, and cannot make it look like another viewer’s own', () => {
    const record = held('a');
    const planted = held('a', { viewerTags: [viewerTagOf(bob)], expiresAtEpochSeconds: NOW + 5 });
    for (const pairs of [
      [withValue(record, () => 'junk'), pairOf(record)],
      [pairOf(record), withValue(record, () => 'junk')],
    ]) {
      expect(read(...pairs)).toEqual([record]);
    }
    const [both] = read(pairOf(planted), pairOf(record));
    expect(both).toMatchObject({ prefix: 'a', expiresAtEpochSeconds: NOW + 900 });
    expect(isForeign(both ?? record, bob)).toBe(true);
    expect(isForeign(both ?? record, alice)).toBe(true);
  });

  it.each([
    ['no value', () => ''],
    ['another version', (value: string) => value.replace('1|', '2|')],
    ['a member too many', (value: string) => `${value}|x`],
    ['a member too few', (value: string) => value.slice(0, value.lastIndexOf('|'))],
    ['milliseconds', (value: string) => value.replace(`${NOW + 900}`, `${NOW + 900}000`)],
    ['a time with a sign', (value: string) => value.replace(`|${NOW}`, `|+${NOW}`)],
    ['a time in another notation', (value: string) => value.replace(`${NOW + 900}`, '1e10')],
    ['a tag that is too short', (value: string) => value.replace('K9gGyX8OAK8', 'K9gGyX8OAK')],
    ['another Domain than its name', (value: string) => value.replace('media.example', 'evil.example')],
    ['a Domain with an attribute', (value: string) => value.replace('.com|', '.com Path=/|')],
    ['a Domain in capitals', (value: string) => value.replace('media', 'MEDIA')],
    ['another mark for Partitioned', (value: string) => value.replace('||/', '|Q|/')],
    ['another path than its name', (value: string) => `${value}/b`],
    ['a wildcard', (value: string) => `${value}/*`],
    ['dots', (value: string) => `${value}/../b`],
    ['a path without a slash', (value: string) => value.replace('|/a', '|a')],
    ['quotes round it', (value: string) => `"${value}"`],
  ])('ignores a cookie with %s, and reads its neighbour', (_, change) => {
    expect(prefixes(read(withValue(held('a'), change), pairOf(held('good'))))).toEqual(['good']);
  });

  it('ignores a right value under another name', () => {
    expect(read(`${heldCookieName(held('b'), own)}=${formatHeldValue(held('a'))}`)).toEqual([]);
    expect(read(pairOf(held('a')).replace('__Host-', ''))).toEqual([]);
  });

  it('never throws and gives only canonical prefixes, whatever a browser sends', () => {
    const name = heldCookieName(held('a'), own);
    const parts = [
      '1',
      '|',
      `${NOW + 60}`,
      viewerTagOf(alice),
      'media.example.com',
      '/a',
      '/',
      '*',
      '..',
      ';',
      name,
    ];
    const hostile = fc.oneof(
      fc.string({ unit: ANY_CHARACTER }),
      fc.array(fc.constantFrom(...parts, '=', '; ')).map((chosen) => chosen.join('')),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        for (const record of read(`${name}=${text}`, text)) {
          expect(readPrefix(record.prefix)).toEqual({ prefix: record.prefix });
        }
      }),
    );
  });
});

describe('the one cookie of edgepass 0.1', () => {
  const tag = createHash('sha256').update('alice').digest('hex').slice(0, 16);

  it('is read as grants of the place where this deployment sets cookies, older than all others', () => {
    const old = `__Host-edgepass-scopes=1|${tag}|${NOW + 60}:courses/algebra|${NOW - 1}:gone|${NOW + 900}:/`;
    expect(read(pairOf(held('a')), old)).toEqual([
      held('courses/algebra', {
        issuedAtEpochSeconds: 1,
        expiresAtEpochSeconds: NOW + 60,
        isOldForm: true,
      }),
      held('/', { issuedAtEpochSeconds: 1, isOldForm: true }),
      held('a'),
    ]);
  });

  it('is read from every cookie of that name, and a grant that has its own cookie by now is that one', () => {
    const old = `__Host-edgepass-scopes=1|${tag}|${NOW + 60}:a`;
    expect(read('__Host-edgepass-scopes=junk', old, pairOf(held('a')))).toEqual([held('a')]);
  });

  it.each([
    ['another version', `2|${tag}|${NOW + 60}:a`],
    ['a tag that is too short', `1|abc|${NOW + 60}:a`],
    ['a wildcard', `1|${tag}|${NOW + 60}:a/*`],
    ['a leading slash', `1|${tag}|${NOW + 60}:/a`],
    ['no expiry', `1|${tag}|a`],
    ['milliseconds', `1|${tag}|${NOW}000:a`],
  ])('with %s is ignored', (_, value) => {
    expect(read(`__Host-edgepass-scopes=${value}`)).toEqual([]);
  });
});

describe('settleHeld', () => {
  const settled = (
    records: readonly HeldRecord[],
    viewer: { id: string } | undefined,
    added?: HeldRecord,
  ): { kept: readonly string[]; cleared: readonly string[] } => {
    const { kept, cleared } = settleHeld(records, viewer, current, added);
    return { kept: prefixes(kept), cleared: prefixes(cleared) };
  };

  it('keeps siblings, the newest last', () => {
    expect(settled([held('a'), held('b')], alice, held('c'))).toEqual({ kept: ['a', 'b', 'c'], cleared: [] });
  });

  it('C08 keeps a neighbour whose name begins the same', () => {
    expect(settled([held('private/a')], alice, held('private/a_b')).cleared).toEqual([]);
  });

  it('renews an equal grant in place of the old one, and makes it the newest', () => {
    expect(settled([held('a'), held('b')], alice, held('a'))).toEqual({ kept: ['b', 'a'], cleared: [] });
  });

  it('clears the grants below the new one, and the wider one that it lies in', () => {
    expect(settled([held('a/b'), held('c'), held('a/b/c')], alice, held('a'))).toEqual({
      kept: ['c', 'a'],
      cleared: ['a/b', 'a/b/c'],
    });
    expect(settled([held('a'), held('c')], alice, held('a/b'))).toEqual({
      kept: ['c', 'a/b'],
      cleared: ['a'],
    });
    expect(settled([held('a'), held('b')], alice, held('/'))).toEqual({ kept: ['/'], cleared: ['a', 'b'] });
  });

  it('of grants that already nest, as two at once leave them, the widest stays', () => {
    const nested = [held('a/b/c'), held('a/b'), held('c'), held('a')];
    expect(settled(nested, alice)).toEqual({ kept: ['c', 'a'], cleared: ['a/b/c', 'a/b'] });
    expect(settled(nested, alice, held('x'))).toEqual({ kept: ['c', 'a', 'x'], cleared: ['a/b/c', 'a/b'] });
  });

  it('of two at one path the one stays that is set where this deployment sets cookies now', () => {
    const [before, partitioned] = [held('a', { domain: 'example.com' }), held('a', { partitioned: true })];
    expect(settleHeld([before, held('a'), partitioned], alice, current).cleared).toEqual([
      before,
      partitioned,
    ]);
    expect(settleHeld([before], alice, current, held('a')).cleared).toEqual([before]);
    expect(settleHeld([before], alice, current).cleared).toEqual([]);
  });

  it('clears what another viewer was granted, but not what the new cookies replace', () => {
    expect(settled([held('a'), held('b')], bob, held('a', { viewerTags: [viewerTagOf(bob)] }))).toEqual({
      kept: ['a'],
      cleared: ['b'],
    });
    expect(settled([held('a')], bob)).toEqual({ kept: [], cleared: ['a'] });
    expect(settled([held('a', { viewerTags: [''] })], alice).cleared).toEqual(['a']);
  });

  it('clears nothing of anybody where no viewer is named', () => {
    expect(settled([held('a')], undefined, held('b'))).toEqual({ kept: ['a', 'b'], cleared: [] });
  });

  it('clears the oldest of more than twenty', () => {
    const twenty = Array.from({ length: 20 }, (_, index) => held(`s${index}`));
    const { kept, cleared } = settled(twenty, alice, held('new'));
    expect(cleared).toEqual(['s0']);
    expect(kept).toHaveLength(20);
    expect(kept.at(-1)).toBe('new');
  });

  it('clears the oldest until names and values fit into 3,500 bytes', () => {
    const long = Array.from({ length: 6 }, (_, index) => held(`${index}${'x'.repeat(511)}`));
    const { kept, cleared } = settleHeld(long, alice, current, held(`6${'x'.repeat(511)}`));
    expect(cleared).toEqual(long.slice(0, 2));
    const bytes = kept.map((record) => `; ${pairOf(record)}`).join('').length;
    expect(bytes).toBeLessThanOrEqual(3_500);
    expect(bytes + pairOf(held(`0${'x'.repeat(511)}`)).length).toBeGreaterThan(3_500);
  });

  it('whatever comes in which order: nothing nests, the limits hold, and nothing is lost unnamed', () => {
    const names = fc
      .array(fc.stringMatching(/^[ab]{1,2}$/), { minLength: 1, maxLength: 4 })
      .map((segments) => held(segments.join('/')));
    const long = fc.integer({ min: 0, max: 30 }).map((index) => held(`${index}/${'x'.repeat(400)}`));
    const viewers = fc.constantFrom(alice, bob);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(names, long, fc.constant(held('/'))), viewers), { maxLength: 60 }),
        (grants) => {
          let records: readonly HeldRecord[] = [];
          const inBrowser = new Set<Prefix>();
          for (const [grant, viewer] of grants) {
            const added = { ...grant, viewerTags: [viewerTagOf(viewer)] };
            const step = settleHeld(records, viewer, current, added);
            inBrowser.add(added.prefix);
            for (const { prefix } of step.cleared) inBrowser.delete(prefix);
            records = read(...step.kept.map(pairOf));
            const left = prefixes(records) as readonly Prefix[];
            expect(new Set(left)).toEqual(inBrowser);
            expect(left.length).toBeLessThanOrEqual(20);
            expect(records.map((record) => `; ${pairOf(record)}`).join('').length).toBeLessThanOrEqual(3_500);
            expect(left.filter((one) => left.some((other) => one !== other && covers(one, other)))).toEqual(
              [],
            );
          }
        },
      ),
    );
  });
});
