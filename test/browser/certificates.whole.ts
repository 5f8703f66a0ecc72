// What browsers make of the development certificates: `npm run whole`. demo-page.spec.ts has the warning and a thief of the key.
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { describeWith } from '../support/required-tool.js';
import { makeTestCertificates } from '../support/test-certificates.js';
import { axeFindings } from './axe.js';
import { serveForged } from './forged.js';
import { startStack, type LocalStack } from './local-stack.js';
import { serveHttps } from './own-server.js';
import { openSwitchboard, type Switchboard } from './switchboard.js';

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

describeWith(['chromium', 'certutil'], 'the development certificates', () => {
  let stack: LocalStack;
  /** It trusts the authority of the stack; a switchboard stands before its CDN, whose first certificate is a stranger's. */
  let browser: TestBrowser;
  let cdn: Switchboard;

  beforeAll(async () => {
    stack = await startStack();
    const stranger = await makeTestCertificates(['cdn.edgepass.localhost']);
    cdn = await openSwitchboard(await serveHttps(stranger));
    const forged = ['example.com', 'other.localhost', 'forged.edgepass.localhost'].map((name) =>
      serveForged(stack, name),
    );
    browser = await launchBrowser({
      trustedCaFile: stack.caFile,
      hostResolverRules: [
        `MAP ${new URL(stack.cdnUrl).host} 127.0.0.1:${cdn.port}`,
        ...(await Promise.all(forged)),
      ].join(', '),
    });
  });

  it('a browser that does not trust the authority shows ERR_CERT_AUTHORITY_INVALID instead of the page', async () => {
    const another = await launchBrowser();
    await expect(another.page.goto(stack.appUrl)).rejects.toThrow('net::ERR_CERT_AUTHORITY_INVALID');
    await another.close();
  });

  describe('a browser that trusts page and API but not the certificate of the CDN', () => {
    it('learns it from the demo page, which names the host and the file to trust (F48)', async () => {
      const { page } = browser;
      await page.goto(stack.appUrl);
      const warning = page.getByTestId('certificate-warning');
      await warning.waitFor();
      expect(await warning.getByRole('link').allTextContents()).toEqual([`Open ${stack.cdnUrl}`]);
      expect(await warning.getByRole('link').getAttribute('href')).toBe(`${stack.cdnUrl}/`);
      expect(await warning.locator('code').textContent()).toContain(stack.caFile);
      expect(browser.consoleLines.join('\n')).toContain('net::ERR_CERT_AUTHORITY_INVALID');
      expect(browser.consoleLines.join('\n')).not.toContain('CORS');
    });

    it('axe finds nothing on the page with that warning', async () => {
      expect(await axeFindings(browser.page, 'wide')).toEqual([]);
    });

    it('sees the warning go, and the files refused by the edge, once the host answers with a trusted one', async () => {
      const { page } = browser;
      cdn.leadTo(stack.ports.edge);
      await page.getByTestId('check-again').click();
      await page.getByTestId('certificate-warning').waitFor({ state: 'hidden' });
      await page.locator('[data-testid="image"][data-state="refused"]').nth(5).waitFor({ state: 'attached' });
      expect(await page.getByTestId('certificate-warning').isHidden()).toBe(true);
    });
  });

  describe("a thief of the authority's key", () => {
    it('can vouch for a name below edgepass.localhost', async () => {
      await browser.page.goto('https://forged.edgepass.localhost');
      expect(await browser.page.title()).toBe('a page of my own');
    });

    it.each(['example.com', 'other.localhost'])(
      'cannot vouch for %s: Chromium refuses the certificate',
      async (name) => {
        await expect(browser.page.goto(`https://${name}`)).rejects.toThrow('net::ERR_CERT_INVALID');
      },
    );
  });
});
