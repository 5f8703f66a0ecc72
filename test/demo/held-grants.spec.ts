import { describe, expect, it } from '@jest/globals';
import { opens, withHeld, type HeldGrant } from '../../packages/local/demo/held-grants.js';
import { grantIssuedAt, START_MS } from '../client/answers.js';

const scope = (prefix: string, receivedAtMs = START_MS): HeldGrant => ({
  grant: { ...grantIssuedAt(receivedAtMs), prefix },
  receivedAtMs,
  ttlSeconds: 900,
});
const prefixes = (held: readonly HeldGrant[]): readonly string[] => held.map(({ grant }) => grant.prefix);

describe('the scopes that the demo page shows', () => {
  it.each([
    ['courses/algebra', 'courses/algebra/images/1.svg', true],
    ['courses/algebra', 'courses/algebra-2/images/1.svg', false],
    ['courses/algebra', 'courses', false],
    ['/', 'courses/algebra/images/1.svg', true],
  ])('%s opens %s: %s, on segment boundaries', (prefix, path, opened) => {
    expect(opens(prefix, path)).toBe(opened);
  });

  it('stand side by side when they do not nest', () => {
    const held = withHeld([scope('courses/algebra')], scope('users/alice'));
    expect(prefixes(held)).toEqual(['courses/algebra', 'users/alice']);
  });

  it('lose those below a new one, because the API clears nested cookies', () => {
    const held = withHeld([scope('courses/algebra/images'), scope('users/alice')], scope('courses/algebra'));
    expect(prefixes(held)).toEqual(['users/alice', 'courses/algebra']);
  });

  it('keep the newer of two grants for the same prefix', () => {
    const held = withHeld([scope('users/alice')], scope('users/alice', START_MS + 1000));
    expect(held.map(({ receivedAtMs }) => receivedAtMs)).toEqual([START_MS + 1000]);
  });
});
