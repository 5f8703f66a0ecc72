import { describe, expect, test } from '@jest/globals';
import { isThisMachine } from './site.js';

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
