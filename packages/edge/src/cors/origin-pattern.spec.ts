import { describe, expect, it } from '@jest/globals';
import { originMatches, patternFault } from './origin-pattern.js';

describe('an entry of the allowed origins', () => {
  it.each([
    ['*', 'https://anything.example', true],
    ['http://*.example.org', 'http://www.example.org', true],
    ['http://*.example.org', 'http://test.example.org', true],
    ['http://*.example.org', 'https://test.example.org', false],
    ['http://*.example.org', 'http://test.example.org:123', false],
    ['*.example.org', 'http://test.example.org', true],
    ['*.example.org', 'https://test.example.org', true],
    ['*.example.org', 'https://test.test.example.org', true],
    ['*.example.org', 'https://.example.org', true],
    ['*.example.org', 'https://example.org', false],
    ['*.example.org', 'http://test.example.org:123', false],
    ['*.example.org', 'https://test.example.org.evil.com', false],
    ['*.example.org', 'https://evilexample.org', false],
    ['*.example.org', 'https://evil.com/.example.org', false],
    ['*.example.org', 'https://evil.com#.example.org', false],
    ['example.org', 'http://example.org', true],
    ['example.org', 'https://example.org', true],
    ['example.org', 'https://www.example.org', false],
    ['http://example.org', 'http://example.org', true],
    ['http://example.org', 'https://example.org', false],
    ['http://example.org', 'http://example.org:123', false],
    ['http://example.org:*', 'http://example.org:123', true],
    ['http://example.org:*', 'http://example.org', true],
    ['http://example.org:1*3', 'http://example.org:123', true],
    ['http://example.org:1*3', 'http://example.org:1893', true],
    ['http://example.org:1*3', 'http://example.org:13', true],
    ['http://example.org:1*3', 'http://example.org:124', false],
    ['http://example.org:1*3', 'http://example.org', false],
    ['*.example.org:1*', 'http://test.example.org:123', true],
    ['https://app.example.com', 'https://app.example.com/', false],
    ['https://app.example.com', 'null', false],
    ['https://app.example.com', '', false],
  ])('%s against %s: %s (R73, R74, E49)', (entry, origin, expected) => {
    expect(originMatches(entry, origin)).toBe(expected);
  });

  it.each(['*', 'https://app.example.com', 'https://*.app.example', 'http://localhost:3000', '*.a.b:*'])(
    '%s is in the grammar (R73)',
    (entry) => {
      expect(patternFault(entry)).toBeNull();
    },
  );

  it.each([
    'https://app.*',
    'https://a*.example.com',
    'https://*',
    'https://*.com',
    'https://x.*.example.com',
    'https://app.example.com/',
    'https://app.example.com:',
    'https://app.example.com:x',
    'https://',
    '*://app.example.com',
    'https://a b.example.com',
  ])('%s is not in the grammar (R73)', (entry) => {
    expect(patternFault(entry)).toBe(
      'an origin, with `*` only as the whole leftmost label or in the port (R73)',
    );
  });
});
