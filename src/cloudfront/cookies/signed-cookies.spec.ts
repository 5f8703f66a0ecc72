import { describe, expect, it } from '@jest/globals';
import { CookieJar } from 'tough-cookie';
import { signatureVectors } from '../../../test/support/signature-vectors.js';
import type { CookieAttributes } from './cookie-attributes.js';
import { readPrefix, type Prefix } from '../prefix.js';
import { clearLines, cookiePathOf, issueLines, type CookieSet } from './signed-cookies.js';

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
  it('are five, in the order of the contract, all of one Domain and Path (C06, B60)', () => {
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
