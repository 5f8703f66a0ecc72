import { describe, expect, it } from '@jest/globals';
import { isHost, isHostName, isLoopback, isThisMachine, isUnderLocalhost } from './host-name.js';

describe('isHostName (B12)', () => {
  it.each(['example.com', 'my_app.example.com', 'xn--bcher-kva.example', 'localhost', 'a'.repeat(63)])(
    'takes %s',
    (text) => {
      expect(isHostName(text)).toBe(true);
    },
  );

  it.each([
    '',
    'Example.com',
    'example.com.',
    '.example.com',
    'a..b',
    '-a.example',
    'a-.example',
    '*.example.com',
    'example.com:443',
    'bücher.example',
    'a b',
    '::1',
    'a'.repeat(64),
    `${'a.'.repeat(127)}a`,
  ])('refuses %j', (text) => {
    expect(isHostName(text)).toBe(false);
  });
});

describe('isHost', () => {
  it.each(['example.com', '127.0.0.1', '::1', '[::1]'])('takes %s', (text) => {
    expect(isHost(text)).toBe(true);
  });

  it.each(['[::1', '[example.com]', '::1:3001:x', '127.0.0.1:80'])('refuses %s', (text) => {
    expect(isHost(text)).toBe(false);
  });
});

describe('a host that is this machine', () => {
  it.each([
    ['localhost', false, false, true],
    ['api.localhost', true, false, true],
    ['notlocalhost', false, false, false],
    ['api.localhost.example.com', false, false, false],
    ['api.a.test', false, false, true],
    ['127.8.8.8', false, true, true],
    ['127.example.com', false, false, false],
    ['::1', false, true, true],
    ['[::1]', false, true, true],
    ['128.0.0.1', false, false, false],
    ['::ffff:127.0.0.1', false, false, false],
  ])('%s: under .localhost %s, loopback %s, this machine %s', (host, underLocalhost, loopback, here) => {
    expect([isUnderLocalhost(host), isLoopback(host), isThisMachine(host)]).toEqual([
      underLocalhost,
      loopback,
      here,
    ]);
  });
});
