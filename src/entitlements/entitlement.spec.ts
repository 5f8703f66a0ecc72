import { describe, expect, test } from '@jest/globals';
import { readPrefix, type Prefix } from '../cloudfront/prefix.js';
import {
  coveringPrefixes,
  isSubject,
  openedPrefix,
  readEntitlementPrefix,
  subjectsOf,
  whyNothingOpened,
} from './entitlement.js';

const alice = { id: 'alice', groups: ['staff', 'a/b'] };

describe('an entitlement prefix', () => {
  test.each(['courses', 'users/{user}', 'a/{user}/b', '과정/{user}', '/'])('%s is one', (text) => {
    expect(readEntitlementPrefix(text)).toEqual({ prefix: text });
  });

  test.each(['{user}', '{user}/a', 'a/{user}/{user}', 'a/{user}x', 'a/{USER}', 'a/{group}', 'a/*', '', null])(
    '%j is none',
    (value) => {
      expect(readEntitlementPrefix(value)).toEqual({ fault: 'prefix_invalid', detail: expect.any(String) });
    },
  );

  test.each(['{user}', '{user}/a', 'a/{user}/{user}', 'a/{user}x'])(
    '%s: the refusal says where {user} may stand',
    (value) => {
      expect(readEntitlementPrefix(value)).toMatchObject({
        detail: '{user} stands once, as a whole segment, and never as the first: "users/{user}".',
      });
    },
  );
});

describe('a refusal of an entitlement prefix writes {user} where it stood', () => {
  test.each([
    ['/users/{user}', 'No / at the beginning. Write "users/{user}".'],
    ['users/{user}/*', 'No * at the end: edgepass adds it. Write "users/{user}".'],
    [
      'https://cdn.example.com/users/{user}/',
      'No address, only the path of the folder. Write "users/{user}".',
    ],
    ['%EA%B3%BC%EC%A0%95/{user}', 'No escaped form, the name itself. Write "과정/{user}".'],
    ['users/%7Buser%7D', 'No escaped form, the name itself. Write "users/{user}".'],
    [
      'users/{user}/C++',
      'Segment 3 holds "+" (U+002B) at character 2: S3 reads it as a blank. Rename the folder, or open "users/{user}", the folder above it.',
    ],
  ])('%s', (value, detail) => {
    expect(readEntitlementPrefix(value)).toEqual({ fault: 'prefix_invalid', detail });
  });

  test.each(['%7Buser%7D', '/{user}', '%7Buser%7D/a'])('%s: never as the first segment', (value) => {
    expect(readEntitlementPrefix(value)).toMatchObject({ detail: expect.not.stringContaining('Write "') });
  });
});

describe('the prefixes that cover what is asked', () => {
  test('are its ancestors on segment boundaries, then the whole distribution', () => {
    expect(coveringPrefixes(prefix('a/b/c'), alice)).toEqual(['a/b/c', 'a/b', 'a', '/']);
  });

  test('name {user} wherever a segment after the first is the caller’s id, one at a time', () => {
    expect(coveringPrefixes(prefix('alice/alice/x/alice'), alice)).toEqual([
      'alice/alice/x/alice',
      'alice/{user}/x/alice',
      'alice/alice/x/{user}',
      'alice/alice/x',
      'alice/{user}/x',
      'alice/alice',
      'alice/{user}',
      'alice',
      '/',
    ]);
  });

  test('never name {user} for an id that is no legal segment', () => {
    expect(coveringPrefixes(prefix('users/x'), { id: 'users/x', groups: [] })).toEqual([
      'users/x',
      'users',
      '/',
    ]);
  });
});

describe('what a {user} prefix opens', () => {
  test('is the folder of the caller', () => {
    expect(openedPrefix('users/{user}/photos', alice)).toBe('users/alice/photos');
  });

  test.each(['홍길동', "O'Brien", 'ann lee', 'ä', 'ann@example.com'])('is theirs for the id %j', (id) => {
    expect(openedPrefix('users/{user}', { id, groups: [] })).toBe(`users/${id}`);
    expect(coveringPrefixes(prefix(`users/${id}/photos`), { id, groups: [] })).toContain('users/{user}');
  });

  test.each(['a/b', '..', '', ' ann', 'auth0|1', 'a\u200bb', '{user}'])('is nothing for the id %j', (id) => {
    expect(openedPrefix('users/{user}', { id, groups: [] })).toBeNull();
  });
});

describe('a row that opens nothing says why', () => {
  test.each([
    ['users/{user}', 'auth0|7', 'Your id cannot stand for {user}: it is not a legal path segment.'],
    [
      `users/{user}/${'a'.repeat(500)}`,
      'a-longer-id',
      'With your id in the place of {user} the name is longer than a prefix may be.',
    ],
    ['private/*', 'ann', 'No folder can have this name, so it opens nothing.'],
  ])('%s for %s', (entitlementPrefix, id, reason) => {
    const viewer = { id, groups: [] };
    expect(openedPrefix(entitlementPrefix, viewer)).toBeNull();
    expect(whyNothingOpened(entitlementPrefix, viewer)).toBe(reason);
  });
});

describe('a subject', () => {
  test.each(['everyone', 'user:u1', 'group:a b', 'user:ünïcode', 'user:a:b'])('%j is one', (text) => {
    expect(isSubject(text)).toBe(true);
  });

  test.each(['', 'user:', 'group:', 'Everyone', 'role:x', 'user:a\nb', 'user:\ud800', 7, null])(
    '%j is none',
    (value) => {
      expect(isSubject(value)).toBe(false);
    },
  );

  test('of a viewer is their id, each group whole, and everyone', () => {
    expect(subjectsOf(alice)).toEqual(['user:alice', 'group:staff', 'group:a/b', 'everyone']);
  });
});

function prefix(text: string): Prefix {
  const read = readPrefix(text);
  if ('fault' in read) throw new Error(read.fault);
  return read.prefix;
}
