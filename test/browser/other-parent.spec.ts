import { readFileSync } from 'node:fs';
import { beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { describeWith } from '../support/required-tool.js';
import { accessToken, TOKEN_SETTINGS } from './access-token.js';
import { giveRight } from './deployment.js';
import { startDevServer, type DevServer } from './dev-server.js';
import { callApi, echoOverWebSocket, fetchFile, showImage, type ApiAnswer } from './in-page.js';
import { attributesOf, grantCookies, grantedPaths } from './jar.js';
import { startStack, type LocalStack } from './local-stack.js';
import { addPrivateFile, pictureText } from './private-file.js';

const REFUSED = { error: 'TypeError: Failed to fetch' };

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

describeWith(
  ['chromium', 'certutil'],
  'three hosts below another parent, with tokens of a sign-in of their own',
  () => {
    let devServer: DevServer;
    let stack: LocalStack;
    let browser: TestBrowser;

    beforeAll(async () => {
      devServer = await startDevServer();
      stack = await startStack({
        hosts: {
          app: 'app.media.edgepass.test',
          api: 'api.media.edgepass.test',
          cdn: 'cdn.media.edgepass.test',
        },
        environment: TOKEN_SETTINGS,
        args: ['--app', devServer.url],
      });
      await giveRight(stack.apiUrl, 'user:u1', 'courses/algebra', readFileSync(stack.caFile, 'utf8'));
      browser = await launchBrowser({
        trustedCaFile: stack.caFile,
        hostResolverRules: 'MAP *.edgepass.test 127.0.0.1',
      });
      await browser.page.goto(stack.appUrl);
    });

    beforeEach(() => browser.context.clearCookies());

    const grant = (prefix: string): Promise<ApiAnswer> =>
      callApi(browser.page, `${stack.apiUrl}/grants`, { body: { prefix }, bearer: accessToken('u1') });
    const fileBelow = (prefix: string): string =>
      `${stack.cdnUrl}/${addPrivateFile(stack.mediaFolder, prefix)}`;

    it('the page comes over HTTPS under its name; the dev server gets its own name as Host (B50), and that one forwarded', async () => {
      expect(await browser.page.title()).toBe('a page of my own');
      expect(devServer.heard[0]).toMatchObject({
        host: new URL(devServer.url).host,
        'x-forwarded-proto': 'https',
        'x-forwarded-host': new URL(stack.appUrl).host,
      });
    });

    it('without access <img> and fetch are refused', async () => {
      const url = fileBelow('courses/algebra');
      expect(await showImage(browser.page, url)).toBe('refused');
      expect(await fetchFile(browser.page, url)).toEqual(REFUSED);
    });

    it('a bearer token in a credentialed fetch gives cookies that <img> and fetch carry to the CDN (B113)', async () => {
      expect(await grant('courses/algebra')).toMatchObject({ status: 201 });
      const url = fileBelow('courses/algebra');
      expect(await showImage(browser.page, url)).toBe('shown');
      expect(await fetchFile(browser.page, url)).toEqual({
        status: 200,
        type: 'cors',
        text: pictureText(new URL(url).pathname.slice(1)),
      });
      expect(await fetchFile(browser.page, fileBelow('courses/geometry'))).toEqual(REFUSED);
    });

    it('the cookies get the parent that API and CDN share, not the registrable domain (B20), and Lax', async () => {
      await grant('courses/algebra');
      const { expires, ...attributes } = await attributesOf(browser, '/courses/algebra');
      expect(expires).toBeGreaterThan(0);
      expect(attributes).toEqual({
        domain: '.media.edgepass.test',
        httpOnly: true,
        secure: true,
        session: false,
        sameSite: 'Lax',
      });
      const held = (await browser.cookies()).find(({ name }) => name.startsWith('__Host-edgepass-held-'));
      expect(held).toMatchObject({
        domain: 'api.media.edgepass.test',
        path: '/',
      });
    });

    it('the grant cookies do not get into the dev server: they go below the prefix only (B57)', async () => {
      await grant('courses/algebra');
      await browser.page.reload();
      expect(devServer.heard.at(-1)?.cookie).toBeUndefined();
    });

    it('DELETE /grants clears the jar for a token that has expired', async () => {
      await grant('courses/algebra');
      const bearer = accessToken('u1', { lifeSeconds: -3_600 });
      expect(await callApi(browser.page, `${stack.apiUrl}/grants`, { bearer })).toMatchObject({
        status: 401,
        body: { code: 'token_expired' },
      });
      expect(await grantedPaths(browser)).toEqual(['/courses/algebra']);
      const { status } = await callApi(browser.page, `${stack.apiUrl}/grants`, { method: 'DELETE', bearer });
      expect(status).toBe(204);
      expect(await browser.cookies()).toEqual([]);
      expect(await fetchFile(browser.page, fileBelow('courses/algebra'))).toEqual(REFUSED);
    });

    it('a viewer without the right reads not_entitled, and no cookie is set', async () => {
      const answer = await callApi(browser.page, `${stack.apiUrl}/grants`, {
        body: { prefix: 'courses/algebra' },
        bearer: accessToken('u2'),
      });
      expect(answer).toMatchObject({ status: 403, body: { code: 'not_entitled' } });
      expect(await grantCookies(browser)).toEqual([]);
    });

    it("the page's WebSocket works under this name, too", async () => {
      const address = `${stack.appUrl.replace('https:', 'wss:')}/hot-reload`;
      expect(await echoOverWebSocket(browser.page, address, 'hello')).toBe('hello');
    });

    it('no Set-Cookie line of all these answers was refused by the browser (B3)', () => {
      expect(browser.evidence.refused).toEqual([]);
    });
  },
);
