import { describe, expect, it } from '@jest/globals';
import { isMadeForAnotherPurpose } from './token-purpose.js';

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
