import { describe, expect, it } from '@jest/globals';
import { isInvalidationPath, matchesInvalidation } from './invalidation-path.js';

describe('a path of an invalidation', () => {
  it.each([
    ['/images/a.jpg', '/images/a.jpg'],
    ['/*', '/'],
    ['/*', '/images/a.jpg'],
    ['/images*', '/images/deep/a.jpg'],
    ['/images/a.jpg*', '/images/a.jpg?v=1'],
    ['/images/a.jpg?v=1', '/images/a.jpg?v=1'],
    ['/caf%C3%A9.jpg', '/caf\u00c3\u00a9.jpg'],
    ['/café.jpg', '/caf%C3%A9.jpg'],
    ['/a(b).jpg', '/a(b).jpg'],
    ['/a%7Eb.js', '/a~b.js'],
    ['/a%7eb.js', '/a~b.js'],
    ['/a%7Eb*', '/a%7Eb.js'],
  ])('%s names %s', (path, address) => {
    expect(matchesInvalidation(path, address)).toBe(true);
  });

  it.each([
    ['/images/Image.jpg', '/images/image.jpg'],
    ['/images', '/images/a.jpg'],
    ['/images/', '/images'],
    ['/images/a.jpg', '/images/a.jpg?v=1'],
    ['/images/a.jpg?v=1', '/images/a.jpg?v=2'],
    ['/images/*', '/image/a.jpg'],
    ['/a%2Db', '/a-b'],
  ])('%s does not name %s', (path, address) => {
    expect(matchesInvalidation(path, address)).toBe(false);
  });

  it.each(['/', '/*', '/a*', `/${'a'.repeat(3999)}`])('is %s', (path) => {
    expect(isInvalidationPath(path)).toBe(true);
  });

  it.each(['', 'a', '*', '/a*b', '/**', '/a b', '/a\tb', '/a~b', '/~*', `/${'a'.repeat(4000)}`])(
    'is not %s',
    (path) => {
      expect(isInvalidationPath(path)).toBe(false);
    },
  );
});
