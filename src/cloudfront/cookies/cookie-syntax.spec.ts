import { describe, expect, it } from '@jest/globals';
import { formatSetCookie, type SetCookie } from './cookie-syntax.js';

const lax: SetCookie = {
  name: 'CloudFront-Policy',
  value: 'eyJ9',
  domain: 'media.example.com',
  path: '/courses/algebra',
  maxAgeSeconds: 900,
  sameSite: 'Lax',
  secure: true,
  partitioned: false,
};

describe('formatSetCookie writes every attribute and leaves nothing to a default (B27, B58, B70)', () => {
  it.each<[string, SetCookie, string]>([
    [
      'Lax',
      lax,
      'CloudFront-Policy=eyJ9; Domain=media.example.com; Path=/courses/algebra; Max-Age=900; HttpOnly; Secure; SameSite=Lax',
    ],
    [
      'None and Partitioned',
      { ...lax, sameSite: 'None', secure: true, partitioned: true },
      'CloudFront-Policy=eyJ9; Domain=media.example.com; Path=/courses/algebra; Max-Age=900; HttpOnly; Secure; SameSite=None; Partitioned',
    ],
    [
      'host-only over plain HTTP in development',
      { ...lax, domain: null, path: '/', secure: false },
      'CloudFront-Policy=eyJ9; Path=/; Max-Age=900; HttpOnly; SameSite=Lax',
    ],
    [
      'a clear',
      { ...lax, value: '', maxAgeSeconds: 0 },
      'CloudFront-Policy=; Domain=media.example.com; Path=/courses/algebra; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
    ],
  ])('%s', (_, cookie, line) => {
    expect(formatSetCookie(cookie)).toBe(line);
  });
});

describe('formatSetCookie refuses what a browser would drop or read otherwise', () => {
  it('takes 4,096 bytes of name and value, and not one more (B63)', () => {
    const fits = 'x'.repeat(4_096 - lax.name.length);
    expect(formatSetCookie({ ...lax, value: fits })).toContain(fits);
    expect(() => formatSetCookie({ ...lax, value: `${fits}x` })).toThrow(
      'expected at most 4096 bytes of name and value for CloudFront-Policy, or no browser keeps it',
    );
  });

  it('takes 1,024 bytes of Path, and not one more: a longer one would widen the cookie (B63)', () => {
    expect(formatSetCookie({ ...lax, path: `/${'a'.repeat(1_023)}` })).toContain('Path=/aaa');
    expect(() => formatSetCookie({ ...lax, path: `/${'a'.repeat(1_024)}` })).toThrow(
      'at most 1024 bytes of Path',
    );
  });

  it.each<[string, Partial<SetCookie>]>([
    ['P25 a Path that names another Domain', { path: '/a; Domain=evil.example' }],
    ['P20 a Path with a line end', { path: '/a\r\nSet-Cookie: x=1' }],
    ['a Path with a blank', { path: '/a b' }],
    ['C03 a Domain that adds an attribute', { domain: '.example.com; Secure' }],
    ['C03 a Domain with a line end', { domain: 'example.com\r\n' }],
    ['an empty Domain, which is host-only to a browser', { domain: '' }],
    ['a value with a semicolon', { value: 'a;b' }],
    ['a value with a comma', { value: 'a,b' }],
    ['a value with a line end', { value: 'a\n' }],
    ['a value with a character beyond ASCII', { value: 'é' }],
    ['a name with an equals sign', { name: 'a=b' }],
    ['an empty name', { name: '' }],
    ['a fraction of a second', { maxAgeSeconds: 0.5 }],
    ['a negative Max-Age', { maxAgeSeconds: -1 }],
    ['a Max-Age that is no number', { maxAgeSeconds: Number.NaN }],
  ])('%s', (_, wrong) => {
    expect(() => formatSetCookie({ ...lax, ...wrong } as SetCookie)).toThrow(TypeError);
  });

  it('names the cookie in the refusal, and never its value', () => {
    expect(() => formatSetCookie({ ...lax, value: 'secret;' })).toThrow(
      'expected a value of cookie characters for CloudFront-Policy, or no browser keeps it',
    );
  });
});

describe('wrong cookies do not compile', () => {
  it('the compiler refuses each of these', () => {
    const wrong: SetCookie[] = [
      // @ts-expect-error SameSite=None without Secure is dropped (B28)
      { ...lax, sameSite: 'None', secure: false },
      // @ts-expect-error Partitioned without Secure is dropped (B38)
      { ...lax, sameSite: 'Lax', secure: false, partitioned: true },
      // @ts-expect-error Partitioned is for another site, Lax never goes there
      { ...lax, sameSite: 'Lax', partitioned: true },
      // @ts-expect-error a Path without its slash becomes the default path (B57)
      { ...lax, path: 'courses/algebra' },
      // @ts-expect-error SameSite is always said (B27)
      { ...lax, sameSite: undefined },
      // @ts-expect-error no cookie is readable by script: there is no such member (B70)
      { ...lax, httpOnly: false },
      // @ts-expect-error Max-Age is in seconds, and a number (B68)
      { ...lax, maxAgeSeconds: '900' },
    ];
    expect(wrong).toHaveLength(7);
  });
});
