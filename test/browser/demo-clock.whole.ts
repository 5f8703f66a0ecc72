// What the demo page does when access ends, and on a small screen: `npm run whole`. demo-page.spec.ts has the rest.
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { until } from '../support/operated-api.js';
import { describeWith } from '../support/required-tool.js';
import { allImages, ask, inState, openDemo, saidWith, signIn } from './demo-actions.js';
import { grantedPaths } from './jar.js';
import { startEdgeWithClock, startStack, type LocalStack } from './local-stack.js';
import { openSwitchboard, type Switchboard } from './switchboard.js';

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

describeWith(['chromium', 'certutil'], 'the demo page on the real stack, as time goes by', () => {
  let stack: LocalStack;
  let edge: Switchboard;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    stack = await startStack();
    edge = await openSwitchboard(stack.ports.edge);
    browser = await launchBrowser({
      trustedCaFile: stack.caFile,
      hostResolverRules: `MAP ${new URL(stack.cdnUrl).host} 127.0.0.1:${edge.port}`,
    });
    page = browser.page;
    // The video then waits for a click, and takes no processor.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openDemo(page, stack.appUrl);
  });
  afterEach(() => edge.leadTo(stack.ports.edge));

  const forget = async (): Promise<void> => {
    await browser.context.clearCookies();
    // The page remembers who was signed in.
    await page.evaluate('localStorage.clear()');
  };
  describe('on a small screen', () => {
    it('brings the files into view on a small screen when access was granted', async () => {
      await signIn(page, 'alice');
      await page.setViewportSize({ width: 390, height: 844 });
      await page.evaluate('scrollTo(0, 0)');
      const top = 'document.querySelector("#stage").getBoundingClientRect().top';
      expect(await page.evaluate(top)).toBeGreaterThan(844 / 2);
      await ask(page, 'courses/algebra');
      // Not by waitForFunction: the page's Content-Security-Policy refuses what that evaluates.
      await until(async () => (await page.evaluate<number>(top)) < 844 / 2);
      expect(await page.evaluate(top)).toBeLessThan(844 / 2);
      await page.setViewportSize({ width: 1280, height: 720 });
    });
  });

  describe('in front of an edge whose clock is an hour ahead', () => {
    let anHourAhead: number;

    beforeAll(async () => {
      anHourAhead = await startEdgeWithClock(stack.distributionFolder, 3_600);
      await forget();
      await openDemo(page, stack.appUrl);
      await signIn(page, 'alice');
      await ask(page, 'courses/algebra');
      await allImages(page, 'shown');
    });

    it('when the policy has ended the edge refuses, with the cookies still in the jar', async () => {
      edge.leadTo(anHourAhead);
      await page.getByTestId('try-again').click();
      await inState(page, 'proof', 'refused').waitFor();
      expect(await grantedPaths(browser)).toEqual(['/courses/algebra']);
    });

    it('a granted image that fails is diagnosed: the page shows what the API found', async () => {
      // The browser is led to an edge whose clock is ahead; the API asks the one that is right.
      edge.leadTo(anHourAhead);
      await page.getByTestId('prefix').selectOption('users/alice');
      await page.getByTestId('ask').click();
      const found = page.getByTestId('status').filter({
        hasText:
          /^The edge answers well to the cookies that you would get now, and this browser holds a grant for the file\./,
      });
      await found.waitFor();
      await inState(page, 'portrait', 'refused').waitFor({ state: 'attached' });
      expect(await found.isVisible()).toBe(true);
      const asked = page.getByTestId('log').locator('li', { hasText: 'POST /diagnoses' });
      expect(await asked.locator('.call-status').allTextContents()).toEqual(['API 200']);
    });

    it('access that is not renewed ends on the page when it ends at the edge', async () => {
      await forget();
      await page.goto('about:blank');
      // A clock that the test moves: it cannot be taken out of a page again, so this is another one.
      page = await browser.newPage();
      await page.clock.install();
      await openDemo(page, stack.appUrl);
      await signIn(page, 'alice');
      await page.getByTestId('auto-renew').uncheck({ force: true });
      await page.getByTestId('ttl').selectOption('60');
      await ask(page, 'courses/algebra');
      await allImages(page, 'shown');
      edge.leadTo(anHourAhead);
      await page.clock.fastForward(62_000);
      await page.locator('#app[data-access="expired"]').waitFor();
      await allImages(page, 'refused');
      await inState(page, 'video', 'refused').waitFor({ state: 'attached' });
      expect(await saidWith(page, 'has ended')).toBe('The access to /courses/algebra has ended.');
      expect(await grantedPaths(browser)).toEqual(['/courses/algebra']);
    });
  });

  it('no script of the page failed, and no cookie was refused', () => {
    expect(browser.pageErrors).toEqual([]);
    expect(browser.evidence.refused).toEqual([]);
  });
});
