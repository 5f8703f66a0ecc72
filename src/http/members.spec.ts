import { describe, expect, it } from '@jest/globals';
import { prefixMember, requiredPrefix } from './members.js';

describe('a prefix that a caller must name', () => {
  it('is given as it came', () => {
    expect(requiredPrefix('courses/algebra')).toBe('courses/algebra');
  });

  it.each([
    ['private/*', 'prefix_invalid'],
    ['a'.repeat(513), 'prefix_too_long'],
    [Array(17).fill('a').join('/'), 'prefix_too_deep'],
    [null, 'prefix_invalid'],
    [undefined, 'prefix_required'],
  ])('refuses %j with exactly the code of its fault', (value, code) => {
    expect(() => requiredPrefix(value)).toThrow(expect.objectContaining({ code }));
  });

  it('is refused with what to write instead', () => {
    expect(() => requiredPrefix('courses/algebra/*')).toThrow(
      expect.objectContaining({ detail: 'No * at the end: edgepass adds it. Write "courses/algebra".' }),
    );
  });

  it('may follow another rule, as in entitlements', () => {
    const read = prefixMember((value) =>
      value === 'users/{user}'
        ? { prefix: value }
        : { fault: 'prefix_invalid', detail: 'Write users/{user}.' },
    );
    expect(read('users/{user}')).toBe('users/{user}');
    expect(() => read('users')).toThrow(expect.objectContaining({ code: 'prefix_invalid' }));
  });
});
