import { describe, expect, it } from '@jest/globals';
import { readCookie } from './cookie-header.js';

describe('readCookie', () => {
  it.each([
    ['alone', 'a=1', '1'],
    ['among others', 'x=0; a=1; y=2', '1'],
    ['without a blank between', 'x=0;a=1', '1'],
    ['with an equals sign in the value', 'a=b=c', 'b=c'],
    ['the first of two', 'a=1; a=2', '1'],
    ['empty', 'a=', ''],
    ['not a name that only ends like it', 'ba=1', undefined],
    ['not a pair without a value', 'a', undefined],
    ['not in another spelling', 'A=1', undefined],
    ['not in no header', undefined, undefined],
  ])('%s', (_, header, expected) => {
    expect(readCookie(header, 'a')).toBe(expected);
  });
});
