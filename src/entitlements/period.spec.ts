import { expect, test } from '@jest/globals';
import { readTimestamp } from './period.js';

test.each([
  ['2027-01-15T08:00:00Z', 1_800_000_000],
  ['2027-01-15T09:30:00+01:30', 1_800_000_000],
  ['2027-01-14T23:00:00-09:00', 1_800_000_000],
  ['2027-01-15T08:00:00.999Z', 1_800_000_000],
  ['2038-01-20T00:00:00Z', 2_147_558_400],
])('%s is %i', (text, epochSeconds) => {
  expect(readTimestamp(text)).toBe(epochSeconds);
});

test.each([
  '2027-02-30T00:00:00Z',
  '2027-01-15',
  '2027-01-15T08:00Z',
  '2027-01-15T08:00:00',
  '2027-01-15T24:00:00Z',
  '1969-12-31T23:59:59Z',
  'tomorrow',
  1_800_000_000,
  null,
])('%j is refused, not repaired', (value) => {
  expect(readTimestamp(value)).toBeNull();
});
