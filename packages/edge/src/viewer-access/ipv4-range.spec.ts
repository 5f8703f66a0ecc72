import { describe, expect, it } from '@jest/globals';
import { rangeHolds, readIpv4Range } from './policy.js';

const holds = (range: string, address: string) => {
  const read = readIpv4Range(range);
  return read === null ? 'unreadable' : rangeHolds(read, address);
};

describe('the IpAddress condition (R31)', () => {
  it.each([
    ['192.0.2.7/32', '192.0.2.7', true],
    ['192.0.2.7/32', '192.0.2.8', false],
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.77/24', '192.0.2.1', true],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['128.0.0.0/1', '200.0.0.1', true],
    ['128.0.0.0/1', '127.0.0.1', false],
    ['127.0.0.1/32', '::ffff:127.0.0.1', true],
    ['0.0.0.0/0', '::1', null],
    ['0.0.0.0/0', '2001:db8::1', null],
  ])('%s for a viewer at %s: %s', (range, address, expected) => {
    expect(holds(range, address)).toBe(expected);
  });

  it.each([
    '192.0.2.7',
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/024',
    '192.0.2.0/-1',
    '192.0.2/24',
    '192.0.2.256/32',
    '::1/128',
    '192.0.2.1/32,192.0.2.2/32',
    '*',
    '',
  ])('%j is no range', (range) => {
    expect(readIpv4Range(range)).toBeNull();
  });
});
