import { describe, expect, it } from '@jest/globals';
import {
  formatSetCookie,
  type SetCookie,
  clearLines,
  cookiePathOf,
  issueLines,
  type CookieSet,
} from './set-cookie.js';
import { CookieJar } from 'tough-cookie';
import { signatureVectors } from '../../../test/support/signature-vectors.js';
import type { CookieAttributes } from './cookie-attributes.js';
import { readPrefix, type Prefix } from '../prefix.js';

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

const attributes: CookieAttributes = {
  domain: 'media.example.com',
  sameSite: 'Lax',
  secure: true,
  partitioned: false,
  pathMode: 'prefix',
  ownCookies: { namePrefix: '__Host-', path: '/' },
};
const foreignAttributes: CookieAttributes = {
  ...attributes,
  sameSite: 'None',
  secure: true,
  partitioned: true,
};
const [vector] = signatureVectors.policies;
if (vector === undefined) throw new Error('the vectors are empty');
const set: CookieSet = {
  prefix: prefix('courses/algebra'),
  path: '/courses/algebra',
  resource: vector.resource,
  expiresAtEpochSeconds: vector.expiresAtEpochSeconds,
  keyPairId: 'K2JCJMDEHXQW5F',
  hashAlgorithm: 'SHA1',
  policyText: vector.text,
  signature: vector.rsa.SHA1,
};

function prefix(text: string): Prefix {
  const read = readPrefix(text);
  if ('fault' in read) throw new Error(read.fault);
  return read.prefix;
}

const at = 'Domain=media.example.com; Path=/courses/algebra';
const lives = `${at}; Max-Age=900; HttpOnly; Secure; SameSite=Lax`;
const gone = `${at}; Max-Age=0; HttpOnly; Secure; SameSite=Lax`;

describe('issueLines', () => {
  it('are five, in an order that does not change, all of one Domain and Path (C06, B60)', () => {
    expect(issueLines(set, attributes, 900)).toEqual([
      `CloudFront-Policy=${vector.cookie}; ${lives}`,
      `CloudFront-Signature=${vector.rsa.SHA1}; ${lives}`,
      `CloudFront-Key-Pair-Id=K2JCJMDEHXQW5F; ${lives}`,
      `CloudFront-Hash-Algorithm=; ${gone}`,
      `CloudFront-Expires=; ${gone}`,
    ]);
  });

  it('name the hash under SHA256 (R2)', () => {
    const lines = issueLines(
      { ...set, hashAlgorithm: 'SHA256', signature: vector.rsa.SHA256 },
      attributes,
      900,
    );
    expect(lines[3]).toBe(`CloudFront-Hash-Algorithm=SHA256; ${lives}`);
  });

  it('are partitioned, every one, where an app is foreign (B38, B43)', () => {
    for (const line of issueLines(set, foreignAttributes, 900)) {
      expect(line).toMatch(/; Secure; SameSite=None; Partitioned$/);
    }
  });

  it('never set CloudFront-Expires to a value: a wildcard needs a custom policy (C14, R10)', () => {
    expect(issueLines(set, attributes, 900)[4]).toMatch(/^CloudFront-Expires=; /);
  });

  it('live no longer than the policy, and not at all when it has ended', () => {
    expect(issueLines(set, attributes, 1)[0]).toContain('Max-Age=1;');
    expect(issueLines(set, attributes, -5)[0]).toContain('Max-Age=0;');
  });

  it('have no Expires attribute', () => {
    expect(issueLines(set, attributes, 900).join('\n')).not.toMatch(/; Expires/i);
  });

  it('P33 stay within what a browser keeps at the longest prefix', () => {
    const longest = prefix(`a/${'b'.repeat(510)}`);
    const resource = `https://cdn.media.example.com/${longest}/*`;
    const policyText = vector.text.replace(vector.resource, resource);
    const [policy = ''] = issueLines(
      { ...set, prefix: longest, path: `/${longest}`, policyText },
      attributes,
      900,
    );
    const [pair = ''] = policy.split('; ');
    expect(pair.length).toBe(862);
    expect(policy).toContain(`Path=/${longest};`);
  });
});

describe('clearLines', () => {
  it('name Domain, Path and kind as they were set, for every cookie that was set (B61)', () => {
    expect(clearLines(attributes, { ...attributes, path: '/courses/algebra' })).toEqual([
      `CloudFront-Policy=; ${gone}`,
      `CloudFront-Signature=; ${gone}`,
      `CloudFront-Key-Pair-Id=; ${gone}`,
      `CloudFront-Hash-Algorithm=; ${gone}`,
    ]);
  });

  it('are partitioned where the cookies are (B43)', () => {
    expect(
      clearLines(foreignAttributes, { ...foreignAttributes, path: '/a' }).every((line) =>
        line.endsWith('SameSite=None; Partitioned'),
      ),
    ).toBe(true);
  });

  it('name the place of an earlier configuration, and the kind that a browser takes there', () => {
    const [line] = clearLines(attributes, { domain: null, partitioned: true, path: '/a' });
    expect(line).toBe('CloudFront-Policy=; Path=/a; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned');
    const [unpartitioned] = clearLines(foreignAttributes, {
      domain: 'example.com',
      partitioned: false,
      path: '/a',
    });
    expect(unpartitioned).toBe(
      'CloudFront-Policy=; Domain=example.com; Path=/a; Max-Age=0; HttpOnly; Secure; SameSite=None',
    );
  });

  it.each([
    ['SHA1', set],
    ['SHA256', { ...set, hashAlgorithm: 'SHA256' as const }],
  ])('leave nothing of a %s grant in tough-cookie, and its sibling alone', async (_, granted) => {
    const jar = new CookieJar();
    const api = 'https://api.media.example.com/grants';
    const sibling = { ...granted, prefix: prefix('courses/geometry'), path: '/courses/geometry' } as const;
    const lines = [...issueLines(granted, attributes, 900), ...issueLines(sibling, attributes, 900)];
    for (const line of [...lines, ...clearLines(attributes, { ...attributes, path: '/courses/algebra' })])
      await jar.setCookie(line, api);
    expect(await jar.getCookies('https://cdn.media.example.com/courses/algebra/1.svg')).toEqual([]);
    const kept = await jar.getCookies('https://cdn.media.example.com/courses/geometry/1.svg');
    expect(kept).toHaveLength(granted.hashAlgorithm === 'SHA256' ? 4 : 3);
  });
});

describe('cookiePathOf', () => {
  it('is the prefix, or everything with cookies.path root', () => {
    expect(cookiePathOf({ pathMode: 'prefix' }, prefix('courses/algebra'))).toBe('/courses/algebra');
    expect(cookiePathOf({ pathMode: 'prefix' }, prefix('/'))).toBe('/');
    expect(cookiePathOf({ pathMode: 'root' }, prefix('courses/algebra'))).toBe('/');
  });
});
