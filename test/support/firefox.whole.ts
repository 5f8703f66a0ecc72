// The Firefox of the tests itself, which takes 6 s of work to start: `npm run whole`.
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { launchFirefox, type TestFirefox } from './firefox.js';
import { describeWith } from './required-tool.js';
import { makeTestCertificates } from './test-certificates.js';

describeWith(['firefox', 'certutil'], 'the test Firefox', () => {
  let server: Server;
  let port: number;
  let firefox: TestFirefox;
  const requests: string[] = [];

  beforeAll(async () => {
    const certificates = await makeTestCertificates([
      'media.localhost',
      '*.media.localhost',
      'www.example.com',
    ]);
    const tls = { cert: certificates.certificatePem, key: certificates.keyPem };
    server = createServer(tls, (request, response) => {
      requests.push(`${request.url ?? ''} ${request.headers.cookie ?? ''}`);
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
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    firefox = await launchFirefox({
      trustedCaFile: certificates.caFile,
      localHosts: ['www.example.com', 'untrusted.example.com'],
    });
  }, 90_000);

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('refuses a certificate that does not fit the name', async () => {
    const page = await firefox.newPage();
    await expect(page.goto(`https://untrusted.example.com:${port}/`)).rejects.toThrow(
      'SSL_ERROR_BAD_CERT_DOMAIN',
    );
    await page.close();
  });

  test('loads a page of a trusted authority, resolving *.localhost by itself', async () => {
    await firefox.page.goto(`https://app.media.localhost:${port}/`);
    expect(await firefox.page.title()).toBe('here');
  });

  test('reads the whole jar, cookies in partitions included', async () => {
    await firefox.page.goto(`https://app.media.localhost:${port}/set`);
    const jar = Object.fromEntries((await firefox.cookies()).map((cookie) => [cookie.name, cookie]));
    expect(Object.keys(jar).toSorted()).toEqual(['apart', 'host', 'kept']);
    expect(jar['kept']).toMatchObject({
      domain: '.media.localhost',
      path: '/deep',
      httpOnly: true,
      secure: true,
      session: false,
      sameSite: 'Lax',
    });
    expect(jar['host']).toMatchObject({ domain: 'app.media.localhost', session: true, sameSite: 'Strict' });
  });

  test('a new context begins with an empty jar', async () => {
    const context = await firefox.newContext();
    expect(await context.cookies()).toEqual([]);
    await context.page.goto(`https://app.media.localhost:${port}/`);
    expect(requests.at(-1)).not.toContain('host=1');
    await context.close();
  });

  test('keeps its HTTP cache on, so that cache tests mean something', async () => {
    for (let time = 0; time < 2; time += 1) {
      await firefox.page.evaluate(async () => (await fetch('/cached')).text());
    }
    expect(requests.filter((request) => request.startsWith('/cached'))).toHaveLength(1);
  });

  test('reaches a host of another parent domain on this machine', async () => {
    await firefox.page.goto(`https://www.example.com:${port}/`);
    expect(await firefox.page.title()).toBe('here');
  });
});
