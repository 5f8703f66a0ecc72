import { describe, expect, it } from '@jest/globals';
import { readByteRange } from './byte-range.js';

const WHOLE = { kind: 'whole' };
const UNSATISFIABLE = { kind: 'unsatisfiable' };
const part = (firstByte: number, lastByte: number) => ({ kind: 'part', firstByte, lastByte });

describe('a Range over ten bytes', () => {
  it.each([
    [undefined, WHOLE],
    ['bytes=0-0', part(0, 0)],
    ['bytes=2-5', part(2, 5)],
    ['bytes=2-', part(2, 9)],
    ['bytes=2-999', part(2, 9)],
    ['bytes=-4', part(6, 9)],
    ['bytes=-99', part(0, 9)],
    ['Bytes=0-1', part(0, 1)],
    ['bytes= 0 - 1 ', part(0, 1)],
    ['bytes=-0', UNSATISFIABLE],
    ['bytes=10-', UNSATISFIABLE],
    ['bytes=99999999999999999999-', UNSATISFIABLE],
    ['bytes=5-4', WHOLE],
    ['items=0-1', WHOLE],
    ['bytes=abc', WHOLE],
    ['bytes=-', WHOLE],
    ['bytes=1', WHOLE],
    ['bytes=0-1,3-4', WHOLE],
    ['bytes=0x1-2', WHOLE],
    ['bytes=1e0-2', WHOLE],
  ])('%s (R93, R112, E34)', (header, expected) => {
    expect(readByteRange(header, 10)).toEqual(expected);
  });

  it('of 1,300 parts asks for the whole (E33)', () => {
    expect(readByteRange(`bytes=${'0-0,'.repeat(1299)}0-0`, 10)).toEqual(WHOLE);
  });

  it('of an empty object cannot be met', () => {
    expect(readByteRange('bytes=0-', 0)).toEqual(UNSATISFIABLE);
    expect(readByteRange('bytes=-1', 0)).toEqual(UNSATISFIABLE);
    expect(readByteRange(undefined, 0)).toEqual(WHOLE);
  });
});
