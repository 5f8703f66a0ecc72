import { beforeAll, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { until } from '../support/operated-api.js';
import { describeWith } from '../support/required-tool.js';
import { DUE_MS, heldIn, openInTab, renewInTab, type PageWithAccess } from './client-in-tab.js';
import { callApi, fetchFile } from './in-page.js';
import { grantedPaths } from './jar.js';
import { startStack, type LocalStack } from './local-stack.js';
import { addPrivateFile } from './private-file.js';

jest.setTimeout(90_000);

/** Each is a process of the browser's, half a second of work; `npm test` has two, in held-grants.spec.ts. */
const TABS = 10;

/** The renewal falls due in this tab, and is tried. */
function tryInTab(tab: Page): Promise<void> {
  return tab.evaluate(async (ahead) => {
    const page = globalThis as unknown as PageWithAccess;
    page.aheadMs = (page.aheadMs ?? 0) + ahead;
    await page.access?.renew();
  }, DUE_MS);
}

describeWith(['chromium', 'certutil'], `${TABS} tabs with one prefix open, in Chromium`, () => {
  let stack: LocalStack;
  let browser: TestBrowser;
  let tabs: Page[];
  const granted: string[] = [];

  beforeAll(async () => {
    stack = await startStack({ environment: { LOG_LEVEL: 'warn' } });
    browser = await launchBrowser({ trustedCaFile: stack.caFile });
    browser.context.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/grants')) granted.push(request.url());
    });
    tabs = [browser.page];
    while (tabs.length < TABS) tabs.push(await browser.newPage());
    await Promise.all(tabs.map((tab) => tab.goto(`${stack.appUrl}/favicon.svg`)));
    await callApi(browser.page, `${stack.apiUrl}/demo/sign-in`, { body: { user: 'alice' } });
    await Promise.all(tabs.map((tab) => openInTab(tab, stack)));
  }, 90_000);

  /** How many grants were asked for, and which grants the tabs hold, after it fell due in all of them at once. */
  async function renewEverywhere(): Promise<{ asked: number; held: number }> {
    const before = await Promise.all(tabs.map(heldIn));
    granted.length = 0;
    const after = await Promise.all(tabs.map((tab) => renewInTab(tab, before)));
    return { asked: granted.length, held: new Set(after).size };
  }

  it('renew it once when it falls due in all of them at the same moment', async () => {
    expect(await renewEverywhere()).toEqual({ asked: 1, held: 1 });
  });

  it('renew it once also when every message between them is lost: the note of the first is enough', async () => {
    for (const tab of tabs) {
      await tab.evaluate(() => {
        BroadcastChannel.prototype.postMessage = () => {};
      });
    }
    expect(await renewEverywhere()).toEqual({ asked: 1, held: 1 });
  });

  it('renew it once when the network is back that was lost while it fell due', async () => {
    const [before = ''] = await Promise.all(tabs.map(heldIn));
    await browser.context.setOffline(true);
    await Promise.all(tabs.map(tryInTab));
    expect(new Set(await Promise.all(tabs.map(heldIn)))).toEqual(new Set([before]));
    const answered: number[] = [];
    browser.context.on('response', (response) => {
      if (response.url().endsWith('/grants')) answered.push(response.status());
    });
    await browser.context.setOffline(false);
    await until(async () => !(await Promise.all(tabs.map(heldIn))).includes(before));
    expect(answered).toEqual([201]);
    expect(new Set(await Promise.all(tabs.map(heldIn))).size).toBe(1);
  });

  it('ask the API why a file does not load', async () => {
    const path = addPrivateFile(stack.mediaFolder, 'courses/algebra');
    const diagnosis = await browser.page.evaluate(
      (url) => (globalThis as unknown as PageWithAccess).access?.diagnose(url),
      `${stack.cdnUrl}/${path}`,
    );
    expect(diagnosis).toMatchObject({
      url: `${stack.cdnUrl}/${path}`,
      origin: stack.appUrl,
      entitled: true,
      sentence: expect.any(String),
      diagnosis: { rootCause: null },
    });
  });

  it('load a file as a blob URL, and hold nothing after each has called close()', async () => {
    const path = addPrivateFile(stack.mediaFolder, 'courses/algebra');
    const address = await browser.page.evaluate(
      (url) => (globalThis as unknown as PageWithAccess).access?.blobUrl(url),
      `${stack.cdnUrl}/${path}`,
    );
    expect(address).toMatch(/^blob:/);
    await Promise.all(
      tabs.map((tab) => tab.evaluate(() => (globalThis as unknown as PageWithAccess).access?.close())),
    );
    expect(await grantedPaths(browser)).toEqual([]);
    expect(await fetchFile(browser.page, `${stack.cdnUrl}/${path}`, { cache: 'no-store' })).toMatchObject({
      error: expect.stringContaining('TypeError'),
    });
  });
});
