import { describe, expect, it } from '@jest/globals';
import { readObjectKey } from './object-key.js';

describe('the key that a raw path asks for', () => {
  it.each([
    ['/a/b.txt', ['a', 'b.txt']],
    ['/a%20b/c', ['a b', 'c']],
    ['/%C3%A9.txt', ['é.txt']],
    ['/\u00c3\u00a9.txt', ['é.txt']],
    ['/a%2Fb', ['a', 'b']],
    ['/a%252e', ['a%2e']],
    ['/a+b', ['a+b']],
    ['/a*b?', ['a*b?']],
    ['/a...b', ['a...b']],
  ])('%s is undone once', (path, segments) => {
    expect(readObjectKey('', path)).toEqual({ kind: 'key', segments });
  });

  it.each([
    ['/a+b', ['a b']],
    ['/a%2Bb', ['a+b']],
    ['/a%20b', ['a b']],
  ])('%s is undone at the REST endpoint, where `+` is a blank (R116)', (path, segments) => {
    expect(readObjectKey('', path, ' ')).toEqual({ kind: 'key', segments });
  });

  it.each([
    ['the folder itself (E31)', '/'],
    ['a folder with slash (E31)', '/a/'],
    ['.. (E18)', '/a/../b'],
    ['escaped .. (E19)', '/a/%2e%2e/b'],
    ['escaped ../ (E19)', '/a/%2e%2e%2fb'],
    ['half escaped .. (E19)', '/a/.%2E%2fb'],
    ['. (E22)', '/./a'],
    ['a double slash (E22)', '//a'],
    ['a double slash inside (E22)', '/a//b'],
    ['a dotfile (E29)', '/.env'],
    ['a dot folder (E29)', '/.git/config'],
    ['.DS_Store (E29)', '/a/.DS_Store'],
    ['a backslash', '/a\\..\\b'],
    ['an escaped backslash', '/a/..%5c..%5cb'],
  ])('%s names nothing', (_what, path) => {
    expect(readObjectKey('', path).kind).toBe('missing');
  });

  it.each([
    ['NUL (E21)', '/a/%00'],
    ['NUL in a name (E21)', '/a/ok.txt%00.jpg'],
    ['a broken escape', '/a%zz'],
    ['a cut escape', '/a%4'],
    ['bytes that are no UTF-8', '/a%ff'],
    ['an overlong ..', '/%c0%ae%c0%ae/a'],
  ])('%s cannot be read', (_what, path) => {
    expect(readObjectKey('', path)).toEqual({ kind: 'unreadable' });
  });

  it('stands below the OriginPath', () => {
    expect(readObjectKey('production/media', '/a')).toEqual({
      kind: 'key',
      segments: ['production', 'media', 'a'],
    });
  });
});
