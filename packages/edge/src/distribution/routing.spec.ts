import { describe, expect, it } from '@jest/globals';
import { normalisePath, patternCovers } from './routing.js';

describe('the path on which a behavior is chosen (R27)', () => {
  it.each([
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/b/', '/a/b/'],
    ['/public/../private/x', '/private/x'],
    ['/public/%2e%2e/private/x', '/private/x'],
    ['/public/%2E./private/x', '/private/x'],
    ['/../../x', '/x'],
    ['/a/./b', '/a/b'],
    ['/a/..', '/'],
    ['/a/.', '/a/'],
    ['//private/x', '/private/x'],
    ['/private//x', '/private/x'],
    ['/%70rivate/x', '/private/x'],
    ['/a%2Fb', '/a%2Fb'],
    ['/a%252e%252e/b', '/a%252e%252e/b'],
    ['/a%zz', '/a%zz'],
    ['/a/...', '/a/...'],
  ])('%s is taken as %s', (raw, normalised) => {
    expect(normalisePath(raw)).toBe(normalised);
  });

  it.each([
    ['/private/*', '/private/x', true],
    ['private/*', '/private/x', true],
    ['/private/*', '/privatex', false],
    ['*.jpg', '/a/b.jpg', true],
    ['/Private/*', '/private/x', false],
    ['*', '/anything', true],
    ['/a?c', '/abc', true],
  ])('pattern %s on %s: %s', (pattern, path, expected) => {
    expect(patternCovers(pattern, path)).toBe(expected);
  });
});
