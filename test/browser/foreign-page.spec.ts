import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { describeWith } from '../support/required-tool.js';
import { IS_WHOLE } from '../support/whole.js';
import { accessToken, TOKEN_SETTINGS } from './access-token.js';
import { giveRight } from './deployment.js';
import { startDevServer } from './dev-server.js';
import { callApi, fetchFile, showImage } from './in-page.js';
import { attributesOf, grantCookies, grantedPaths } from './jar.js';
import { startStack, type LocalStack } from './local-stack.js';
import { addPrivateFile, pictureText } from './private-file.js';

const REFUSED = { error: 'TypeError: Failed to fetch' };

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

describeWith(
  ['chromium', 'certutil'],
  'a page on another registrable domain than API and CDN (topology b)',
  () => {
    let stack: LocalStack;

    beforeAll(async () => {
      const devServer = await startDevServer();
      stack = await startStack({
        hosts: {
          app: 'www.customer.test',
          api: 'api.media.edgepass.test',
          cdn: 'cdn.media.edgepass.test',
        },
        environment: TOKEN_SETTINGS,
        args: ['--app', devServer.url],
      });
      await giveRight(stack.apiUrl, 'user:u1', 'courses/algebra', readFileSync(stack.caFile, 'utf8'));
    });

    const fileBelow = (prefix: string): string =>
      `${stack.cdnUrl}/${addPrivateFile(stack.mediaFolder, prefix)}`;

    // Chrome allows third-party cookies, Debian's Chromium and Incognito do not (B2, B34): a browser of its own each.
    const settings = IS_WHOLE ? (['allowed', 'blocked'] as const) : (['blocked'] as const);
    describe.each(settings)('with third-party cookies %s', (thirdPartyCookies) => {
      let browser: TestBrowser;

      beforeAll(async () => {
        browser = await launchBrowser({
          trustedCaFile: stack.caFile,
          hostResolverRules: 'MAP *.test 127.0.0.1',
          thirdPartyCookies,
        });
        await browser.page.goto(stack.appUrl);
      });

      afterAll(() => browser.close());

      it('without access <img> and fetch are refused', async () => {
        const url = fileBelow('courses/algebra');
        expect(await showImage(browser.page, url)).toBe('refused');
        expect(await fetchFile(browser.page, url)).toEqual(REFUSED);
      });

      it("the grant is stored in the partition of the page's site: None, Secure, Partitioned, with Domain (B38, B42)", async () => {
        const answer = await callApi(browser.page, `${stack.apiUrl}/grants`, {
          body: { prefix: 'courses/algebra' },
          bearer: accessToken('u1'),
        });
        expect(answer).toMatchObject({ status: 201 });
        const { expires, ...attributes } = await attributesOf(browser, '/courses/algebra');
        expect(expires).toBeGreaterThan(0);
        expect(attributes).toEqual({
          domain: '.media.edgepass.test',
          httpOnly: true,
          secure: true,
          session: false,
          sameSite: 'None',
          partitionKey: { topLevelSite: 'https://customer.test', hasCrossSiteAncestor: true },
        });
        expect(browser.evidence.refused).toEqual([]);
      });

      it('<img> first and fetch later open the file (B84)', async () => {
        const url = fileBelow('courses/algebra');
        expect(await showImage(browser.page, url)).toBe('shown');
        expect(await fetchFile(browser.page, url)).toEqual({
          status: 200,
          type: 'cors',
          text: pictureText(new URL(url).pathname.slice(1)),
        });
      });

      it('a call of the CDN from no page of that site carries nothing: the partition is its own (B38)', async () => {
        const alone = await browser.newPage();
        const answer = await alone.goto(fileBelow('courses/algebra'));
        expect(answer?.status()).toBe(403);
        await alone.close();
      });

      it('clearing names the partition, so the jar is empty and the file refused (B61)', async () => {
        expect(await grantedPaths(browser)).toEqual(['/courses/algebra']);
        const { status } = await callApi(browser.page, `${stack.apiUrl}/grants`, { method: 'DELETE' });
        expect(status).toBe(204);
        expect(await grantCookies(browser)).toEqual([]);
        expect(await browser.cookies()).toEqual([]);
        expect(await fetchFile(browser.page, fileBelow('courses/algebra'))).toEqual(REFUSED);
      });
    });
  },
);
