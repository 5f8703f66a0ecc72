import { describe, expect, test } from '@jest/globals';
import { classify, isThisMachine } from './site.js';

describe('what never leaves this machine', () => {
  test.each([
    ['localhost', true],
    ['cdn.media.localhost', true],
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['[::1]', true],
    ['::1', true],
    ['127.example.com', false],
    ['127.0.0.1.nip.io', false],
    ['notlocalhost', false],
    ['192.168.0.1', false],
  ])('%s: %p', (host, isHere) => {
    expect(isThisMachine(host)).toBe(isHere);
  });
});

describe('the public suffix and the registrable domain', () => {
  test.each([
    ['localhost', 'localhost', null, false],
    ['Cdn.Edgepass.localhost', 'localhost', 'edgepass.localhost', false],
    ['notlocalhost', 'notlocalhost', null, false],
    ['cdn.example.co.uk', 'co.uk', 'example.co.uk', false],
    ['d111.cloudfront.net', 'cloudfront.net', 'd111.cloudfront.net', true],
  ])('of %s are %p and %p', (host, publicSuffix, registrable, isLent) => {
    expect(classify(host)).toEqual({
      name: host.toLowerCase(),
      isIp: false,
      publicSuffix,
      registrable,
      isLent,
    });
  });
});
