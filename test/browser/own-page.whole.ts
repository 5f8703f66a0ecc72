import { beforeAll, expect, it, jest } from '@jest/globals';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { describeWith } from '../support/required-tool.js';
import { startDevServer, type DevServer } from './dev-server.js';
import { callApi, echoOverWebSocket, fetchFile, readableCookies, showImage } from './in-page.js';
import { attributesOf, grantedPaths } from './jar.js';
import { startStack, type LocalStack } from './local-stack.js';
import { addPrivateFile, pictureText } from './private-file.js';

const REFUSED = { error: 'TypeError: Failed to fetch' };

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

describeWith(['chromium', 'certutil'], "a page of the user's own dev server behind --app", () => {
  let devServer: DevServer;
  let stack: LocalStack;
  let browser: TestBrowser;

  beforeAll(async () => {
    devServer = await startDevServer();
    stack = await startStack({ args: ['--app', devServer.url] });
    browser = await launchBrowser({ trustedCaFile: stack.caFile });
    await browser.page.goto(stack.appUrl);
  });

  const fileBelow = (prefix: string): string =>
    `${stack.cdnUrl}/${addPrivateFile(stack.mediaFolder, prefix)}`;

  it('comes over HTTPS under the name of the page, and the dev server hears that name', async () => {
    expect(await browser.page.title()).toBe('a page of my own');
    expect(devServer.heard[0]).toMatchObject({
      host: new URL(stack.appUrl).host,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': new URL(stack.appUrl).host,
    });
  });

  it('keeps its WebSocket: wss from the browser is an upgrade at the dev server', async () => {
    const address = `${stack.appUrl.replace('https:', 'wss:')}/hot-reload`;
    expect(await echoOverWebSocket(browser.page, address, 'is anybody there?')).toBe('is anybody there?');
    expect(devServer.heard.at(-1)).toMatchObject({ upgrade: 'websocket', origin: stack.appUrl });
  });

  it('is refused without access, and opens files on the other host with a grant: <img> first, then fetch (B84)', async () => {
    const url = fileBelow('courses/algebra');
    expect(await showImage(browser.page, fileBelow('courses/algebra'))).toBe('refused');
    expect(await fetchFile(browser.page, fileBelow('courses/algebra'))).toEqual(REFUSED);
    await callApi(browser.page, `${stack.apiUrl}/demo/sign-in`, { body: { user: 'alice' } });
    await callApi(browser.page, `${stack.apiUrl}/grants`, { body: { prefix: 'courses/algebra' } });
    expect(await showImage(browser.page, url)).toBe('shown');
    expect(await fetchFile(browser.page, url)).toEqual({
      status: 200,
      type: 'cors',
      text: pictureText(new URL(url).pathname.slice(1)),
    });
  });

  it('gets the cookies that the demo page gets, and can read none of them', async () => {
    const { expires, ...attributes } = await attributesOf(browser, '/courses/algebra');
    expect(expires).toBeGreaterThan(0);
    expect(attributes).toEqual({
      domain: '.edgepass.localhost',
      httpOnly: true,
      secure: true,
      session: false,
      sameSite: 'Lax',
    });
    expect(await readableCookies(browser.page)).toBe('');
    expect(browser.evidence.refused).toEqual([]);
  });

  it('does not get the grant cookies into the dev server: they go below the prefix only (B57)', async () => {
    await browser.page.reload();
    expect(devServer.heard.at(-1)?.cookie).toBeUndefined();
  });

  it('clears access', async () => {
    const { status } = await callApi(browser.page, `${stack.apiUrl}/grants`, { method: 'DELETE' });
    expect(status).toBe(204);
    expect(await grantedPaths(browser)).toEqual([]);
    expect(await fetchFile(browser.page, fileBelow('courses/algebra'))).toEqual(REFUSED);
  });
});
