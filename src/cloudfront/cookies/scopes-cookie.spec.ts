import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { covers, readPrefix, type Prefix } from '../prefix.js';
import {
  addScope,
  formatScopesCookie,
  heldBy,
  parseScopesCookie,
  viewerTagOf,
  withoutScopes,
  type HeldScope,
  type ScopesRecord,
} from './scopes-cookie.js';

const NOW = 1_795_158_000;
const alice = { id: 'alice' };
const bob = { id: 'bob' };
const aliceTag = createHash('sha256').update('alice').digest('hex').slice(0, 16);
const nothing: ScopesRecord = { viewerTag: '', scopes: [] };

function scope(text: string, expiresAtEpochSeconds = NOW + 900): HeldScope {
  const read = readPrefix(text);
  if ('fault' in read) throw new Error(`${text}: ${read.fault}`);
  return { prefix: read.prefix, expiresAtEpochSeconds };
}

function record(viewer: { id: string } | undefined, ...scopes: HeldScope[]): ScopesRecord {
  return { viewerTag: viewerTagOf(viewer), scopes };
}

describe('parseScopesCookie', () => {
  const value = `1|${aliceTag}|${NOW + 60}:courses/algebra|${NOW + 900}:users/alice`;

  it('reads what formatScopesCookie wrote, oldest first', () => {
    const held = record(alice, scope('courses/algebra', NOW + 60), scope('users/alice'));
    expect(formatScopesCookie(held)).toBe(value);
    expect(parseScopesCookie(value, NOW)).toEqual(held);
  });

  it('reads the whole distribution as /', () => {
    expect(parseScopesCookie(`1|${aliceTag}|${NOW + 60}:/`, NOW).scopes).toEqual([scope('/', NOW + 60)]);
  });

  it('drops what has expired, at the very second of its end', () => {
    expect(parseScopesCookie(value, NOW + 60)).toEqual(record(alice, scope('users/alice')));
  });

  it('keeps the newest of two entries for one path', () => {
    const twice = `1|${aliceTag}|${NOW + 60}:a|${NOW + 70}:b|${NOW + 80}:a`;
    expect(parseScopesCookie(twice, NOW).scopes).toEqual([scope('b', NOW + 70), scope('a', NOW + 80)]);
  });

  it.each([
    ['no cookie', undefined],
    ['an empty value', ''],
    ['another version', `2|${aliceTag}|${NOW + 60}:a`],
    ['a tag that is too short', `1|abc|${NOW + 60}:a`],
    ['a tag in capitals', `1|${aliceTag.toUpperCase()}X|${NOW + 60}:a`],
    ['no tag', '1'],
    ['21 entries', `1|${aliceTag}|${Array.from({ length: 21 }, (_, i) => `${NOW + 60}:a${i}`).join('|')}`],
    ['more than 3,500 bytes', `1|${aliceTag}|${`${NOW + 60}:${'a'.repeat(500)}|`.repeat(7)}`],
    ['quotes round it', `"${value}"`],
    ['JSON', '{"scopes":[]}'],
  ])('ignores %s altogether', (_, text) => {
    expect(parseScopesCookie(text, NOW).scopes).toEqual([]);
  });

  it.each([
    ['a wildcard', `${NOW + 60}:private/*`],
    ['dots', `${NOW + 60}:a/../b`],
    ['a leading slash', `${NOW + 60}:/a`],
    ['a semicolon', `${NOW + 60}:a; Domain=evil`],
    ['a line end', `${NOW + 60}:a\r\nSet-Cookie: x=1`],
    ['an escaped slash', `${NOW + 60}:a%2Fb`],
    ['lower-case hex', `${NOW + 60}:%ec%84%a0`],
    ['letters that are not escaped', `${NOW + 60}:선`],
    ['no path', `${NOW + 60}:`],
    ['no expiry', 'courses'],
    ['an expiry with a sign', `+${NOW + 60}:b`],
    ['an expiry with a fraction', `${NOW + 60}.5:b`],
    ['milliseconds', `${NOW}000:b`],
    ['an expiry in another notation', '1e10:b'],
    ['nothing', ''],
  ])('ignores an entry with %s and keeps its neighbour', (_, entry) => {
    const text = `1|${aliceTag}|${entry}|${NOW + 60}:good`;
    expect(parseScopesCookie(text, NOW).scopes).toEqual([scope('good', NOW + 60)]);
  });

  it('never throws and gives only canonical prefixes, whatever a browser sends', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('1', '|', ':', aliceTag, `${NOW + 60}`, 'a', '/', '*', '..', '\n', ';'))
        .map((p) => p.join('')),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        for (const held of parseScopesCookie(text, NOW).scopes) {
          expect(readPrefix(held.prefix)).toEqual({ prefix: held.prefix });
        }
      }),
    );
  });
});

describe('heldBy', () => {
  const held = record(alice, scope('a'));

  it('gives the viewer their own', () => {
    expect(heldBy(held, alice)).toEqual({ scopes: [scope('a')], foreign: [] });
  });

  it('sets apart what another viewer left', () => {
    expect(heldBy(held, bob)).toEqual({ scopes: [], foreign: [scope('a')] });
  });

  it('gives everything when nobody is named', () => {
    expect(heldBy(held, undefined)).toEqual({ scopes: [scope('a')], foreign: [] });
  });

  it('takes scopes without an owner for foreign as soon as a viewer is named', () => {
    expect(heldBy(record(undefined, scope('a')), alice).foreign).toEqual([scope('a')]);
  });
});

describe('addScope', () => {
  it('adds to nothing', () => {
    expect(addScope(nothing, scope('a'), alice)).toEqual({ record: record(alice, scope('a')), cleared: [] });
  });

  it('keeps siblings, the newest last', () => {
    expect(addScope(record(alice, scope('a'), scope('b')), scope('c'), alice)).toEqual({
      record: record(alice, scope('a'), scope('b'), scope('c')),
      cleared: [],
    });
  });

  it('C08 keeps a neighbour whose name begins the same', () => {
    expect(addScope(record(alice, scope('private/a')), scope('private/a_b'), alice).cleared).toEqual([]);
  });

  it('renews an equal scope in place of the old one, and makes it the newest', () => {
    const renewed = scope('a', NOW + 1_800);
    expect(addScope(record(alice, scope('a'), scope('b')), renewed, alice)).toEqual({
      record: record(alice, scope('b'), renewed),
      cleared: [],
    });
  });

  it('clears the scopes below the new one (R44)', () => {
    const held = record(alice, scope('a/b'), scope('c'), scope('a/b/c'));
    expect(addScope(held, scope('a'), alice)).toEqual({
      record: record(alice, scope('c'), scope('a')),
      cleared: ['a/b', 'a/b/c'],
    });
  });

  it('clears the wider scope that the new one lies in (R44)', () => {
    expect(addScope(record(alice, scope('a'), scope('c')), scope('a/b'), alice)).toEqual({
      record: record(alice, scope('c'), scope('a/b')),
      cleared: ['a'],
    });
  });

  it('clears everything before the whole distribution', () => {
    expect(addScope(record(alice, scope('a'), scope('b')), scope('/'), alice)).toEqual({
      record: record(alice, scope('/')),
      cleared: ['a', 'b'],
    });
  });

  it('clears what another viewer held, but not what the new cookies replace', () => {
    expect(addScope(record(alice, scope('a'), scope('b')), scope('a'), bob)).toEqual({
      record: record(bob, scope('a')),
      cleared: ['b'],
    });
  });

  it('keeps the tag of the browser where a host names no viewer', () => {
    expect(addScope(record(alice, scope('a')), scope('b'), undefined).record.viewerTag).toBe(aliceTag);
  });

  it('clears the oldest of more than twenty (B64)', () => {
    const twenty = Array.from({ length: 20 }, (_, index) => scope(`s${index}`));
    const added = addScope(record(alice, ...twenty), scope('new'), alice);
    expect(added.cleared).toEqual(['s0']);
    expect(added.record.scopes).toHaveLength(20);
    expect(added.record.scopes.at(-1)).toEqual(scope('new'));
  });

  it('clears the oldest until the value fits into 3,500 bytes', () => {
    const long = Array.from({ length: 6 }, (_, index) => scope(`${index}${'x'.repeat(511)}`));
    const added = addScope(record(alice, ...long), scope(`6${'x'.repeat(511)}`), alice);
    expect(added.cleared).toEqual([long[0]?.prefix]);
    expect(formatScopesCookie(added.record).length).toBe(3_162);
  });

  it('whatever comes in which order: nothing nests, the limits hold, and nothing is lost unnamed', () => {
    const names = fc
      .array(fc.stringMatching(/^[ab]{1,2}$/), { minLength: 1, maxLength: 4 })
      .map((segments) => scope(segments.join('/')));
    const long = fc.integer({ min: 0, max: 30 }).map((index) => scope(`${index}/${'x'.repeat(400)}`));
    const viewers = fc.constantFrom(alice, bob, undefined);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(names, long, fc.constant(scope('/'))), viewers), { maxLength: 60 }),
        (grants) => {
          let held = nothing;
          const inBrowser = new Set<Prefix>();
          for (const [added, viewer] of grants) {
            const step = addScope(held, added, viewer);
            inBrowser.add(added.prefix);
            for (const prefix of step.cleared) inBrowser.delete(prefix);
            held = parseScopesCookie(formatScopesCookie(step.record), NOW);
            const prefixes = held.scopes.map(({ prefix }) => prefix);
            expect(new Set(prefixes)).toEqual(inBrowser);
            expect(prefixes.length).toBeLessThanOrEqual(20);
            expect(formatScopesCookie(held).length).toBeLessThanOrEqual(3_500);
            expect(
              prefixes.filter((one) => prefixes.some((other) => one !== other && covers(one, other))),
            ).toEqual([]);
          }
        },
      ),
    );
  });
});

describe('withoutScopes', () => {
  it('leaves the others and the tag', () => {
    const held = record(alice, scope('a'), scope('b'));
    expect(withoutScopes(held, [scope('a').prefix])).toEqual(record(alice, scope('b')));
  });

  it('of the last scope is an empty value', () => {
    expect(formatScopesCookie(withoutScopes(record(alice, scope('a')), [scope('a').prefix]))).toBe('');
  });
});

describe('viewerTagOf', () => {
  it('is 16 hex digits of SHA-256: the id itself never stands in the browser', () => {
    expect(viewerTagOf(alice)).toBe('2bd806c97f0e00af');
    expect(viewerTagOf(undefined)).toBe('');
  });
});
