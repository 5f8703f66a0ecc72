import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, jest } from '@jest/globals';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { send } from '../support/https-client.js';
import { describeWith } from '../support/required-tool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeTestCertificates, type TestCertificates } from '../support/test-certificates.js';
import { IS_WHOLE } from '../support/whole.js';
import { callApi, fetchFile, showImage } from './in-page.js';
import { attributesOf } from './jar.js';
import { startStack, type LocalStack } from './local-stack.js';
import { logNetwork, type NetworkLog } from './network-log.js';
import { addPrivateFile, pictureText } from './private-file.js';

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

describeWith(['chromium', 'certutil'], 'npm start -- --one-host: page, API and files on one host', () => {
  let certificates: TestCertificates;
  let stack: LocalStack;
  let browser: TestBrowser;
  let network: NetworkLog;

  beforeAll(async () => {
    certificates = await makeTestCertificates(['www.edgepass.localhost']);
    const folder = temporaryFolder('one-host');
    const files = { TLS_CERT_FILE: join(folder, 'leaf.pem'), TLS_KEY_FILE: join(folder, 'leaf-key.pem') };
    writeFileSync(files.TLS_CERT_FILE, certificates.certificatePem);
    writeFileSync(files.TLS_KEY_FILE, certificates.keyPem, { mode: 0o600 });
    // The edge alone has the certificate: the API behind it speaks plain HTTP.
    stack = await startStack({ isOneHost: true, environment: files });
    browser = await launchBrowser({ trustedCaFile: certificates.caFile });
    network = await logNetwork(browser.context, browser.page);
    // A document of the page's origin that asks for nothing by itself.
    await browser.page.goto(`${stack.appUrl}/config.json`);
  });

  const fileBelow = (prefix: string): string =>
    `${stack.cdnUrl}/${addPrivateFile(stack.mediaFolder, prefix)}`;

  it('without access the image is refused, and a fetch reads the 403 itself: one origin, so nothing to do with CORS', async () => {
    const url = fileBelow('courses/algebra');
    expect(await showImage(browser.page, url)).toBe('refused');
    expect(await fetchFile(browser.page, url)).toMatchObject({
      status: 403,
      type: 'basic',
      text: expect.stringContaining('MissingKey'),
    });
  });

  it('with a grant the image loads and a plain fetch opens files, with no CORS request at all', async () => {
    await callApi(browser.page, `${stack.apiUrl}/demo/sign-in`, { body: { user: 'alice' } });
    const answer = await callApi(browser.page, `${stack.apiUrl}/grants`, {
      body: { prefix: 'courses/algebra' },
    });
    expect(answer).toMatchObject({
      status: 201,
      body: { resource: `${stack.cdnUrl}/courses/algebra/*` },
    });
    const url = fileBelow('courses/algebra');
    expect(await showImage(browser.page, url)).toBe('shown');
    expect(await fetchFile(browser.page, url, { credentials: 'same-origin' })).toEqual({
      status: 200,
      type: 'basic',
      text: pictureText(new URL(url).pathname.slice(1)),
    });
    expect(network.requests.filter(({ method }) => method === 'OPTIONS')).toEqual([]);
    expect(browser.consoleLines.filter((line) => line.includes('CORS'))).toEqual([]);
  });

  it('the cookies are host-only, and our own cookie lives below the path of the API', async () => {
    const { expires, ...attributes } = await attributesOf(browser, '/courses/algebra');
    expect(expires).toBeGreaterThan(0);
    expect(attributes).toEqual({
      domain: 'www.edgepass.localhost',
      httpOnly: true,
      secure: true,
      session: false,
      sameSite: 'Lax',
    });
    const held = (await browser.cookies()).find(({ name }) => name.startsWith('__Secure-edgepass-held-'));
    expect(held).toMatchObject({
      domain: 'www.edgepass.localhost',
      path: '/api',
      httpOnly: true,
      secure: true,
    });
    expect(browser.evidence.refused).toEqual([]);
  });

  it('clearing takes them away and the file is refused', async () => {
    const { status } = await callApi(browser.page, `${stack.apiUrl}/grants`, { method: 'DELETE' });
    expect(status).toBe(204);
    expect((await browser.cookies()).map(({ name }) => name)).toEqual(['edgepass_demo']);
    expect(await showImage(browser.page, fileBelow('courses/algebra'))).toBe('refused');
  });

  // On three hosts it is demo-page.spec.ts.
  if (IS_WHOLE) {
    it('the demo page shows all files after a grant', async () => {
      const { page } = browser;
      // The video then waits for a click, and takes no processor.
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.goto(stack.appUrl);
      await page.locator('#app[data-ready="true"]').waitFor();
      await page.getByTestId('sign-in-alice').click();
      await page.getByTestId('ask').click();
      await page.locator('#app[data-access="open"]').waitFor();
      const shown = page.locator('[data-testid="image"][data-state="shown"]');
      await shown.nth(5).waitFor();
      expect(await shown.count()).toBe(6);
    });
  }

  it("a file without a signature is 403 with no CORS header, and an unknown path is the page's 404", async () => {
    const ca = certificates.caPem;
    const file = await send(`${stack.cdnUrl}/courses/algebra/images/1.svg`, {
      ca,
      headers: { origin: stack.appUrl },
    });
    expect([file.status, file.headers['access-control-allow-origin'], file.headers['vary']]).toEqual([
      403,
      undefined,
      undefined,
    ]);
    const unknown = await send(`${stack.cdnUrl}/none`, { ca });
    expect([unknown.status, unknown.body.toString()]).toEqual([404, 'There is nothing here.\n']);
  });
});
