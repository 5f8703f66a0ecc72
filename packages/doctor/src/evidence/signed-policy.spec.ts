import { describe, expect, test } from '@jest/globals';
import { resourceCovers } from './signed-policy.js';

describe('the Resource of a policy', () => {
  test.each([
    ['a host in capitals', 'https://CDN.example.com/a/*', 'https://cdn.example.com/a/b', true],
    ['a path in capitals', 'https://cdn.example.com/A/*', 'https://cdn.example.com/a/b', false],
    ['an escaped question mark', 'https://cdn.example.com/a\\?x=1', 'https://cdn.example.com/a?x=1', true],
    ['the same before no query', 'https://cdn.example.com/a\\?x=1', 'https://cdn.example.com/a', false],
    ['a wildcard in the path', 'https://cdn.example.com/*.jpg', 'https://cdn.example.com/a?x=b.jpg', false],
    ['no query part', 'https://cdn.example.com/a', 'https://cdn.example.com/a?', false],
    ['a fragment', 'https://cdn.example.com/a', 'https://cdn.example.com/a#b?c', true],
    ['a port', 'https://cdn.example.com:8443/*', 'https://cdn.example.com:8443/a', true],
  ])('with %s covers what the edge says', (_what, resource, url, covers) => {
    expect(resourceCovers(resource, url)).toBe(covers);
  });
});
