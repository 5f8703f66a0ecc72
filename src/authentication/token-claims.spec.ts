import { describe, expect, it } from '@jest/globals';
import { Problem } from '../http/problems/problem.js';
import { isMadeForAnotherPurpose, readClaim, viewerFromClaims } from './token-claims.js';

const NAMES = { viewerClaim: 'sub', groupsClaim: 'groups' };

function reasonOf(claims: Readonly<Record<string, unknown>>): string {
  try {
    viewerFromClaims(claims, NAMES);
  } catch (error) {
    if (error instanceof Problem && error.code === 'token_invalid') return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('the groups claim', () => {
  it.each([
    [undefined, []],
    [null, []],
    [[], []],
    ['staff', ['staff']],
    ['staff admins', ['staff admins']],
    ['staff,admins', ['staff,admins']],
    [
      ['staff', 'admins', 'staff'],
      ['staff', 'admins'],
    ],
  ])('%j means the groups %j, each compared whole', (groups, expected) => {
    expect(viewerFromClaims({ sub: 'u1', groups }, NAMES)).toEqual({ id: 'u1', groups: expected });
  });

  it.each([
    [''],
    [1],
    [true],
    [{}],
    [{ 0: 'admins' }],
    [['admins', 1]],
    [['admins', null]],
    [['']],
    [[['admins']]],
  ])('%j is refused, not repaired', (groups) => {
    expect(reasonOf({ sub: 'u1', groups })).toBe('groups_claim');
  });

  it.each(['a\0', 'a\n', '\ud800', 'x'.repeat(257)])('a group that cannot be stored is refused', (group) => {
    expect(reasonOf({ sub: 'u1', groups: [group] })).toBe('groups_claim');
  });
});

describe('the viewer claim', () => {
  it.each(['auth0|5f7c', 'user@example.com', 'Zoë', 'a b', '😀', 'é'.repeat(128)])('may be %s', (sub) => {
    expect(viewerFromClaims({ sub }, NAMES).id).toBe(sub);
  });

  it.each([
    ['NUL', 'u1\0'],
    ['a line feed', 'u1\nu2'],
    ['an escape', '\u001b[31m'],
    ['DEL', 'u\u007f'],
    ['a C1 control', 'u\u0085'],
    ['a lone high surrogate', 'u\ud800'],
    ['a lone low surrogate', '\udc00u'],
    ['257 bytes in 129 characters', `${'é'.repeat(128)}x`],
  ])('with %s is refused', (_, sub) => {
    expect(reasonOf({ sub })).toBe('viewer_claim');
  });
});

describe('the name of a claim', () => {
  const claims = {
    'https://example.com/roles': ['a'],
    'https://example.com/claims': { roles: ['b'] },
    realm_access: { roles: ['c'], 'deep.er': { name: 'd' } },
    'realm_access.roles': ['literal'],
    list: ['x'],
  };

  it.each([
    ['https://example.com/roles', ['a']],
    ['https://example.com/claims.roles', ['b']],
    ['realm_access.roles', ['literal']],
    ['realm_access.deep.er.name', 'd'],
    ['realm_access', claims.realm_access],
  ])('%s is read literally first, then as a path', (name, expected) => {
    expect(readClaim(claims, name)).toEqual(expected);
  });

  it.each(['', '.', 'realm_access.', '.roles', 'realm_access.none', 'list.0', 'list.length', 'roles'])(
    '%j names nothing',
    (name) => {
      expect(readClaim(claims, name)).toBeUndefined();
    },
  );

  it.each(['constructor', '__proto__', 'constructor.name', 'realm_access.constructor.name', 'toString'])(
    '%s never reaches what every object inherits',
    (name) => {
      expect(readClaim(claims, name)).toBeUndefined();
    },
  );
});

describe('a token with a nonce (J36)', () => {
  it('is taken for an ID token when nothing says otherwise', () => {
    expect(isMadeForAnotherPurpose({ typ: 'JWT' }, { nonce: 'n' })).toBe(true);
  });

  it.each([
    ['its header', { typ: 'at+jwt' }, {}],
    ['its header in full', { typ: 'application/at+jwt' }, {}],
    ["Keycloak's typ claim", {}, { typ: 'Bearer' }],
    ["Cognito's token_use", {}, { token_use: 'access' }],
  ])('is an access token when %s says so', (_, header, claims) => {
    expect(isMadeForAnotherPurpose(header, { ...claims, nonce: 'n' })).toBe(false);
  });

  it('stays an ID token when it also carries the hash of one', () => {
    expect(isMadeForAnotherPurpose({ typ: 'at+jwt' }, { nonce: 'n', at_hash: 'h' })).toBe(true);
  });
});

describe('a token without a nonce', () => {
  it.each([
    [{}],
    [{ typ: 'Bearer' }],
    [{ typ: 7 }],
    [{ events: {} }],
    [{ events: 'logout' }],
    [{ scope: 'openid' }],
  ])('with %j is an access token', (claims) => {
    expect(isMadeForAnotherPurpose({}, claims)).toBe(false);
  });
});
