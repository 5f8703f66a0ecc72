import { describe, expect, it } from '@jest/globals';
import { cookieValues } from './messages.js';

describe('cookieValues', () => {
  it.each([
    ['alone', 'a=1', ['1']],
    ['among others', 'x=0; a=1; y=2', ['1']],
    ['without a blank between', 'x=0;a=1', ['1']],
    ['with an equals sign in the value', 'a=b=c', ['b=c']],
    ['several of one name, in the order in which they were sent', 'a=1; b=0; a=2', ['1', '2']],
    ['empty', 'a=', ['']],
    ['not a name that only ends like it', 'ba=1', []],
    ['not a pair without a value', 'a', []],
    ['not in another spelling', 'A=1', []],
    ['not in no header', undefined, []],
  ])('%s', (_, header, expected) => {
    expect(cookieValues(header, (name) => name === 'a').map(({ value }) => value)).toEqual(expected);
  });
});
