import { describe, expect, it } from '@jest/globals';
import type { IncomingHttpHeaders } from 'node:http';
import { toHttpDate } from './http-date.js';
import { evaluatePreconditions, rangeIsCurrent, readByteRange } from './range-and-conditions.js';

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

const VALIDATORS = { entityTag: '"abc"', lastModifiedEpochSeconds: 1_700_000_000 };
const at = (epochSeconds: number) => toHttpDate(epochSeconds);
const evaluate = (headers: IncomingHttpHeaders) => evaluatePreconditions(headers, VALIDATORS);

describe('the conditions of a request (R112, RFC 9110 section 13.2.2)', () => {
  it.each([
    [{}, 'proceed'],
    [{ 'if-none-match': '"abc"' }, 'not-modified'],
    [{ 'if-none-match': 'W/"abc"' }, 'not-modified'],
    [{ 'if-none-match': '"x", "abc"' }, 'not-modified'],
    [{ 'if-none-match': '"a,b"' }, 'proceed'],
    [{ 'if-modified-since': 'Tuesday, 14-Nov-23 22:13:20 GMT' }, 'not-modified'],
    [{ 'if-modified-since': 'Tue Nov 14 22:13:20 2023' }, 'not-modified'],
    [{ 'if-modified-since': 'Tue, 14 Nov 2023 22:13:20 UTC' }, 'proceed'],
    [{ 'if-modified-since': '2023-11-14' }, 'proceed'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': '"x"' }, 'proceed'],
    [{ 'if-modified-since': at(1_700_000_000) }, 'not-modified'],
    [{ 'if-modified-since': at(1_699_999_999) }, 'proceed'],
    [{ 'if-modified-since': 'yesterday' }, 'proceed'],
    [{ 'if-modified-since': '2030' }, 'proceed'],
    [{ 'if-none-match': '"x"', 'if-modified-since': at(1_800_000_000) }, 'proceed'],
    [{ 'if-match': '"abc"' }, 'proceed'],
    [{ 'if-match': '*' }, 'proceed'],
    [{ 'if-match': 'W/"abc"' }, 'failed'],
    [{ 'if-match': '"x"' }, 'failed'],
    [{ 'if-unmodified-since': at(1_699_999_999) }, 'failed'],
    [{ 'if-unmodified-since': at(1_700_000_000) }, 'proceed'],
    [{ 'if-match': '"abc"', 'if-unmodified-since': at(1) }, 'proceed'],
    [{ 'if-match': '"x"', 'if-none-match': '"abc"' }, 'failed'],
  ] as const)('%j: %s', (headers, expected) => {
    expect(evaluate(headers)).toBe(expected);
  });

  it.each([
    [undefined, true],
    ['"abc"', true],
    ['"x"', false],
    ['W/"abc"', false],
    [at(1_700_000_000), true],
    [at(1_700_000_001), false],
    ['nonsense', false],
  ])('If-Range %s lets the range count: %s (E38)', (header, expected) => {
    expect(rangeIsCurrent(header, VALIDATORS)).toBe(expected);
  });
});
