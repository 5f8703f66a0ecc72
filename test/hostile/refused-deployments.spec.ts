import { describe, expect, test } from '@jest/globals';
import { expectRefused } from './refused-start.js';

describe('C: a deployment whose cookies no browser would keep, or send too far', () => {
  test.each([
    ['C01', '.com', 'a public suffix'],
    ['C01', 'co.uk', 'a public suffix'],
    ['C01', 'cloudfront.net', 'a public suffix'],
  ])('%s COOKIE_DOMAIN=%s is refused', async (_row, domain, reason) => {
    expect(await expectRefused('COOKIE_DOMAIN', { COOKIE_DOMAIN: domain })).toContain(reason);
  });

  test.each([
    [
      'C02',
      'no parent of the distribution',
      'media.example.com',
      { PUBLIC_URL: 'https://api.media.example.com' },
    ],
    ['C02', 'no parent of the API', 'media.example.com', { CLOUDFRONT_DOMAIN: 'cdn.media.example.com' }],
    ['C02', 'of another company', 'example.org', {}],
  ])('%s a domain that is %s is refused, and both are named', async (_row, _what, domain, hosts) => {
    const output = await expectRefused('COOKIE_DOMAIN', { COOKIE_DOMAIN: domain, ...hosts });
    expect(output).toMatch(/api(?:\.media)?\.example\.com/);
    expect(output).toMatch(/cdn(?:\.media)?\.example\.com/);
  });

  test.each([
    ['C03', '.example.com; Secure'],
    ['C03', 'example.com\r\nSet-Cookie: a=b'],
    ['C03', 'example com'],
  ])('%s COOKIE_DOMAIN=%j is refused', async (_row, domain) => {
    await expectRefused('COOKIE_DOMAIN', { COOKIE_DOMAIN: domain });
  });

  test.each([
    ['C04', 'SameSite=None without Secure', { COOKIE_SAME_SITE: 'None', COOKIE_SECURE: 'false' }],
    ['C04', 'production without Secure', { COOKIE_SECURE: 'false' }],
  ])('%s %s is refused', async (_row, _what, changes) => {
    await expectRefused('COOKIE_SECURE', changes);
  });

  test.each([
    ['C05', 'https://*'],
    ['C05', 'http*://cdn.example.com'],
    ['C05', 'https://*.example.com'],
    ['C05', 'https://cdn.example.com/private'],
    ['C05', 'https://cdn.example.com?x=1'],
    ['C05', 'https://user:hunter2@cdn.example.com'],
    ['C05', 'https://cdn.example.com:0'],
  ])('%s CLOUDFRONT_DOMAIN=%s is refused', async (_row, address) => {
    const output = await expectRefused('CLOUDFRONT_DOMAIN', { CLOUDFRONT_DOMAIN: address });
    expect(output).not.toContain('hunter2');
  });
});

describe('O: a deployment that lets anybody in', () => {
  test.each([
    ['O12', '*'],
    ['O12', 'https://*.example.com'],
    ['O12', 'https://app.example.com,*'],
    ['O12', 'null'],
  ])('%s APP_ORIGINS=%s is refused', async (_row, origins) => {
    await expectRefused('APP_ORIGINS', { APP_ORIGINS: origins });
  });

  test.each([
    ['O26', '0.0.0.0/0'],
    ['O26', '::/0'],
    ['O26', '128.0.0.0/1'],
  ])('%s TRUSTED_PROXIES=%s is refused', async (_row, proxies) => {
    await expectRefused('TRUSTED_PROXIES', { TRUSTED_PROXIES: proxies });
  });
});
