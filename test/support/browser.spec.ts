import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { launchBrowser, type TestBrowser } from './browser.js';
import { describeWith } from './required-tool.js';
import { IS_WHOLE } from './whole.js';
import { makeTestCertificates, type TestCertificates } from './test-certificates.js';

describeWith(['chromium', 'certutil'], 'the test browser', () => {
  let certificates: TestCertificates;
  let server: Server;
  let port: number;
  /** One for all that it can show. */
  let browser: TestBrowser;
  const requests: string[] = [];

  beforeAll(async () => {
    certificates = await makeTestCertificates(['media.localhost', '*.media.localhost', 'www.example.com']);
    server = createServer(
      { cert: certificates.certificatePem, key: certificates.keyPem },
      (request, response) => {
        requests.push(request.url ?? '');
        if (request.url === '/set') {
          response.setHeader('Set-Cookie', [
            'kept=1; Domain=media.localhost; Path=/deep; Secure; HttpOnly; SameSite=Lax; Max-Age=60',
            'lost=1; Domain=localhost; Path=/; Secure',
            'host=1; Path=/; Secure; SameSite=Strict',
            'apart=1; Path=/; Secure; SameSite=None; Partitioned',
          ]);
        }
        if (request.url === '/cached') response.setHeader('Cache-Control', 'max-age=60');
        response.setHeader('Content-Type', 'text/html').end('<title>here</title>');
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    browser = await launch('allowed');
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const launch = (thirdPartyCookies: 'allowed' | 'blocked'): Promise<TestBrowser> =>
    launchBrowser({
      trustedCaFile: certificates.caFile,
      hostResolverRules: 'MAP *.example.com 127.0.0.1',
      thirdPartyCookies,
    });

  test('refuses a certificate of an authority that nobody trusts', async () => {
    const another = await launchBrowser();
    await expect(another.page.goto(`https://app.media.localhost:${port}/`)).rejects.toThrow(
      'net::ERR_CERT_AUTHORITY_INVALID',
    );
    await another.close();
  });

  test('loads a page of a trusted authority, resolving *.localhost by itself (B44)', async () => {
    await browser.page.goto(`https://app.media.localhost:${port}/`);
    expect(await browser.page.title()).toBe('here');
  });

  test('reads every attribute from the jar and the reason for a refused cookie (B3, B8)', async () => {
    await browser.page.goto(`https://app.media.localhost:${port}/set`);
    const jar = Object.fromEntries((await browser.cookies()).map((cookie) => [cookie.name, cookie]));
    expect(Object.keys(jar).toSorted()).toEqual(['apart', 'host', 'kept']);
    expect(jar['kept']).toMatchObject({
      domain: '.media.localhost',
      path: '/deep',
      httpOnly: true,
      secure: true,
      session: false,
      sameSite: 'Lax',
    });
    expect(jar['host']).toMatchObject({
      domain: 'app.media.localhost',
      path: '/',
      httpOnly: false,
      session: true,
      sameSite: 'Strict',
    });
    expect(jar['apart']?.partitionKey).toEqual({
      topLevelSite: 'https://media.localhost',
      hasCrossSiteAncestor: false,
    });
    expect(await browser.evidence.refusedNamed('lost')).toEqual({
      url: `https://app.media.localhost:${port}/set`,
      line: 'lost=1; Domain=localhost; Path=/; Secure',
      reasons: ['InvalidDomain'],
    });
  });

  test('keeps its HTTP cache on, so that cache tests mean something (B1)', async () => {
    await browser.page.goto(`https://app.media.localhost:${port}/`);
    for (let time = 0; time < 2; time += 1) {
      await browser.page.evaluate(async () => (await fetch('/cached')).text());
    }
    expect(requests.filter((url) => url === '/cached')).toHaveLength(1);
  });

  test('reaches a host of another parent domain through resolver rules', async () => {
    await browser.page.goto(`https://www.example.com:${port}/`);
    expect(await browser.page.title()).toBe('here');
  });

  const ROWS = [
    { thirdPartyCookies: 'allowed', sent: ['foreign'] },
    { thirdPartyCookies: 'blocked', sent: [] },
  ] as const;

  // The second is a browser of its own; test/browser/foreign-page.spec.ts has one, too.
  test.each(IS_WHOLE ? ROWS : ROWS.slice(0, 1))(
    'has third-party cookies $thirdPartyCookies when the test says so (B2)',
    async (row) => {
      const one = row.thirdPartyCookies === 'allowed' ? browser : await launch(row.thirdPartyCookies);
      const foreign = `https://www.example.com:${port}/foreign`;
      await one.context.addCookies([
        { name: 'foreign', value: '1', url: foreign, secure: true, sameSite: 'None' },
      ]);
      await one.page.goto(`https://app.media.localhost:${port}/`);
      await one.page.evaluate((url) => fetch(url, { mode: 'no-cors', credentials: 'include' }), foreign);
      expect((await one.evidence.sentTo(foreign)).names).toEqual(row.sent);
      await one.close();
    },
  );
});
