import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { evaluatePreconditions, rangeIsCurrent, toHttpDate } from './preconditions.js';

const VALIDATORS = { entityTag: '"abc"', lastModifiedEpochSeconds: 1_700_000_000 };
const at = (epochSeconds: number) => toHttpDate(epochSeconds);
const evaluate = (headers: IncomingHttpHeaders) => evaluatePreconditions(headers, VALIDATORS);

describe('the conditions of a request (R112, RFC 9110 section 13.2.2)', () => {
  it.each([
    [{}, 'proceed'],
    [{ 'if-none-match': '"abc"' }, 'not-modified'],
    [{ 'if-none-match': 'W/"abc"' }, 'not-modified'],
    [{ 'if-none-match': '"x", "abc"' }, 'not-modified'],
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
